// Owns the verdicts on spending: reserve, extend, settle, release, charge (law L8, rules 3 and 6).
// A reserve is judged against every budget on its path and moves all of them, or none. A charge or a settlement tells
// what happened and is never refused for being too much.

import {
  type Budget,
  type Code,
  type CommandOf,
  type Detail,
  type Hold,
  type TokenUsage,
} from "../../protocol/index.ts";
import type { Board } from "../board.ts";
import type { Pace } from "../paces.ts";
import { accepted, refused, type Step, type Verdict } from "../rules-1/verdict.ts";
import { accountOf, type Movement, moved, NO_MOVEMENT, termsOf } from "./accounts.ts";
import { MAX_OPEN_HOLDS } from "./bounds.ts";
import { overLimit } from "./limits.ts";
import { pausedBy } from "./pauses.ts";
import { nextPace } from "./rates.ts";
import { moveAll, pathOf } from "./tree.ts";

/** What would be held, and for whom. Amounts that are not stated are undefined: unknown, not free. */
export interface Ask {
  readonly task: string;
  readonly tokens: number | undefined;
  readonly nanoUsd: number | undefined;
  readonly unpriced: boolean;
  readonly agent: string;
  readonly actor: string;
}

/** What a reserve is judged by. */
export type Asked = Pick<Board, "budgets" | "pauses" | "sources" | "paces" | "clock">;

export interface Refused {
  readonly ok: false;
  readonly code: Code;
  readonly detail: Detail | undefined;
}

export type Decision =
  | { readonly ok: true; readonly path: readonly Budget[]; readonly paces: readonly Pace[] }
  | Refused;

const no = (code: Code, detail?: Detail): Refused => ({ ok: false, code, detail });

/**
 * Whether so much may be held now. Changes nothing, so that a dry run can ask too. `more`: it is more of this hold, which
 * counts with it as one reserve; tokens are paced all the same.
 */
export function decideReserve(board: Asked, ask: Ask, seq: number, more?: Hold): Decision {
  const fresh = more === undefined;
  const path = pathOf(board, ask.task);
  if (path.length === 0) return no("no_such_budget", { budget: ask.task });
  const paused = pausedBy(board, path, ask.agent === ask.actor ? [ask.agent] : [ask.agent, ask.actor]);
  if (paused !== undefined) return no("paused", paused);
  if (ask.tokens === undefined && ask.nanoUsd === undefined) {
    return no("amount_required", { budget: ask.task, dimension: "tokens" });
  }
  const tokens = ask.tokens ?? 0;
  const nanoUsd = ask.nanoUsd ?? 0;
  const by: Movement = { ...NO_MOVEMENT, heldTokens: tokens, heldNanoUsd: nanoUsd, holds: fresh ? 1 : 0 };
  for (const budget of path) {
    const refusal = unstated(budget, ask) ?? tooLarge(budget, ask, more) ?? tooMany(budget, fresh);
    if (refusal !== undefined) return refusal;
    const over = overLimit(moved(budget, by), { tokens, nanoUsd });
    if (over !== undefined) return no("over_budget", over);
  }
  return paced(board, path, ask, seq, fresh);
}

function unstated(budget: Budget, ask: Ask): Refused | undefined {
  const { limitNanoUsd, unknownModel } = termsOf(budget);
  if (budget.closed) return no("budget_closed", { budget: budget.task });
  if (budget.limitTokens !== undefined && ask.tokens === undefined) {
    return no("amount_required", { budget: budget.task, dimension: "tokens" });
  }
  if (limitNanoUsd === undefined || ask.nanoUsd !== undefined) return undefined;
  if (!ask.unpriced) return no("amount_required", { budget: budget.task, dimension: "nanoUsd" });
  return unknownModel === "deny" ? no("unknown_model", { budget: budget.task }) : undefined;
}

function tooLarge(budget: Budget, ask: Ask, more: Hold | undefined): Refused | undefined {
  const { maxReserveTokens, maxReserveNanoUsd } = termsOf(budget);
  const refusal = (dimension: string, requested: number, max: number): Refused =>
    no("reserve_too_large", { budget: budget.task, dimension, requested, max });
  const tokens = (ask.tokens ?? 0) + (more?.tokens ?? 0);
  const nanoUsd = (ask.nanoUsd ?? 0) + (more?.nanoUsd ?? 0);
  if (maxReserveTokens !== undefined && tokens > maxReserveTokens) return refusal("tokens", tokens, maxReserveTokens);
  if (maxReserveNanoUsd !== undefined && nanoUsd > maxReserveNanoUsd)
    return refusal("nanoUsd", nanoUsd, maxReserveNanoUsd);
  return undefined;
}

