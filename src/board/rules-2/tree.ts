// Owns the tree of budgets: the path from a budget to its root, moves along it, and moves of whole branches.
// Invariant: a budget without a window has spent, ever and now, what it spent itself and what its children have.

import { type Budget, type Code, type CommandOf, type Detail, MAX_AMOUNT } from "../../protocol/index.ts";
import type { Board } from "../board.ts";
import { accepted, refused, type Step, type Verdict } from "../rules-1/verdict.ts";
import { accountOf, isExact, keepsTotals, type Movement, moved, NO_MOVEMENT, termsOf } from "./accounts.ts";
import { MAX_DEPTH } from "./bounds.ts";
import { overLimit } from "./limits.ts";
import { saveBudget } from "./save.ts";

/** The budget, its parent, and so on to the root: at most MAX_DEPTH. */
export function pathOf(board: Pick<Board, "budgets">, task: string | undefined): Budget[] {
  const path: Budget[] = [];
  let budget = task === undefined ? undefined : board.budgets.get(task);
  while (budget !== undefined && path.length < MAX_DEPTH) {
    path.push(budget);
    const { parent } = termsOf(budget);
    budget = parent === undefined ? undefined : board.budgets.get(parent);
  }
  return path;
}

/** Move every budget of a path, or none: false where a figure would leave the exact integers. */
export function moveAll(
  board: Board,
  path: readonly Budget[],
  by: Movement,
  step: Step,
  leaf?: Partial<Budget>,
): boolean {
  const after = path.map((budget) => moved(budget, by));
  if (!after.every(isExact) || !fitsTotals(board, by)) return false;
  after.forEach((budget, i) => {
    if (i === 0 && leaf !== undefined) saveBudget(board, { ...budget, ...leaf }, step, leaf.at);
    else saveBudget(board, budget, step);
  });
  return true;
}

/** Whether the sums over all roots stay exact. */
const fitsTotals = (board: Board, by: Movement): boolean =>
  by.tokens <= MAX_AMOUNT - board.usedTokens && by.nanoUsd <= MAX_AMOUNT - board.usedNanoUsd;

/** Why a budget may not be put below another; undefined where it may. */
export function parentRefusal(
  board: Board,
  task: string,
  parent: string,
): { readonly code: Code; readonly detail: Detail } | undefined {
  const path = pathOf(board, parent);
  if (path.length === 0) return { code: "no_such_parent", detail: { parent } };
  if (path.some((budget) => budget.task === task)) return { code: "budget_cycle", detail: { parent } };
  const height = heightOf(board, task, MAX_DEPTH);
  if (path.length + height > MAX_DEPTH) return { code: "budget_too_deep", detail: { parent, max: MAX_DEPTH } };
  return undefined;
}

/** Levels from a budget down to its deepest leaf, itself counted; looks no deeper than `most`. */
function heightOf(board: Board, task: string, most: number): number {
  if (most <= 1) return most;
  let below = 0;
  for (const child of board.children.get(task) ?? []) below = Math.max(below, heightOf(board, child, most - 1));
  return 1 + below;
}

export function moveBudget(board: Board, command: CommandOf<"budget.move">, step: Step): Verdict {
  const budget = board.budgets.get(command.task);
  if (budget === undefined) return refused("no_such_budget");
  return putBelow(board, budget, command.parent ?? undefined, step);
}

/**
 * Put a budget below another. Those above it before lose what it has spent and holds, those above it after gain it; a
 * running window keeps what was spent through it. Refused where a new one above has not so much left (law L8).
 */
export function putBelow(board: Board, budget: Budget, parent: string | undefined, step: Step): Verdict {
  const terms = termsOf(budget);
  if (terms.parent === parent) return accepted();
  if (parent !== undefined) {
    const refusal = parentRefusal(board, budget.task, parent);
    if (refusal !== undefined) return refused(refusal.code, refusal.detail);
  }
  const above = pathOf(board, terms.parent);
  const below = pathOf(board, parent);
  const leaving = above.filter((one) => below.every((other) => other.task !== one.task));
  const joining = below.filter((one) => above.every((other) => other.task !== one.task));
  const gain = allOf(budget);
  const gained = joining.map((one) => moved(one, gain, true));
  if (!gained.every(isExact)) return refused("number_too_large");
  for (const one of gained) {
    const over = overLimit(one, { tokens: gain.tokens + gain.heldTokens, nanoUsd: gain.nanoUsd + gain.heldNanoUsd });
    if (over !== undefined) return refused("over_budget", over);
  }
  const loss = negative(gain);
  const left = leaving.map((one) => moved(one, loss, true));
  const put = { ...budget, terms: { ...terms, parent } };
  const changes = [
    ...leaving.map((before, i) => ({ before, after: left[i] ?? before })),
    ...joining.map((before, i) => ({ before, after: gained[i] ?? before })),
    { before: budget, after: put },
  ];
  if (!keepsTotals(board, changes)) return refused("number_too_large");
  for (const one of left) saveBudget(board, one, step);
  for (const one of gained) saveBudget(board, one, step);
  saveBudget(board, put, step);
  return accepted();
}

/** Take a budget away from those above it, as if it had never been there. */
export function leaveParents(board: Board, budget: Budget, step: Step): void {
  const loss = negative(allOf(budget));
  for (const one of pathOf(board, termsOf(budget).parent)) saveBudget(board, moved(one, loss, true), step);
}

/** All that a budget has spent ever, and holds. */
function allOf(budget: Budget): Movement {
  const account = accountOf(budget);
  return {
    ...NO_MOVEMENT,
    tokens: account.everTokens,
    nanoUsd: account.everNanoUsd,
    usage: account.usage,
    unpricedTokens: account.unpricedTokens,
    heldTokens: account.heldTokens,
    heldNanoUsd: account.heldNanoUsd,
    holds: account.holds,
  };
}

function negative(by: Movement): Movement {
  const { input = 0, output = 0, cacheRead = 0, cacheWrite = 0, reasoning = 0 } = by.usage ?? {};
  return {
    tokens: -by.tokens,
    nanoUsd: -by.nanoUsd,
    usage: { input: -input, output: -output, cacheRead: -cacheRead, cacheWrite: -cacheWrite, reasoning: -reasoning },
    unpricedTokens: -by.unpricedTokens,
    heldTokens: -by.heldTokens,
    heldNanoUsd: -by.heldNanoUsd,
    holds: -by.holds,
  };
}
