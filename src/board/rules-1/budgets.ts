// Owns the verdicts on budgets. Charges beyond the limit are kept: they tell what happened (law L8).
// Every figure and every sum over the board stays an exact integer (rule 3).

import { type Budget, type CommandOf, MAX_AMOUNT } from "../../protocol/index.ts";
import type { Board } from "../board.ts";
import { MAX_ITEMS } from "./bounds.ts";
import { accepted, followedSource, refused, type Step, type Verdict } from "./verdict.ts";

/** Members that rules 1 know nothing of. */
const LATER_RULES = { terms: undefined, account: undefined } as const;

export function openBudget(board: Board, command: CommandOf<"budget.open">, step: Step): Verdict {
  const { record } = step;
  const before = board.budgets.get(command.task);
  if (before !== undefined && !before.closed) return refused("budget_exists");
  return save(board, before, step, {
    task: command.task,
    seq: record.seq,
    at: record.at,
    limitTokens: command.limitTokens,
    usedTokens: before?.usedTokens ?? 0,
    openedAt: before?.openedAt ?? record.at,
    closed: false,
    description: command.description ?? before?.description ?? "",
    saidExhausted: false,
    source: followedSource(record),
    lastCharge: before?.lastCharge,
    ...LATER_RULES,
  });
}

export function limitBudget(board: Board, command: CommandOf<"budget.limit">, step: Step): Verdict {
  const before = board.budgets.get(command.task);
  if (before === undefined) return refused("no_such_budget");
  if (before.closed) return refused("budget_closed");
  return save(board, before, step, {
    ...before,
    ...stamp(step),
    limitTokens: command.limitTokens,
    saidExhausted: false,
  });
}

export function chargeBudget(board: Board, command: CommandOf<"budget.charge">, step: Step): Verdict {
  const before = board.budgets.get(command.task);
  if (before === undefined) return refused("no_such_budget");
  if (before.closed) return refused("budget_closed");
  if (command.tokens > MAX_AMOUNT - before.usedTokens) return refused("number_too_large");
  return save(board, before, step, {
    ...before,
    ...stamp(step),
    usedTokens: before.usedTokens + command.tokens,
    lastCharge: {
      tokens: command.tokens,
      agent: command.agent ?? step.record.actor,
      reason: command.reason ?? "",
    },
  });
}

export function closeBudget(board: Board, command: CommandOf<"budget.close">, step: Step): Verdict {
  const before = board.budgets.get(command.task);
  if (before === undefined) return refused("no_such_budget");
  if (before.closed) return refused("budget_closed");
  return save(board, before, step, { ...before, ...stamp(step), closed: true });
}

/** What a file states replaces what was there, as for entries; whoever writes last is the source. */
export function mirrorBudget(board: Board, command: CommandOf<"budget.mirror">, step: Step): Verdict {
  const { record } = step;
  const before = board.budgets.get(command.task);
  return save(board, before, step, {
    task: command.task,
    seq: record.seq,
    at: command.updatedAt ?? record.at,
    limitTokens: command.limitTokens,
    usedTokens: command.usedTokens,
    openedAt: command.openedAt ?? before?.openedAt ?? record.at,
    closed: false,
    description: command.description ?? before?.description ?? "",
    saidExhausted: command.exhausted ?? false,
    source: followedSource(record),
    lastCharge: before?.lastCharge,
    ...LATER_RULES,
  });
}

export function unmirrorBudget(board: Board, command: CommandOf<"budget.unmirror">, step: Step): Verdict {
  const before = board.budgets.get(command.task);
  if (before === undefined) return refused("no_such_budget");
  if (before.source !== step.record.source) return refused("not_owner");
  board.setBudget(command.task, undefined);
  step.changes.push({ type: "budget.changed", name: command.task });
  return accepted();
}

const stamp = (step: Step) => ({ seq: step.record.seq, at: step.record.at });

function save(board: Board, before: Budget | undefined, step: Step, next: Budget): Verdict {
  if (before === undefined && board.budgets.size >= MAX_ITEMS) return refused("board_full");
  const usedRoom = MAX_AMOUNT - (board.usedTokens - (before?.usedTokens ?? 0));
  const limitRoom = MAX_AMOUNT - (board.limitTokens - (before?.limitTokens ?? 0));
  if (next.usedTokens > usedRoom || (next.limitTokens ?? 0) > limitRoom) return refused("number_too_large");
  board.setBudget(next.task, next);
  step.changes.push({ type: "budget.changed", name: next.task });
  return accepted();
}
