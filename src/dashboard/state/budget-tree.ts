// Owns the budgets as lines of a tree: which are in sight, how deep, and in which order.
// Does not own their figures. Invariant: every budget that is to be seen has exactly one line, whatever its parents say.

import type { Budget, Pause } from "../../client/index.ts";

export interface BudgetLine {
  readonly budget: Budget;
  /** 1 for a root. */
  readonly level: number;
  /** Place among its siblings in sight, from 1, and how many there are. */
  readonly place: number;
  readonly siblings: number;
  readonly children: number;
  readonly isOpen: boolean;
}

export interface TreeOptions {
  /** Budgets whose children are hidden. */
  readonly folded: ReadonlySet<string>;
  readonly showClosed: boolean;
}

/** The fullest first. Whole percents, so that budgets do not change places over nothing. */
function byFullness(a: Budget, b: Budget): number {
  const difference = Math.round(b.percentage) - Math.round(a.percentage);
  return difference === 0 ? (a.task < b.task ? -1 : 1) : difference;
}

/** A closed budget above an open one is in sight too: without it the tree would be another one. */
function inSight(budgets: ReadonlyMap<string, Budget>, showClosed: boolean): ReadonlySet<string> {
  const seen = new Set<string>();
  for (const { task, closed } of budgets.values()) {
    if (closed && !showClosed) continue;
    // Ends at a budget that is in sight already, so a circle of parents ends too.
    for (let at: string | undefined = task; at !== undefined && !seen.has(at); at = budgets.get(at)?.terms?.parent)
      if (budgets.has(at)) seen.add(at);
  }
  return seen;
}

export function budgetLines(all: readonly Budget[], { folded, showClosed }: TreeOptions): readonly BudgetLine[] {
  const budgets = new Map(all.map((budget) => [budget.task, budget]));
  const seen = inSight(budgets, showClosed);
  const below = new Map<string | undefined, Budget[]>();
  for (const task of seen) {
    const budget = budgets.get(task) as Budget;
    const parent = budget.terms?.parent;
    const place = parent !== undefined && seen.has(parent) ? parent : undefined;
    const list = below.get(place);
    if (list === undefined) below.set(place, [budget]);
    else list.push(budget);
  }
  const lines: BudgetLine[] = [];
  const add = (parent: string | undefined, level: number): void => {
    const siblings = (below.get(parent) ?? []).toSorted(byFullness);
    for (const [index, budget] of siblings.entries()) {
      const children = below.get(budget.task)?.length ?? 0;
      const isOpen = children > 0 && !folded.has(budget.task);
      lines.push({ budget, level, place: index + 1, siblings: siblings.length, children, isOpen });
      if (isOpen) add(budget.task, level + 1);
    }
  };
  add(undefined, 1);
  return lines;
}

/** The budget and everything above it, the nearest first. */
export function pathOf(budgets: ReadonlyMap<string, Budget>, task: string): readonly string[] {
  const path: string[] = [];
  for (let at: string | undefined = task; at !== undefined && !path.includes(at); at = budgets.get(at)?.terms?.parent)
    path.push(at);
  return path;
}

/** The pause that stops reserves of a task: the board's, its own, or that of a budget above it. */
export function pauseOfPath(pauses: ReadonlyMap<string, Pause>, path: readonly string[]): Pause | undefined {
  if (pauses.size === 0) return undefined;
  for (const task of path) {
    const pause = pauses.get(`task:${task}`);
    if (pause !== undefined) return pause;
  }
  return pauses.get("board");
}
