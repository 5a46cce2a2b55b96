// Owns the commands that only the engine itself sends.

import { z } from "zod";
import { amount, name, prose, wallTime } from "./parts.ts";

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

/**
 * The content of an earlier record is erased for good (rule 17). Its envelope stays, and with it every proof. What `left`
 * commits to is all that its line still says, so that nobody can put something else there.
 */
export const recordEraseSchema = z.object({
  type: z.literal("record.erase"),
  /** Position of the erased record. */
  seq: z.number().int().min(1).max(Number.MAX_SAFE_INTEGER),
  /** Commitment of its envelope to the content that is gone. */
  hash: z.string().regex(/^[\w-]{43}$/),
  /** SHA-256, base64url, of what its line holds behind the envelope from now on. */
  left: z.string().regex(/^[\w-]{43}$/),
  /** Keys that it wrote: where the value of now rests on it, that value ends, too. Empty for a refused record. */
  keys: z.array(name).max(10_000),
  reason: prose.optional(),
});
