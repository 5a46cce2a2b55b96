// Owns the one way in which rules 2 change a budget: stamped, with its alerts, and told of.

import type { Budget } from "../../protocol/index.ts";
import type { Board } from "../board.ts";
import type { Step } from "../rules-1/verdict.ts";
import { accountOf, orderedAccount, orderedTerms, termsOf } from "./accounts.ts";
import { raiseAlerts } from "./alerts.ts";

/**
 * Put a budget in its place, with what its figures call for. `at` is the
 * record's time, unless a followed file states another.
 */
export function saveBudget(board: Board, next: Budget, step: Step, at = step.record.at): void {
  const { seq } = step.record;
  const stamped = raiseAlerts(board, { ...next, seq, at, terms: termsOf(next), account: accountOf(next) }, step);
  board.setBudget(next.task, {
    ...stamped,
    terms: orderedTerms(termsOf(stamped)),
    account: orderedAccount(accountOf(stamped)),
  });
  step.changes.push({ type: "budget.changed", name: next.task });
}
