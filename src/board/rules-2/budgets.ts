// Owns the verdicts on budgets themselves: open, change, close, and what a followed file states of one.
// Does not own spending (holds.ts), nor where in the tree a budget may be (tree.ts).

import { type Budget, type BudgetTerms, type CommandOf } from "../../protocol/index.ts";
import type { Board } from "../board.ts";
import { accepted, followedSource, refused, type Step, type Verdict } from "../rules-1/verdict.ts";
import { accountOf, DEFAULT_TERMS, emptyAccount, keepsTotals, NO_MOVEMENT, termsOf } from "./accounts.ts";
import { DEFAULT_THRESHOLDS, MAX_ITEMS } from "./bounds.ts";
import { saveBudget } from "./save.ts";
import { leaveParents, moveAll, parentRefusal, pathOf, putBelow } from "./tree.ts";

/** Terms as `budget.change` states them: what is left out stays, null clears. */
type ChangedTerms = Omit<CommandOf<"budget.change">, "type" | "task" | "limitTokens" | "description">;

export function openBudget(board: Board, command: CommandOf<"budget.open">, step: Step): Verdict {
  const { record } = step;
  const { type: _, task, limitTokens, description, parent, ...stated } = command;
  const before = board.budgets.get(task);
  if (before !== undefined && !before.closed) return refused("budget_exists");
  if (before === undefined && board.budgets.size >= MAX_ITEMS) return refused("board_full");
  const kept = before === undefined ? DEFAULT_TERMS : termsOf(before);
  const opened: Budget = {
    task,
    seq: record.seq,
    at: record.at,
    limitTokens,
    usedTokens: before?.usedTokens ?? 0,
    openedAt: before?.openedAt ?? record.at,
    closed: false,
    description: description ?? before?.description ?? "",
    saidExhausted: false,
    source: followedSource(record),
    lastCharge: before?.lastCharge,
    terms: termsWith(kept, stated),
    account: before === undefined ? emptyAccount(0) : accountOf(before),
  };
  if (!keepsTotals(board, [{ before, after: windowed(before ?? opened, opened) }])) return refused("number_too_large");
  if (before !== undefined) {
    // Where it stays and where it goes are judged before anything changes.
    if (parent === undefined || parent === kept.parent) return save(board, windowed(before, opened), step);
    const verdict = putBelow(board, { ...before, closed: false }, parent, step);
    if (!verdict.ok) return verdict;
    const terms: BudgetTerms = { ...termsOf(opened), parent };
    return save(board, windowed(before, { ...opened, terms }), step);
  }
  if (parent === undefined) return save(board, opened, step);
  const refusal = parentRefusal(board, task, parent);
  if (refusal !== undefined) return refused(refusal.code, refusal.detail);
  return save(board, { ...opened, terms: { ...termsOf(opened), parent } }, step);
}

export function limitBudget(board: Board, command: CommandOf<"budget.limit">, step: Step): Verdict {
  const { task, limitTokens } = command;
  return changeBudget(board, { type: "budget.change", task, limitTokens }, step);
}

export function changeBudget(board: Board, command: CommandOf<"budget.change">, step: Step): Verdict {
  const { type: _, task, limitTokens, description, ...stated } = command;
  const before = board.budgets.get(task);
  if (before === undefined) return refused("no_such_budget");
  if (before.closed) return refused("budget_closed");
  const next: Budget = {
    ...before,
    limitTokens: limitTokens === undefined ? before.limitTokens : (limitTokens ?? undefined),
    description: description ?? before.description,
    saidExhausted: limitTokens === undefined && before.saidExhausted,
    terms: termsWith(termsOf(before), stated),
  };
  const after = windowed(before, next);
  return keepsTotals(board, [{ before, after }]) ? save(board, after, step) : refused("number_too_large");
}

export function closeBudget(board: Board, command: CommandOf<"budget.close">, step: Step): Verdict {
  const before = board.budgets.get(command.task);
  if (before === undefined) return refused("no_such_budget");
  if (before.closed) return refused("budget_closed");
  return save(board, { ...before, closed: true }, step);
}

