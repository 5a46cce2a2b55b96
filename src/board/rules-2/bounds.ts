// Owns the bounds that rules 2 add to those of rules 1. Literals, for the reason given there (rule 1).

/** Budgets from the root to a leaf. Beyond: `budget_too_deep`. */
export const MAX_DEPTH = 8;
/** Open holds of a board. Beyond: `board_full`. */
export const MAX_OPEN_HOLDS = 100_000;
/** Pauses of a board. Beyond: `board_full`. */
export const MAX_PAUSES = 10_000;
export { MAX_ITEMS } from "../rules-1/bounds.ts";

// Beyond these, the oldest tenth is dropped after the record.
/** Holds that have ended: a settlement that comes later still is refused with `no_such_hold`, and has to be charged. */
export const MAX_ENDED_HOLDS = 10_000;
/** Alerts, acknowledged or not; the log keeps what raised them. */
export const MAX_ALERTS = 1000;
/** Paces of budgets and agents. Those that are paid off go first: they mean the same as none. */
export const MAX_PACES = 10_000;

/** Reached percentages of a limit that raise an alert, where a budget names none. */
export const DEFAULT_THRESHOLDS: readonly number[] = [80, 90, 100];