function tooMany(budget: Budget, fresh: boolean): Refused | undefined {
  const { maxHolds } = termsOf(budget);
  const { holds } = accountOf(budget);
  if (!fresh || maxHolds === undefined || holds < maxHolds) return undefined;
  return no("too_many_holds", { budget: budget.task, holds, max: maxHolds });
}

/** Every rate on the path allows it, or the one to wait for longest is named. */
function paced(board: Asked, path: readonly Budget[], ask: Ask, seq: number, fresh: boolean): Decision {
  const paces: Pace[] = [];
  let longest = 0;
  let slowest: Detail | undefined;
  for (const budget of path) {
    const { rate, ratePerAgent } = termsOf(budget);
    for (const [allowed, agent] of [
      [rate, undefined],
      [ratePerAgent, ask.agent],
    ] as const) {
      if (allowed === undefined) continue;
      const { pace, waitMs } = nextPace(board, allowed, {
        budget,
        agent,
        reserves: fresh ? 1 : 0,
        tokens: ask.tokens ?? 0,
        seq,
      });
      paces.push(pace);
      if (waitMs <= longest) continue;
      longest = waitMs;
      const retryAfterMs = Number.isFinite(waitMs) ? waitMs : null;
      slowest = { budget: budget.task, ...(agent === undefined ? {} : { agent }), retryAfterMs };
    }
  }
  return slowest === undefined ? { ok: true, path, paces } : no("rate_limited", slowest);
}

export function reserve(board: Board, command: CommandOf<"budget.reserve">, step: Step): Verdict {
  const { record } = step;
  const agent = command.agent ?? record.actor;
  const { task, tokens, nanoUsd } = command;
  const ask: Ask = { task, tokens, nanoUsd, unpriced: command.unpriced === true, agent, actor: record.actor };
  const decision = decideReserve(board, ask, record.seq);
  if (!decision.ok) return decision;
  if (board.holds.size - board.endedHolds >= MAX_OPEN_HOLDS) return refused("board_full");
  const by: Movement = { ...NO_MOVEMENT, heldTokens: tokens ?? 0, heldNanoUsd: nanoUsd ?? 0, holds: 1 };
  // Named after the record and, in a batch, the place in it: `h12`, `h12.3`.
  const hold = `h${record.seq}${step.hash.slice(record.hash.length)}`;
  if (!moveAll(board, decision.path, by, step)) return refused("number_too_large");
  for (const pace of decision.paces) board.setPace(pace.pace, pace);
  const expiresAtClock = step.clock + command.ttlMs;
  saveHold(board, step, {
    hold,
    seq: record.seq,
    at: record.at,
    task,
    agent,
    by: record.actor,
    model: command.model,
    operation: command.operation,
    tokens: tokens ?? 0,
    nanoUsd,
    state: "open",
    openedAt: record.at,
    expiresAtClock,
    spent: undefined,
  });
  return accepted({ hold, expiresAtClock });
}

export function extendHold(board: Board, command: CommandOf<"hold.extend">, step: Step): Verdict {
  const hold = board.holds.get(command.hold);
  if (hold === undefined) return refused("no_such_hold");
  if (!isOpen(hold, step)) return refused("hold_ended", { state: hold.state });
  const { tokens, nanoUsd } = command;
  const more = (tokens ?? 0) > 0 || (nanoUsd ?? 0) > 0;
  if (more) {
    const { task, agent } = hold;
    // Money that the hold states already goes on being stated.
    const stated = nanoUsd ?? (hold.nanoUsd === undefined || command.unpriced === true ? undefined : 0);
    const unpriced = command.unpriced === true || hold.nanoUsd === undefined;
    const ask: Ask = { task, tokens: tokens ?? 0, nanoUsd: stated, unpriced, agent, actor: step.record.actor };
    const decision = decideReserve(board, ask, step.record.seq, hold);
    if (!decision.ok) return decision;
    const by: Movement = { ...NO_MOVEMENT, heldTokens: tokens ?? 0, heldNanoUsd: nanoUsd ?? 0 };
    if (!moveAll(board, decision.path, by, step)) return refused("number_too_large");
    for (const pace of decision.paces) board.setPace(pace.pace, pace);
  }
  const expiresAtClock = step.clock + command.ttlMs;
  const { seq, at } = step.record;
  saveHold(board, step, {
    ...hold,
    seq,
    at,
    tokens: hold.tokens + (tokens ?? 0),
    nanoUsd: nanoUsd === undefined ? hold.nanoUsd : (hold.nanoUsd ?? 0) + nanoUsd,
    expiresAtClock,
  });
  return accepted({ expiresAtClock });
}

