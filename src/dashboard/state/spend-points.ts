// Owns what the page itself saw of spending since it was opened: a few points per budget, for a chart while there is no history.
// Does not own history (the server's). Bounded: POINTS per budget, every other one is dropped at the bound; TASKS budgets, the one
// that was heard of longest ago is forgotten.

import type { Budget } from "../../client/index.ts";

export interface SpendPoint {
  /** This machine's wall time in ms. */
  readonly at: number;
  readonly tokens: number;
  readonly nanoUsd: number;
}

export interface SpendPoints {
  /** Notes the budgets that changed since the last time. */
  note(budgets: readonly Budget[], nowMs: number): void;
  of(task: string): readonly SpendPoint[];
}

const POINTS = 240;
const TASKS = 500;

export function createSpendPoints(): SpendPoints {
  const points = new Map<string, SpendPoint[]>();
  const last = new Map<string, Budget>();

  function add(budget: Budget, nowMs: number): void {
    const { task } = budget;
    const list = points.get(task) ?? [];
    // Set anew, so that the order of the map is that of the last change.
    points.delete(task);
    points.set(task, list);
    last.set(task, budget);
    list.push({ at: nowMs, tokens: budget.usedTokens, nanoUsd: budget.account?.nanoUsd ?? 0 });
    if (list.length > POINTS)
      points.set(
        task,
        list.filter((_, i) => i % 2 === 0 || i === list.length - 1),
      );
    const [oldest] = points.keys();
    if (points.size > TASKS && oldest !== undefined) {
      points.delete(oldest);
      last.delete(oldest);
    }
  }

  return {
    note(budgets, nowMs) {
      for (const budget of budgets) if (!budget.closed && last.get(budget.task) !== budget) add(budget, nowMs);
    },
    of: (task) => points.get(task) ?? [],
  };
}
