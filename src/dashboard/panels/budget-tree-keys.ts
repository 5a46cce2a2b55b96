// Owns what keys do in a tree (WAI-ARIA authoring practices): from one line to another, and folding. Does not own focus.

import type { BudgetLine } from "../state/budget-tree.ts";

export type TreeAct =
  | { readonly act: "go"; readonly task: string }
  | { readonly act: "fold" | "unfold" | "open"; readonly task: string };

/** The id of a row's element: names are encoded, as ids must not have spaces. */
export const rowId = (task: string): string => `budget-${encodeURIComponent(task.toWellFormed())}`;

/** What `key` does on the line of `task`; undefined for keys that are not the tree's. */
export function treeAct(lines: readonly BudgetLine[], task: string, key: string): TreeAct | undefined {
  const at = lines.findIndex((line) => line.budget.task === task);
  const line = lines[at];
  if (line === undefined) return undefined;
  const go = (to: BudgetLine | undefined): TreeAct | undefined => to && { act: "go", task: to.budget.task };
  switch (key) {
    case "ArrowDown":
      return go(lines[at + 1]);
    case "ArrowUp":
      return go(lines[at - 1]);
    case "Home":
      return go(lines[0]);
    case "End":
      return go(lines.at(-1));
    case "ArrowRight":
      if (line.children === 0) return undefined;
      return line.isOpen ? go(lines[at + 1]) : { act: "unfold", task };
    case "ArrowLeft":
      if (line.isOpen) return { act: "fold", task };
      return go(lines.slice(0, at).findLast((other) => other.level < line.level));
    case "Enter":
    case " ":
      return { act: "open", task };
    default:
      return undefined;
  }
}
