// Owns getting work onto the board: bounded batches, retries with the same id, and refusals that hold nothing else up.
// Does not own what the work is. One delivery runs at a time; it resolves when everything is on the board or refused.

import { randomBytes } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { CODES, DEFAULT_LIMITS, commandId } from "../../protocol/index.ts";
import type { Code, CommandId, Limits, Outcome, SingleCommand } from "../../protocol/index.ts";
import type { FollowTarget } from "../contract.ts";
import { commandBytes, flawOf } from "./work.ts";
import type { Mark, Work } from "./work.ts";

/** Bounds of one batch. More work makes more batches. */
export const MAX_BATCH_COMMANDS = 1000;
export const MAX_BATCH_BYTES = 4 * 1_048_576;
const FIRST_RETRY_MS = 50;
const LONGEST_RETRY_MS = 5000;
/** Causes that only say that someone else was faster with what we were about to take back. Nothing to report. */
const OVERTAKEN = new Set(["no_such_entry", "not_owner", "no_such_budget", "no_such_request", "request_decided"]);

export interface Delivery {
  /** Throws an AbortError once closing, and nothing else. */
  deliver(source: string, work: readonly Work[]): Promise<void>;
}

export interface DeliveryOptions {
  readonly target: FollowTarget;
  readonly actor: string;
  readonly signal: AbortSignal;
  readonly onRefused: (label: string, why: string) => void;
  readonly onWaiting?: (code: Code, sinceRetries: number) => void;
  readonly limits?: Limits;
}

/** Opaque on purpose: a host whose clock is wrong by days must not have its imports refused for the age of their ids. */
const freshId = (): CommandId => commandId(`follow-${randomBytes(12).toString("base64url")}`);

export function createDelivery(options: DeliveryOptions): Delivery {
  const { target, actor, signal, onRefused } = options;
  const limits = options.limits ?? DEFAULT_LIMITS;
  const maxCommands = Math.max(1, Math.min(MAX_BATCH_COMMANDS, limits.maxBatchCommands - 1));
  const maxBytes = Math.min(MAX_BATCH_BYTES, limits.maxRecordBytes / 2);

  /** Submit until the outcome is about the commands and not about the moment. */
  async function settle(source: string, commands: readonly SingleCommand[]): Promise<Outcome> {
    const id = freshId();
    for (let retries = 0; ; retries++) {
      signal.throwIfAborted();
      const outcome = await target.submit({ actor, source, id, command: { type: "batch", commands: [...commands] } });
      if (outcome.ok || CODES[outcome.code].retry === "no") return outcome;
      options.onWaiting?.(outcome.code, retries);
      await pause(Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(retries, 10)), undefined, { signal });
    }
  }

  async function send(source: string, batch: readonly Work[]): Promise<void> {
    const commands = batch.flatMap((work) => work.commands);
    const marks = new Map(batch.flatMap((work) => work.marks));
    const all: SingleCommand[] = [...commands];
    if (marks.size > 0)
      all.push({ type: "source.mark", source, marks: [...marks].map(([name, value]) => [name, value]) });
    if (all.length === 0) return;
    const outcome = await settle(source, all);
    if (outcome.ok) return;
    const index = outcome.detail?.["index"];
    const cause = String(outcome.detail?.["cause"] ?? outcome.code);
    if (outcome.code === "batch_failed" && typeof index === "number" && index < commands.length) {
      await send(source, without(batch, index, cause));
    } else if (batch.length > 1) {
      const half = batch.length >> 1;
      await send(source, batch.slice(0, half));
      await send(source, batch.slice(half));
    } else if (commands.length > 0) {
      for (const work of batch) await send(source, halves(work, cause));
    } else for (const work of batch) onRefused(work.label, cause);
  }

  /** The batch without the command that was refused; the rest of its work, if any, stays. */
  function without(batch: readonly Work[], index: number, cause: string): Work[] {
    let before = 0;
    return batch.map((work) => {
      const at = index - before;
      before += work.commands.length;
      if (at < 0 || at >= work.commands.length) return work;
      if (!OVERTAKEN.has(cause)) onRefused(work.label, cause);
      const left = work.commands.toSpliced(at, 1);
      // A full board may have room later: without a mark, the next version of the file tries again.
      const marks = cause === "board_full" && left.length === 0 ? [] : work.marksIfRefused;
      return { ...work, commands: left, marks: left.length === 0 ? marks : work.marks };
    });
  }

  /** A refusal that names no command: give up a single one, else try what is left in smaller parts, marks last. */
  function halves(work: Work, cause: string): Work[] {
    if (work.commands.length === 1) {
      onRefused(work.label, cause);
      return [{ ...work, commands: [], marks: work.marksIfRefused }];
    }
    const half = work.commands.length >> 1;
    return [
      { ...work, commands: work.commands.slice(0, half), marks: [], marksIfRefused: [] },
      { ...work, commands: work.commands.slice(half) },
    ];
  }

  return {
    async deliver(source, work) {
      let batch: Work[] = [];
      let count = 0;
      let bytes = 0;
      for (const one of work) {
        const sound = sift(one, limits, onRefused);
        const size = sound.commands.reduce((sum, command) => sum + commandBytes(command), 0) + markBytes(sound.marks);
        if (batch.length > 0 && (count + sound.commands.length > maxCommands || bytes + size > maxBytes)) {
          await send(source, batch);
          batch = [];
          count = bytes = 0;
        }
        batch.push(sound);
        count += sound.commands.length;
        bytes += size;
      }
      if (batch.length > 0) await send(source, batch);
    },
  };
}

const markBytes = (marks: readonly Mark[]): number =>
  marks.reduce((sum, [name, value]) => sum + name.length * 3 + (value?.length ?? 4) + 8, 0);

/** The work without the commands that no board would take. */
function sift(work: Work, limits: Limits, onRefused: (label: string, why: string) => void): Work {
  const flaws = work.commands.map((command) => flawOf(command, limits));
  const flaw = flaws.find((found) => found !== undefined);
  if (flaw === undefined) return work;
  onRefused(work.label, flaw);
  const commands = work.commands.filter((_, at) => flaws[at] === undefined);
  return { ...work, commands, marks: commands.length === 0 ? work.marksIfRefused : work.marks };
}
