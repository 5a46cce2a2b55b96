// Owns how budgets are shown: the seed's rows and totals, our own view of one budget, and that with its place in the tree.
// Does not own the thresholds (protocol/items).

import { z } from "zod";
import { type BoardState, positionOf } from "../../board/index.ts";
import {
  type Budget,
  budgetFullness,
  budgetPercentage,
  budgetStatus,
  type ClassicBudget,
  withCarried,
  wireBudgetSchema,
} from "../../protocol/index.ts";

export interface BudgetTotals {
  readonly tasks: readonly ClassicBudget[];
  readonly total_used: number;
  readonly total_limit: number;
  readonly global_percentage: number;
}

/** Open budgets by percentage, the fullest first, with the seed's four figures. Closed ones count no more. */
export function budgetTotals(state: BoardState): BudgetTotals {
  const tasks: ClassicBudget[] = [];
  let used = 0;
  let limit = 0;
  for (const budget of state.budgets.values()) {
    if (budget.closed) continue;
    // What a child spends its parent spends too, and the parent's limit holds for both.
    if (budget.terms?.parent === undefined) {
      used += budget.usedTokens;
      limit += budget.limitTokens ?? 0;
    }
    tasks.push({
      task_id: budget.task,
      tokens_used: budget.usedTokens,
      budget_limit: budget.limitTokens ?? 0,
      percentage: budgetFullness(budget),
      status: budgetStatus(budget),
      last_updated: new Date(budget.at).toISOString(),
    });
  }
  tasks.sort((a, b) => b.percentage - a.percentage);
  return { tasks, total_used: used, total_limit: limit, global_percentage: budgetPercentage(used, limit) };
}

export const classicBudgetAnswerSchema = z.union([
  z.object({
    initialized: z.literal(true),
    task_id: z.string(),
    max_tokens: z.number(),
    used_tokens: z.number(),
    remaining_tokens: z.number(),
    usage_percentage: z.number(),
    status: z.enum(["active", "warning", "critical", "exhausted"]),
    can_continue: z.boolean(),
  }),
  z.object({ initialized: z.literal(false), error: z.string() }),
]);

/** One task's budget as the seed's clients read it. */
export function classicBudgetAnswer(
  task: string,
  budget: Budget | undefined,
): z.infer<typeof classicBudgetAnswerSchema> {
  if (budget === undefined)
    return { initialized: false, error: `There is no budget for the task ${JSON.stringify(task)}.` };
  const status = budgetStatus(budget);
  return {
    initialized: true,
    task_id: budget.task,
    max_tokens: budget.limitTokens ?? 0,
    used_tokens: budget.usedTokens,
    remaining_tokens: Math.max(0, (budget.limitTokens ?? 0) - budget.usedTokens),
    usage_percentage: budgetFullness(budget),
    status,
    can_continue: !budget.closed && status !== "exhausted",
  };
}

export const budgetViewSchema = wireBudgetSchema
  .extend({
    remainingTokens: z.number().optional().describe("0 once the limit is reached or passed; absent without one."),
  })
  .meta({ id: "Budget" });

export function budgetView(budget: Budget): z.infer<typeof budgetViewSchema> {
  const { saidExhausted: _, limitTokens, terms, account, ...shown } = budget;
  return {
    ...shown,
    ...(limitTokens === undefined
      ? {}
      : { limitTokens, remainingTokens: Math.max(0, limitTokens - budget.usedTokens) }),
    percentage: budgetFullness(budget),
    status: budgetStatus(budget),
    ...(terms === undefined ? {} : { terms: { ...terms, thresholds: [...terms.thresholds] } }),
    ...(account === undefined ? {} : { account: { ...account, raised: [...account.raised] } }),
  };
}

/** Integer tokens and nano-USD; null where nothing limits them. */
export const amountsSchema = z.object({ tokens: z.number().nullable(), nanoUsd: z.number().nullable() });

export const boundedAmounts = (amounts: { readonly tokens: number; readonly nanoUsd: number }) => ({
  tokens: finite(amounts.tokens),
  nanoUsd: finite(amounts.nanoUsd),
});
const finite = (amount: number): number | null => (Number.isFinite(amount) ? amount : null);

const MOST_CHILDREN = 1000;
const figures = z.object({ tokens: z.number(), nanoUsd: z.number() });

export const budgetDetailSchema = budgetViewSchema
  .extend({
    path: z.array(z.string()).describe("From the root to the budget itself."),
    children: z.array(z.string()).describe(`The budgets right below it, at most ${MOST_CHILDREN} of them.`),
    childCount: z.number().int(),
    held: figures.extend({ holds: z.number().int() }).describe("In open holds, those of its children too."),
    left: amountsSchema.describe(
      "What may still be reserved in this budget; negative for debt, null where nothing limits it.",
    ),
    debt: figures.describe("Spent beyond the limit."),
    burn: z
      .object({
        tokensPerHour: z.number(),
        nanoUsdPerHour: z.number(),
        exhaustsAt: z
          .number()
          .optional()
          .describe("When it will be spent at that rate, in wall time; absent for never."),
      })
      .describe("How fast it is spent of late: a mean over ten minutes, the latest weighing most."),
    own: z
      .object({
        everTokens: z.number(),
        everNanoUsd: z.number(),
        heldTokens: z.number(),
        heldNanoUsd: z.number(),
        holds: z.number().int(),
      })
      .describe("Without its children."),
  })
  .meta({ id: "BudgetDetail" });

type Burn = z.infer<typeof budgetDetailSchema>["burn"];

export function budgetDetail(state: BoardState, budget: Budget, burn: Burn): z.infer<typeof budgetDetailSchema> {
  const { path, children, left, own } = positionOf(state, budget);
  const { account, terms } = budget;
  const debt = (limit: number | undefined, carried: number | undefined, used: number): number =>
    Math.max(0, used - (withCarried(limit, carried) ?? used));
  return {
    ...budgetView(budget),
    path: [...path],
    children: children.slice(0, MOST_CHILDREN),
    childCount: children.length,
    held: { tokens: account?.heldTokens ?? 0, nanoUsd: account?.heldNanoUsd ?? 0, holds: account?.holds ?? 0 },
    left: boundedAmounts(left),
    debt: {
      tokens: debt(budget.limitTokens, account?.carriedTokens, budget.usedTokens),
      nanoUsd: debt(terms?.limitNanoUsd, account?.carriedNanoUsd, account?.nanoUsd ?? 0),
    },
    burn,
    own,
  };
}
