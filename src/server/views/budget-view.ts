// Owns how budgets are shown: the seed's rows and totals, and our own view of one budget.
// Does not own the thresholds (protocol/items).

import { z } from "zod";
import type { BoardState } from "../../board/index.ts";
import {
  type Budget,
  budgetFullness,
  budgetPercentage,
  budgetStatus,
  type ClassicBudget,
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