/** What a file states replaces what was there, as for entries; whoever writes last is the source. Those above it follow. */
export function mirrorBudget(board: Board, command: CommandOf<"budget.mirror">, step: Step): Verdict {
  const { record } = step;
  const { task, limitTokens, usedTokens } = command;
  const before = board.budgets.get(task);
  if (before === undefined && board.budgets.size >= MAX_ITEMS) return refused("board_full");
  const stated = {
    limitTokens,
    openedAt: command.openedAt ?? before?.openedAt ?? record.at,
    closed: false,
    description: command.description ?? before?.description ?? "",
    saidExhausted: command.exhausted ?? false,
    source: followedSource(record),
  };
  const budget: Budget = {
    task,
    seq: record.seq,
    at: record.at,
    usedTokens: 0,
    lastCharge: undefined,
    terms: DEFAULT_TERMS,
    account: emptyAccount(0),
    ...before,
    ...stated,
  };
  if (!keepsTotals(board, [{ before, after: budget }])) return refused("number_too_large");
  const by = { ...NO_MOVEMENT, tokens: usedTokens - budget.usedTokens };
  const path = [budget, ...pathOf(board, termsOf(budget).parent)];
  return moveAll(board, path, by, step, { at: command.updatedAt ?? record.at })
    ? accepted()
    : refused("number_too_large");
}

/** What others hang on stays, closed: children, and holds that have to end somewhere. */
export function unmirrorBudget(board: Board, command: CommandOf<"budget.unmirror">, step: Step): Verdict {
  const { task } = command;
  const before = board.budgets.get(task);
  if (before === undefined) return refused("no_such_budget");
  if (before.source !== step.record.source) return refused("not_owner");
  if (board.children.has(task) || accountOf(before).holds > 0) return save(board, { ...before, closed: true }, step);
  leaveParents(board, before, step);
  board.setBudget(task, undefined);
  step.changes.push({ type: "budget.changed", name: task });
  return accepted();
}

function termsWith(before: BudgetTerms, stated: ChangedTerms): BudgetTerms {
  const told = <T>(next: T | null | undefined, was: T, none: T): T => (next === undefined ? was : (next ?? none));
  return {
    parent: before.parent,
    limitNanoUsd: told(stated.limitNanoUsd, before.limitNanoUsd, undefined),
    policy: told(stated.policy, before.policy, "hard"),
    overdraftTokens: told(stated.overdraftTokens, before.overdraftTokens, 0),
    overdraftNanoUsd: told(stated.overdraftNanoUsd, before.overdraftNanoUsd, 0),
    unknownModel: told(stated.unknownModel, before.unknownModel, "deny"),
    window: told(stated.window, before.window, undefined),
    thresholds: ascending(told(stated.thresholds, before.thresholds, DEFAULT_THRESHOLDS)),
    maxHolds: told(stated.maxHolds, before.maxHolds, undefined),
    maxReserveTokens: told(stated.maxReserveTokens, before.maxReserveTokens, undefined),
    maxReserveNanoUsd: told(stated.maxReserveNanoUsd, before.maxReserveNanoUsd, undefined),
    rate: told(stated.rate, before.rate, undefined),
    ratePerAgent: told(stated.ratePerAgent, before.ratePerAgent, undefined),
  };
}

const ascending = (thresholds: readonly number[]): number[] => [...new Set(thresholds)].sort((a, b) => a - b);

/**
 * Where the window changes, the one that ran ends without a reset, and the engine begins the next one. What was spent in
 * the one that ran stays in the next one; a first window starts from nothing; without windows all that was ever spent
 * counts again.
 */
function windowed(before: Budget, next: Budget): Budget {
  const was = termsOf(before).window;
  const is = termsOf(next).window;
  if (was?.every === is?.every && was?.timeZone === is?.timeZone) return next;
  const account = { ...accountOf(next), window: undefined, carriedTokens: 0, carriedNanoUsd: 0 };
  if (is !== undefined && was !== undefined) return { ...next, account };
  if (is !== undefined) return { ...next, usedTokens: 0, account: { ...account, nanoUsd: 0 } };
  return { ...next, usedTokens: account.everTokens, account: { ...account, nanoUsd: account.everNanoUsd } };
}

function save(board: Board, next: Budget, step: Step): Verdict {
  saveBudget(board, next, step);
  return accepted();
}
