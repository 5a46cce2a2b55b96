// Owns alerts: raised once when a budget's spend reaches a threshold, and told again only after it had fallen below.
// Does not own who is told (server/). Debts, moves and lowered limits cross thresholds as spends do.

import { type Alert, type Budget, type BudgetAccount, type CommandOf, withCarried } from "../../protocol/index.ts";
import type { Board } from "../board.ts";
import { accepted, refused, type Step, type Verdict } from "../rules-1/verdict.ts";
import { accountOf, termsOf } from "./accounts.ts";

/** The budget with the thresholds that its spend has reached; an alert for each that it had not before. */
export function raiseAlerts(board: Board, budget: Budget, step: Step): Budget {
  const account = accountOf(budget);
  const reached = termsOf(budget).thresholds.filter((threshold) => reaches(budget, account, threshold));
  const { raised } = account;
  if (reached.length === raised.length && reached.every((threshold, i) => threshold === raised[i])) return budget;
  for (const threshold of reached) {
    if (!raised.includes(threshold))
      raise(board, budget, { kind: "threshold", threshold, exhaustsAt: undefined }, step);
  }
  return { ...budget, account: { ...account, raised: reached } };
}

export function acknowledgeAlert(board: Board, command: CommandOf<"alert.acknowledge">, step: Step): Verdict {
  const alert = board.alerts.get(command.alert);
  if (alert === undefined) return refused("no_such_alert");
  // The first to mind it stays named.
  if (alert.acknowledgedBy !== undefined) return accepted();
  const { seq, at, actor } = step.record;
  save(board, step, { ...alert, seq, at, acknowledgedBy: actor, acknowledgedAt: at, reason: command.reason });
  return accepted();
}

/** An alert on a budget as it stands. */
export function raise(
  board: Board,
  budget: Budget,
  what: Pick<Alert, "kind" | "threshold" | "exhaustsAt">,
  step: Step,
): void {
  const { seq, at } = step.record;
  save(board, step, {
    // Changes only grow within a record, so no two alerts share a name.
    alert: `a${seq}.${step.changes.length}`,
    seq,
    at,
    task: budget.task,
    ...what,
    usedTokens: budget.usedTokens,
    limitTokens: budget.limitTokens,
    usedNanoUsd: accountOf(budget).nanoUsd,
    limitNanoUsd: termsOf(budget).limitNanoUsd,
    raisedAt: at,
    acknowledgedBy: undefined,
    acknowledgedAt: undefined,
    reason: undefined,
  });
}

function save(board: Board, step: Step, alert: Alert): void {
  board.setAlert(alert.alert, alert);
  step.changes.push({ type: "alert.changed", name: alert.alert });
}

function reaches(budget: Budget, account: BudgetAccount, threshold: number): boolean {
  return (
    isShare(budget.usedTokens, threshold, withCarried(budget.limitTokens, account.carriedTokens)) ||
    isShare(account.nanoUsd, threshold, withCarried(termsOf(budget).limitNanoUsd, account.carriedNanoUsd))
  );
}

/** Whether `used` is at least so many percent of the limit, exactly. Of a limit of 0, anything is all. */
function isShare(used: number, percent: number, limit: number | undefined): boolean {
  if (limit === undefined || used <= 0) return false;
  const left = used * 100;
  const right = limit * percent;
  if (Number.isSafeInteger(left) && Number.isSafeInteger(right)) return left >= right;
  return BigInt(used) * 100n >= BigInt(limit) * BigInt(percent);
}
