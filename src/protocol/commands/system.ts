// Owns the commands that only the engine itself sends.

import { z } from "zod";
import { amount, name, wallTime } from "./parts.ts";

/** From this record on, `apply` follows these rules (rule 1). The first record of every board. */
export const rulesChangeSchema = z.object({ type: z.literal("rules.change"), version: z.number().int().min(1) });

/** End what is due by the record's clock, if it is still the one named (rule 6). `rev` is a rev, a fence, or a seq. */
export const itemsExpireSchema = z.object({
  type: z.literal("items.expire"),
  items: z
    .array(z.object({ kind: z.enum(["entry", "claim", "request", "hold"]), name, rev: amount }))
    .min(1)
    .max(10_000),
});

/**
 * A new window of budgets begins. Conditional on the window that ran (`from`: its start, 0 for none), so that a late or
 * doubled record changes nothing. The times come from the calendar of the budget's time zone (rule 2).
 */
export const budgetResetSchema = z.object({
  type: z.literal("budget.reset"),
  resets: z
    .array(z.object({ task: name, from: wallTime, startsAt: wallTime, endsAt: wallTime }))
    .min(1)
    .max(10_000),
});

/** At the present rate the budget will be spent by then; null: not any more before its window ends. */
export const budgetProjectSchema = z.object({
  type: z.literal("budget.project"),
  task: name,
  exhaustsAt: wallTime.nullable(),
});