export function settleHold(board: Board, command: CommandOf<"hold.settle">, step: Step): Verdict {
  const hold = board.holds.get(command.hold);
  if (hold === undefined) return refused("no_such_hold");
  if (hold.state === "settled") return refused("hold_ended", { state: hold.state });
  const late = !isOpen(hold, step);
  // One whose time is over but that no record has ended yet still counts as held.
  const held = hold.state === "open";
  const tokens = command.tokens ?? hold.tokens;
  const nanoUsd = command.nanoUsd ?? (command.unpriced === true ? undefined : hold.nanoUsd);
  const spent: Spend = { tokens, nanoUsd, usage: command.usage, unpriced: command.unpriced === true };
  const model = command.model ?? hold.model;
  const by: Movement = {
    ...movementOf(spent, model),
    heldTokens: held ? -hold.tokens : 0,
    heldNanoUsd: held ? -(hold.nanoUsd ?? 0) : 0,
    holds: held ? -1 : 0,
  };
  const path = pathOf(board, hold.task);
  // Its hold had ended, its file let it go, and it is not there any more: nothing could count the spend.
  if (path.length === 0) return refused("no_such_budget", { budget: hold.task });
  const reason = command.operation ?? hold.operation ?? "";
  const lastCharge = { tokens, agent: hold.agent, reason, nanoUsd, model };
  if (!moveAll(board, path, by, step, { lastCharge })) return refused("number_too_large");
  endHold(board, step, { ...hold, model, state: "settled", spent: { tokens, nanoUsd } });
  return late ? accepted({ late: true }) : accepted();
}

export function releaseHold(board: Board, command: CommandOf<"hold.release">, step: Step): Verdict {
  const hold = board.holds.get(command.hold);
  if (hold === undefined) return refused("no_such_hold");
  if (hold.state !== "open") return refused("hold_ended", { state: hold.state });
  free(board, hold, "released", step);
  return accepted();
}

/** The end of a hold that nobody settled in time (rule 6). */
export function expireHold(board: Board, hold: Hold, step: Step): void {
  free(board, hold, "expired", step);
}

export function chargeBudget(board: Board, command: CommandOf<"budget.charge">, step: Step): Verdict {
  const path = pathOf(board, command.task);
  const budget = path[0];
  if (budget === undefined) return refused("no_such_budget");
  if (budget.closed) return refused("budget_closed");
  const { tokens, nanoUsd, usage, model } = command;
  const agent = command.agent ?? step.record.actor;
  const spent: Spend = { tokens, nanoUsd, usage, unpriced: command.unpriced === true };
  const lastCharge = { tokens, agent, reason: command.reason ?? command.operation ?? "", nanoUsd, model };
  if (!moveAll(board, path, movementOf(spent, model), step, { lastCharge })) return refused("number_too_large");
  return accepted();
}

interface Spend {
  readonly tokens: number;
  readonly nanoUsd: number | undefined;
  readonly usage: TokenUsage | undefined;
  readonly unpriced: boolean;
}

/** Tokens of a named model without money are unpriced: never silently free. */
function movementOf({ tokens, nanoUsd, usage, unpriced }: Spend, model: string | undefined): Movement {
  const unknown = nanoUsd === undefined && (unpriced || model !== undefined);
  return { ...NO_MOVEMENT, tokens, nanoUsd: nanoUsd ?? 0, usage, unpricedTokens: unknown ? tokens : 0 };
}

const isOpen = (hold: Hold, step: Step): boolean => hold.state === "open" && step.clock < hold.expiresAtClock;

/** Figures only shrink, so they stay exact. The budget is always there: it is not deleted while it has holds. */
function free(board: Board, hold: Hold, state: "released" | "expired", step: Step): void {
  const by: Movement = { ...NO_MOVEMENT, heldTokens: -hold.tokens, heldNanoUsd: -(hold.nanoUsd ?? 0), holds: -1 };
  moveAll(board, pathOf(board, hold.task), by, step);
  endHold(board, step, { ...hold, state });
}

function endHold(board: Board, step: Step, hold: Hold): void {
  const { seq, at } = step.record;
  saveHold(board, step, { ...hold, seq, at, expiresAtClock: Number.POSITIVE_INFINITY });
}

function saveHold(board: Board, step: Step, hold: Hold): void {
  board.setHold(hold.hold, hold);
  step.changes.push({ type: "hold.changed", name: hold.hold });
}
