// Owns the commands that change budgets. Does not own prices or holds.

import { z } from "zod";
import { amount, name, prose, wallTime } from "./parts.ts";

/** Open a budget for a task, or open a closed one again (its spend is kept). */
export const budgetOpenSchema = z.object({
  type: z.literal("budget.open"),
  task: name,
  limitTokens: amount,
  description: prose.optional(),
});

export const budgetLimitSchema = z.object({ type: z.literal("budget.limit"), task: name, limitTokens: amount });

/** Record what was spent, also beyond the limit (law L8: a charge tells what happened). */
export const budgetChargeSchema = z.object({
  type: z.literal("budget.charge"),
  task: name,
  tokens: amount,
  agent: name.optional(),
  reason: prose.optional(),
});

export const budgetCloseSchema = z.object({ type: z.literal("budget.close"), task: name });

/** State a budget as a followed file states it: absolute figures, owned by that file. */
export const budgetMirrorSchema = z.object({
  type: z.literal("budget.mirror"),
  task: name,
  limitTokens: amount,
  usedTokens: amount,
  /** The file says exhausted although the figures do not (a refused overspend). */
  exhausted: z.boolean().optional(),
  description: prose.optional(),
  openedAt: wallTime.optional(),
  updatedAt: wallTime.optional(),
});

/** The budget vanished from the file that stated it. Touches only a budget of the record's source. */
export const budgetUnmirrorSchema = z.object({ type: z.literal("budget.unmirror"), task: name });
