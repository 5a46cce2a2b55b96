// Owns the errors that a gateway's user meets besides those of the SDK: what stopped a call before it was made, and a call
// that was made but could not be settled. Does not own the codes (docs/errors.md).

import { SwarmboardError } from "../problem.ts";
import type { Usage } from "./usage.ts";

/** Why a call was not made: no budget allows it. `facts` of the server, by their names. */
export class BudgetRefused extends SwarmboardError {
  /** The budget that refuses: that of the task, or one above it. */
  readonly budget: string | undefined;
  readonly dimension: "tokens" | "nanoUsd" | undefined;
  readonly limit: number | undefined;
  readonly spent: number | undefined;
  readonly held: number | undefined;
  readonly requested: number | undefined;
  /** What could be reserved now. */
  readonly available: number | undefined;
  /** Wall time in ms when its window ends. */
  readonly resetsAt: number | undefined;
  /** `rate_limited`: when to ask again. */
  readonly retryAfterMs: number | undefined;
  constructor(error: SwarmboardError) {
    super(error, error.command);
    this.name = "BudgetRefused";
    const { facts } = error;
    const number = (name: string) => (typeof facts[name] === "number" ? facts[name] : undefined);
    this.budget = typeof facts["budget"] === "string" ? facts["budget"] : undefined;
    this.dimension =
      facts["dimension"] === "tokens" || facts["dimension"] === "nanoUsd" ? facts["dimension"] : undefined;
    this.limit = number("limit");
    this.spent = number("spent");
    this.held = number("held");
    this.requested = number("requested");
    this.available = number("available") ?? number("max");
    this.resetsAt = number("resetsAt");
    this.retryAfterMs = number("retryAfterMs");
  }
}

/** The board, the task or the agent is paused, so no call is made. */
export class PausedError extends SwarmboardError {
  /** `board`, `task:<name>` or `agent:<name>`. */
  readonly paused: string;
  readonly by: string;
  readonly reason: string;
  constructor(error: SwarmboardError) {
    super(error, error.command);
    this.name = "PausedError";
    const text = (name: string) => String(error.facts[name] ?? "");
    this.paused = text("paused");
    this.by = text("by");
    this.reason = text("reason");
  }
}

/** The call was made, but what it used could not be recorded. Its hold counts until it expires. */
export class SettleFailed extends Error {
  readonly hold: string;
  /** What was to be recorded; undefined where the call did not tell. */
  readonly usage: Usage | undefined;
  /** What the call answered; undefined for a stream. */
  readonly result: unknown;
  constructor(hold: string, usage: Usage | undefined, cause: unknown, result: unknown) {
    super(`the call was made, but hold ${hold} could not be settled: ${String(cause)}`, { cause });
    this.name = "SettleFailed";
    this.hold = hold;
    this.usage = usage;
    this.result = result;
  }
}

const REFUSALS = new Set([
  "over_budget",
  "reserve_too_large",
  "too_many_holds",
  "rate_limited",
  "unknown_model",
  "amount_required",
  "no_such_budget",
  "budget_closed",
]);

/** The same error, as what it means to a gateway. */
export function refusalOf(error: unknown): unknown {
  if (!(error instanceof SwarmboardError)) return error;
  if (error.code === "paused") return new PausedError(error);
  return REFUSALS.has(error.code) ? new BudgetRefused(error) : error;
}
