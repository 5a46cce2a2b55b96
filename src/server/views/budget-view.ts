// Owns how budgets are shown: the seed's rows and totals, and our own view of one budget.
// Does not own the thresholds (protocol/items).

import { z } from "zod";
import type { BoardState } from "../../board/index.ts";
import { type Budget, budgetPercentage, budgetStatus, type ClassicBudget } from "../../protocol/index.ts";

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
    used += budget.usedTokens;
    limit += budget.limitTokens;
    tasks.push({
      task_id: budget.task,
      tokens_used: budget.usedTokens,
      budget_limit: budget.limitTokens,
      percentage: budgetPercentage(budget.usedTokens, budget.limitTokens),
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
    max_tokens: budget.limitTokens,
    used_tokens: budget.usedTokens,
    remaining_tokens: Math.max(0, budget.limitTokens - budget.usedTokens),
    usage_percentage: budgetPercentage(budget.usedTokens, budget.limitTokens),
    status,
    can_continue: !budget.closed && status !== "exhausted",
  };
}

export const budgetViewSchema = z
  .object({
    task: z.string(),
    limitTokens: z.number(),
    usedTokens: z.number(),
    remainingTokens: z.number().describe("0 once the limit is reached or passed."),
    percentage: z.number(),
    status: z.enum(["active", "warning", "critical", "exhausted"]),
    closed: z.boolean(),
    description: z.string(),
    openedAt: z.number().describe("Wall time in ms."),
    at: z.number().describe("Wall time in ms of the last change."),
    seq: z.number(),
    source: z.string().optional().describe("The followed source that owns it."),
    lastCharge: z.object({ tokens: z.number(), agent: z.string(), reason: z.string() }).optional(),
  })
  .meta({ id: "Budget" });

export function budgetView(budget: Budget): z.infer<typeof budgetViewSchema> {
  return {
    task: budget.task,
    limitTokens: budget.limitTokens,
    usedTokens: budget.usedTokens,
    remainingTokens: Math.max(0, budget.limitTokens - budget.usedTokens),
    percentage: budgetPercentage(budget.usedTokens, budget.limitTokens),
    status: budgetStatus(budget),
    closed: budget.closed,
    description: budget.description,
    openedAt: budget.openedAt,
    at: budget.at,
    seq: budget.seq,
    ...(budget.source === undefined ? {} : { source: budget.source }),
    ...(budget.lastCharge === undefined ? {} : { lastCharge: { ...budget.lastCharge } }),
  };
}
