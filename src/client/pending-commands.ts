// Owns the commands that have no answer yet: what may be sent now, what is sent again under the same id (W-CMD-2, law L9),
// and what is given up. Does not own timers or sockets (command-queue.ts). Pure: time and chance are passed in.

import type { CommandResult } from "../protocol/wire/down.ts";
import { type Problem, problem, SwarmboardError } from "./problem.ts";
import type { OutgoingCommand } from "./transports/transport.ts";

/** Beyond: a new command is refused with `overloaded` (law L6). */
const MAX_PENDING = 1000;
/** A session may send 200 messages a second with bursts of 1000 (W-FLOW-4); other requests need some of that. */
const PER_SECOND = 150;
const BURST = 800;
const FIRST_PAUSE_MS = 250;
const MAX_PAUSE_MS = 5000;

/** Refusals of the moment, of which no record was kept, so that the same id may succeed yet. */
const PASSING = new Set(["overloaded", "indeterminate", "log_unavailable", "shutting_down", "too_many_connections"]);

export interface Settle {
  done(result: CommandResult): void;
  failed(error: SwarmboardError): void;
}

interface Pending {
  readonly command: OutgoingCommand;
  readonly settle: Settle;
  readonly deadlineAtMs: number;
  notBeforeMs: number;
  /** Under way on the present connection. */
  sent: boolean;
  /** It was under way when a connection ended, or a disk failed: it may be applied. */
  doubtful: boolean;
  refusals: number;
  last: Problem | undefined;
}

export interface PendingCommands {
  /** @throws SwarmboardError `overloaded` */
  add(command: OutgoingCommand, deadlineAtMs: number, settle: Settle): void;
  /** What is to be sent now, at most `maxInFlight` under way. Counts as sent. */
  take(nowMs: number, maxInFlight: number): OutgoingCommand[];
  done(id: string, result: CommandResult): void;
  refused(id: string, told: Problem, nowMs: number, chance: number, retryAfterMs?: number): void;
  /** The connection ended: everything under way is to be sent again. The next one has a fresh allowance. */
  interrupt(nowMs: number): void;
  /** Gives up what is past its time. */
  expire(nowMs: number): void;
  /** Gives everything up. */
  end(told: Problem): void;
  /** When `take` or `expire` has something to do next, apart from answers that come. */
  wakeAtMs(nowMs: number, maxInFlight: number): number;
}

export function createPendingCommands(): PendingCommands {
  const all = new Map<string, Pending>();
  let underWay = 0;
  let allowance = BURST;
  let allowedAtMs = -Infinity;

  function refill(nowMs: number): void {
    allowance = Math.min(BURST, allowance + (Math.max(0, nowMs - allowedAtMs) / 1000) * PER_SECOND);
    allowedAtMs = nowMs;
  }

  function remove(one: Pending): void {
    if (one.sent) underWay--;
    all.delete(one.command.id);
  }

  function fail(one: Pending, told: Problem): void {
    remove(one);
    const maybeApplied = one.sent || one.doubtful;
    one.settle.failed(new SwarmboardError(told, { commandId: one.command.id, maybeApplied }));
  }

  return {
    add(command, deadlineAtMs, settle) {
      if (all.size >= MAX_PENDING)
        throw new SwarmboardError(problem("overloaded", "later", `${MAX_PENDING} commands wait already.`));
      if (all.has(command.id)) throw new SwarmboardError(problem("id_conflict", "no", "It waits already."));
      const fresh = { notBeforeMs: -Infinity, sent: false, doubtful: false, refusals: 0, last: undefined };
      all.set(command.id, { command, deadlineAtMs, settle, ...fresh });
    },
    take(nowMs, maxInFlight) {
      refill(nowMs);
      const due: OutgoingCommand[] = [];
      for (const one of all.values()) {
        if (underWay >= maxInFlight || allowance < 1) break;
        if (one.sent || one.notBeforeMs > nowMs) continue;
        one.sent = true;
        underWay++;
        allowance--;
        due.push(one.command);
      }
      return due;
    },
    done(id, result) {
      const one = all.get(id);
      if (one === undefined) return;
      remove(one);
      one.settle.done(result);
    },
    refused(id, told, nowMs, chance, retryAfterMs) {
      const one = all.get(id);
      if (one === undefined) return;
      if (!PASSING.has(told.code)) return fail(one, told);
      const ceilingMs = Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** one.refusals++);
      one.last = told;
      one.doubtful ||= told.code === "indeterminate";
      one.notBeforeMs = nowMs + (retryAfterMs ?? 0) + Math.max(20, chance * ceilingMs);
      if (one.sent) underWay--;
      one.sent = false;
    },
    interrupt(nowMs) {
      for (const one of all.values()) {
        one.doubtful ||= one.sent;
        one.sent = false;
      }
      underWay = 0;
      allowance = BURST;
      allowedAtMs = nowMs;
    },
    expire(nowMs) {
      for (const one of all.values()) {
        if (nowMs < one.deadlineAtMs) continue;
        const unsure = one.sent || one.doubtful;
        const detail = `No answer in time: the command ${unsure ? "may be" : "was not"} applied.`;
        fail(one, one.last ?? problem(unsure ? "indeterminate" : "unreachable", "same", detail));
      }
    },
    end(told) {
      for (const one of all.values()) fail(one, told);
    },
    wakeAtMs(nowMs, maxInFlight) {
      let atMs = Infinity;
      const mayAtMs = allowance < 1 ? nowMs + ((1 - allowance) / PER_SECOND) * 1000 : nowMs;
      for (const one of all.values()) {
        atMs = Math.min(atMs, one.deadlineAtMs);
        if (!one.sent && underWay < maxInFlight) atMs = Math.min(atMs, Math.max(one.notBeforeMs, mayAtMs));
      }
      return atMs;
    },
  };
}
