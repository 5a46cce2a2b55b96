// Owns what the engine's watch over budgets comes to: a window that ends, so that spending starts from nothing or from
// what was left, and a rate of spending at which a budget will not last.
// Does not own the calendar: the engine finds the boundaries in the budget's time zone and writes them down (rule 2).

import { type Budget, type CommandOf, withCarried } from "../../protocol/index.ts";
import type { Board } from "../board.ts";
import { accepted, refused, type Step, type Verdict } from "../rules-1/verdict.ts";
import { accountOf, termsOf } from "./accounts.ts";
import { raise } from "./alerts.ts";
import { saveBudget } from "./save.ts";

/** Each budget is reset only if the window that ran is still the one named. */
export function resetBudgets(board: Board, command: CommandOf<"budget.reset">, step: Step): Verdict {
  let done = 0;
  for (const { task, from, startsAt, endsAt } of command.resets) {
    const budget = board.budgets.get(task);
    if (budget === undefined || termsOf(budget).window === undefined) continue;
    const { window } = accountOf(budget);
    if ((window?.startsAt ?? 0) !== from || endsAt <= startsAt || startsAt < (window?.endsAt ?? 0)) continue;
    saveBudget(board, begun(budget, { startsAt, endsAt }), step);
    done++;
  }
  return done > 0 ? accepted() : refused("nothing_to_reset");
}

/** The first window takes in what was spent before it began; every later one starts anew. */
function begun(budget: Budget, window: { readonly startsAt: number; readonly endsAt: number }): Budget {
  const before = accountOf(budget);
  if (before.window === undefined) return { ...budget, account: { ...before, window } };
  const terms = termsOf(budget);
  const rollover = terms.window?.rollover === true;
  const carriedTokens = rollover ? carried(budget.limitTokens, before.carriedTokens, budget.usedTokens) : 0;
  const carriedNanoUsd = rollover ? carried(terms.limitNanoUsd, before.carriedNanoUsd, before.nanoUsd) : 0;
  return {
    ...budget,
    usedTokens: 0,
    account: { ...before, nanoUsd: 0, carriedTokens, carriedNanoUsd, window, exhaustsAt: undefined },
  };
}

/** What is left, at most one limit; or what was spent too much, at most one limit as well. */
function carried(limit: number | undefined, before: number, spent: number): number {
  if (limit === undefined) return 0;
  const left = (withCarried(limit, before) ?? 0) - spent;
  // 0 - limit, not -limit: there is no minus zero in a board.
  return Math.max(0 - limit, Math.min(limit, left));
}

/** The engine watches the rate of spending; an alert is raised when it first says that the budget will not last. */
export function projectBudget(board: Board, command: CommandOf<"budget.project">, step: Step): Verdict {
  const budget = board.budgets.get(command.task);
  if (budget === undefined) return refused("no_such_budget");
  const account = accountOf(budget);
  const exhaustsAt = command.exhaustsAt ?? undefined;
  if (exhaustsAt !== undefined && account.exhaustsAt === undefined) {
    raise(board, budget, { kind: "projected", threshold: undefined, exhaustsAt }, step);
  }
  saveBudget(board, { ...budget, account: { ...account, exhaustsAt } }, step);
  return accepted();
}
