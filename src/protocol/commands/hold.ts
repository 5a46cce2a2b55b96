// Owns the commands on holds: money and tokens set aside before they are spent, for a time.
// Does not own their verdicts (board/rules-2). A hold's name comes from the record that made it: see `made.hold`.

import { z } from "zod";
import { name, prose, ttlMs } from "./parts.ts";
import { spendLinks, spendParts } from "./budget.ts";

/** Set aside what a call may cost, in the budget and in every one above it, or in none (law L8). */
export const budgetReserveSchema = z.object({
  type: z.literal("budget.reserve"),
  task: name,
  ...spendParts,
  ttlMs,
  ...spendLinks,
});

/**
 * State what the call did cost. Less than was held: the rest is free again. More: recorded, and shown as debt.
 * What is not stated counts as held. After the hold's end it is a charge (rule 6).
 */
export const holdSettleSchema = z.object({
  type: z.literal("hold.settle"),
  hold: name,
  ...spendParts,
  model: spendLinks.model,
  operation: spendLinks.operation,
});

/** Hold for `ttlMs` from now on, and, where given, so much more. */
export const holdExtendSchema = z.object({ type: z.literal("hold.extend"), hold: name, ...spendParts, ttlMs });

/** Nothing was spent: all of it is free again. */
export const holdReleaseSchema = z.object({ type: z.literal("hold.release"), hold: name, reason: prose.optional() });
