// Owns the watch over how long budgets will last: it measures what is spent, and writes `budget.project` when it changes its
// mind. The fold raises the alert (rules-2/windows.ts). Does not own the arithmetic (burn-rate.ts).
// Bounded (L6): budgets that are measured, looks per time, records per look and per budget. At the bound of budgets, the one
// that was not spent of for longest is forgotten; it is measured anew with its next spend. A restart begins anew, too.

import type { BoardState } from "../board/index.ts";
import { type Budget, type CommandOf, type LogRecord, type Outcome, withCarried } from "../protocol/index.ts";
import type { Timepieces } from "./board-clock.ts";
import { beginBurn, type Burn, LIFETIME_AHEAD_MS, memoryMs, passTo, project } from "./burn-rate.ts";
import type { Applied } from "./contract.ts";

const MAX_MEASURED = 10_000;
const LOOK_MS = 10_000;
const MAX_RECORDS_PER_LOOK = 50;
/** Between two records of one budget: this, or a tenth of the rate's memory if that is longer. */
const LEAST_GAP_MS = 60_000;
/** Weighted spends below which nothing is remembered of a budget. */
const FORGOTTEN = 0.001;

interface Measured {
  readonly burn: Burn;
  readonly tauMs: number;
  everTokens: number;
  everNanoUsd: number;
  /** Board clock from which it may be told again; Infinity while a record is under way. */
  mayTellAt: number;
}

export interface BurnWatch {
  /** Hear of records that are applied. */
  applied(group: readonly Applied[]): void;
  close(): void;
}

export interface BurnWatchOptions {
  readonly state: BoardState;
  readonly timepieces: Pick<Timepieces, "wallMs" | "after">;
  readonly clockNow: () => number;
  readonly tell: (command: CommandOf<"budget.project">) => Promise<Outcome>;
}

export function createBurnWatch({ state, timepieces, clockNow, tell }: BurnWatchOptions): BurnWatch {
  // In the order of their last spends.
  const measured = new Map<string, Measured>();
  let cancel: (() => void) | undefined;
  let closed = false;

  const arm = (): void => {
    if (closed || cancel !== undefined || measured.size === 0) return;
    cancel = timepieces.after(LOOK_MS, look, true);
  };

  const keep = (task: string, one: Measured): void => {
    measured.delete(task);
    measured.set(task, one);
    for (const oldest of measured.keys()) {
      if (measured.size <= MAX_MEASURED) break;
      measured.delete(oldest);
    }
  };

  const begin = (task: string, budget: Budget, clock: number): void => {
    const tauMs = memoryMs(budget.terms?.window?.every);
    const { everTokens, everNanoUsd } = everOf(budget);
    keep(task, { burn: beginBurn(clock), tauMs, everTokens, everNanoUsd, mayTellAt: 0 });
  };

  const spent = (task: string, record: LogRecord, isSpend: boolean): void => {
    const budget = state.budgets.get(task);
    const one = measured.get(task);
    if (budget === undefined || budget.closed || !isLimited(budget)) return void measured.delete(task);
    if (one === undefined || one.tauMs !== memoryMs(budget.terms?.window?.every)) {
      if (isSpend) begin(task, budget, record.clock);
      return;
    }
    const { everTokens, everNanoUsd } = everOf(budget);
    const tokens = everTokens - one.everTokens;
    const nanoUsd = everNanoUsd - one.everNanoUsd;
    one.everTokens = everTokens;
    one.everNanoUsd = everNanoUsd;
    if (!isSpend || (tokens <= 0 && nanoUsd <= 0)) return;
    passTo(one.burn, record.clock, one.tauMs);
    one.burn.tokens += Math.max(0, tokens);
    one.burn.nanoUsd += Math.max(0, nanoUsd);
    one.burn.spends++;
    keep(task, one);
  };

  function look(): void {
    cancel = undefined;
    const clock = clockNow();
    const nowMs = timepieces.wallMs();
    let told = 0;
    for (const [task, one] of measured) {
      if (told >= MAX_RECORDS_PER_LOOK) break;
      const budget = state.budgets.get(task);
      passTo(one.burn, clock, one.tauMs);
      const exhaustsAt = budget?.account?.exhaustsAt;
      if (budget === undefined || (one.burn.spends < FORGOTTEN && exhaustsAt === undefined)) {
        measured.delete(task);
        continue;
      }
      if (clock < one.mayTellAt) continue;
      const untilMs = budget.account?.window?.endsAt ?? nowMs + LIFETIME_AHEAD_MS;
      const next = project(one.burn, one.tauMs, { nowMs, untilMs, left: leftUntilLimit(budget), told: exhaustsAt });
      if (next === undefined) continue;
      told++;
      one.mayTellAt = Number.POSITIVE_INFINITY;
      void tell({ type: "budget.project", task, exhaustsAt: next }).then((outcome) => {
        // One that could not be written is tried again with the next look.
        one.mayTellAt = outcome.seq === undefined ? 0 : clock + Math.max(LEAST_GAP_MS, one.tauMs / 10);
      });
    }
    arm();
  }

  // What was told before the start may be taken back.
  for (const [task, budget] of state.budgets) {
    if (budget.account?.exhaustsAt !== undefined && !budget.closed) begin(task, budget, clockNow());
  }
  arm();

  return {
    applied(group) {
      // A branch that is moved takes its past along, which nobody spent just now.
      const moved = new Set<string>();
      for (const { record, changes } of group) {
        if (isMove(record)) for (const { type, name } of changes) if (type === "budget.changed") moved.add(name);
      }
      for (const { record, changes } of group) {
        for (const { type, name } of changes) if (type === "budget.changed") spent(name, record, !moved.has(name));
      }
      arm();
    },
    close() {
      closed = true;
      cancel?.();
    },
  };
}

function isMove({ command }: LogRecord): boolean {
  const types = command.type === "batch" ? command.commands.map(({ type }) => type) : [command.type];
  return types.some((type) => type === "budget.move" || type === "budget.open" || type === "budget.unmirror");
}

const isLimited = (budget: Budget): boolean =>
  budget.limitTokens !== undefined || budget.terms?.limitNanoUsd !== undefined;

const everOf = ({ account, usedTokens }: Budget): { readonly everTokens: number; readonly everNanoUsd: number } => ({
  everTokens: account?.everTokens ?? usedTokens,
  everNanoUsd: account?.everNanoUsd ?? 0,
});

/** Until the limit itself: what is held is not spent yet, and an overdraft is beyond the limit. */
function leftUntilLimit({ limitTokens, usedTokens, terms, account }: Budget) {
  const left = (limit: number | undefined, carried: number | undefined, used: number): number =>
    (withCarried(limit, carried) ?? Number.POSITIVE_INFINITY) - used;
  return {
    tokens: left(limitTokens, account?.carriedTokens, usedTokens),
    nanoUsd: left(terms?.limitNanoUsd, account?.carriedNanoUsd, account?.nanoUsd ?? 0),
  };
}
