// Owns the commands that change budgets: their terms, their place in the tree, and what is charged to them.
// Does not own holds (hold.ts), prices (resolved at the edge, rule 2) or verdicts (board/rules-2).
// Money is integer nano-USD (10^-9 US dollars): exact, and fine enough for the price of one cached token.

import { z } from "zod";
import { amount, name, prose, wallTime } from "./parts.ts";

/**
 * Tokens by kind. The kinds are disjoint: `input` leaves out what was read from or written to a cache, and `output`
 * leaves out reasoning. Their sum is what counts against a limit of tokens.
 */
export const tokenUsageSchema = z.strictObject({
  input: amount.optional(),
  output: amount.optional(),
  cacheRead: amount.optional(),
  cacheWrite: amount.optional(),
  reasoning: amount.optional(),
});
export type TokenUsage = z.infer<typeof tokenUsageSchema>;

/**
 * Tokens as a caller states them. What was written to a cache that is kept for an hour costs more, so it may be stated apart;
 * the edge prices it, and records it as `cacheWrite`.
 */
export const callerUsageSchema = tokenUsageSchema.extend({ cacheWrite1h: amount.optional() });
export type CallerUsage = z.infer<typeof callerUsageSchema>;

/** Who spends, on what: links of every spend, so that it can be told by agent, model and operation. */
export const spendLinks = {
  /** Who spends; by default the actor. */
  agent: name.optional(),
  /** The model, as the price table names it, such as `anthropic/claude-sonnet-4-5`. */
  model: name.optional(),
  /** What for, in the caller's words, such as `plan` or `review`. */
  operation: name.optional(),
};

/** What a spend or a hold comes to, as the edge resolved it. */
export const spendParts = {
  tokens: amount.optional(),
  nanoUsd: amount.optional(),
  usage: tokenUsageSchema.optional(),
  /** The price that `nanoUsd` was computed with, as JSON: table, model and rates (docs/budgets-gateway.md). */
  price: prose.optional(),
  /** A model is named, and no price of it is known: `nanoUsd` is absent, and does not mean free. */
  unpriced: z.literal(true).optional(),
};

/** A window of the calendar, in an IANA time zone. Weeks begin on Monday (ISO 8601). */
export const budgetWindowSchema = z.strictObject({
  every: z.enum(["hour", "day", "week", "month"]),
  timeZone: z.string().min(1).max(64),
  /** What is left at a window's end is added to the next one, at most one limit; so is debt. */
  rollover: z.boolean(),
});
export type BudgetWindow = z.infer<typeof budgetWindowSchema>;

/** At most so many per minute; bursts up to one minute's worth. */
export const budgetRateSchema = z.strictObject({
  reservesPerMinute: z.number().int().min(1).max(1_000_000).optional(),
  tokensPerMinute: z.number().int().min(1).max(1_000_000_000).optional(),
});
export type BudgetRate = z.infer<typeof budgetRateSchema>;

/** `hard`: a reserve never leads beyond the limit. `soft`: it may, and alerts tell. `overdraft`: up to an amount beyond. */
export const budgetPolicySchema = z.enum(["hard", "soft", "overdraft"]);
/** A model without a known price under a limit of money: refuse its reserves, or count its tokens only. */
export const unknownModelSchema = z.enum(["deny", "tokensOnly"]);
const thresholds = z.array(z.number().int().min(1).max(1000)).max(16);

/** Terms of a budget besides its limit of tokens. In `budget.change`, what is left out stays and null clears. */
export const budgetTermsShape = {
  limitNanoUsd: amount,
  policy: budgetPolicySchema,
  overdraftTokens: amount,
  overdraftNanoUsd: amount,
  unknownModel: unknownModelSchema,
  window: budgetWindowSchema,
  /** Percentages of the limit at which an alert is raised; by default 80, 90 and 100. */
  thresholds,
  /** Open holds at once, those of its children too. */
  maxHolds: z.number().int().min(1).max(100_000),
  maxReserveTokens: amount,
  maxReserveNanoUsd: amount,
  rate: budgetRateSchema,
  ratePerAgent: budgetRateSchema,
};
const terms = z.object(budgetTermsShape).partial().shape;
const t = budgetTermsShape;
const changedTerms = {
  limitNanoUsd: t.limitNanoUsd.nullable().optional(),
  policy: t.policy.nullable().optional(),
  overdraftTokens: t.overdraftTokens.nullable().optional(),
  overdraftNanoUsd: t.overdraftNanoUsd.nullable().optional(),
  unknownModel: t.unknownModel.nullable().optional(),
  window: t.window.nullable().optional(),
  thresholds: t.thresholds.nullable().optional(),
  maxHolds: t.maxHolds.nullable().optional(),
  maxReserveTokens: t.maxReserveTokens.nullable().optional(),
  maxReserveNanoUsd: t.maxReserveNanoUsd.nullable().optional(),
  rate: t.rate.nullable().optional(),
  ratePerAgent: t.ratePerAgent.nullable().optional(),
};

/** Open a budget for a task, or open a closed one again (its spend is kept, and its terms where none are given). */
export const budgetOpenSchema = z.object({
  type: z.literal("budget.open"),
  task: name,
  /** Absent: tokens are counted, not limited. */
  limitTokens: amount.optional(),
  description: prose.optional(),
  /** The budget above it: everything spent here is spent there too. */
  parent: name.optional(),
  ...terms,
});

export const budgetLimitSchema = z.object({ type: z.literal("budget.limit"), task: name, limitTokens: amount });

export const budgetChangeSchema = z.object({
  type: z.literal("budget.change"),
  task: name,
  limitTokens: amount.nullable().optional(),
  description: prose.optional(),
  ...changedTerms,
});

/** Put a budget, with everything below it, under another parent, or under none. */
export const budgetMoveSchema = z.object({ type: z.literal("budget.move"), task: name, parent: name.nullable() });

/** Record what was spent, also beyond the limit (law L8: a charge tells what happened). */
export const budgetChargeSchema = z.object({
  type: z.literal("budget.charge"),
  task: name,
  ...spendParts,
  tokens: amount,
  ...spendLinks,
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
