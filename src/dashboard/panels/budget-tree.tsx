// Owns the tree of budgets as a whole: which rows are drawn, what is folded, and its one stop for Tab.
// Does not own a row (budget-row.tsx) or what keys mean (budget-tree-keys.ts). Focus stays on its budget when rows change places.

import { type KeyboardEvent, type MouseEvent, useCallback, useLayoutEffect, useMemo, useRef, useState } from "react";
import type { Budget, Pause } from "../../client/index.ts";
import { useSlices } from "../parts/show-more.tsx";
import { budgetLines, pathOf, pauseOfPath } from "../state/budget-tree.ts";
import { BudgetRow } from "./budget-row.tsx";
import { rowId, treeAct } from "./budget-tree-keys.ts";
import { isMarking } from "./entry-row.tsx";

/** Rows that are drawn at once. */
const SLICE = 100;

interface Props {
  readonly budgets: readonly Budget[];
  readonly pauses: readonly Pause[];
  readonly showClosed: boolean;
  readonly onOpen: (task: string) => void;
}

const taskAt = (target: EventTarget): string | undefined =>
  target instanceof Element ? target.closest<HTMLElement>(".budget")?.dataset["task"] : undefined;

export function BudgetTree({ budgets, pauses, showClosed, onOpen }: Props) {
  const [folded, setFolded] = useState<ReadonlySet<string>>(new Set());
  const [current, setCurrent] = useState<string>();
  const lines = useMemo(() => budgetLines(budgets, { folded, showClosed }), [budgets, folded, showClosed]);
  const { shown, more } = useSlices(lines.length, SLICE);
  const drawn = lines.slice(0, shown);
  const byTask = useMemo(() => new Map(budgets.map((budget) => [budget.task, budget])), [budgets]);
  const byScope = useMemo(() => new Map(pauses.map((pause) => [pause.pause, pause])), [pauses]);
  const reached = drawn.some((line) => line.budget.task === current) ? current : drawn[0]?.budget.task;

  /** The row that had the focus when the tree was last heard of it. */
  const focused = useRef<string>(undefined);
  const tree = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    // The browser takes the focus from an element that changes its place.
    const task = focused.current;
    if (task === undefined || document.activeElement !== document.body) return;
    document.getElementById(rowId(task))?.focus({ preventScroll: true });
  });

  const fold = useCallback((task: string, isFolded: boolean) => {
    setFolded((before) => {
      const after = new Set(before);
      if (isFolded) after.add(task);
      else after.delete(task);
      return after;
    });
  }, []);

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const act = treeAct(drawn, taskAt(event.target) ?? "", event.key);
    if (act === undefined) return;
    event.preventDefault();
    setCurrent(act.task);
    if (act.act === "go") document.getElementById(rowId(act.task))?.focus();
    else if (act.act === "open") onOpen(act.task);
    else fold(act.task, act.act === "fold");
  };
  const onClick = (event: MouseEvent) => {
    const task = taskAt(event.target);
    if (task === undefined || isMarking()) return;
    setCurrent(task);
    document.getElementById(rowId(task))?.focus({ preventScroll: true });
    const line = lines.find((each) => each.budget.task === task);
    const isFold = event.target instanceof Element && event.target.closest("[data-fold=true]") !== null;
    if (isFold && line !== undefined) fold(task, line.isOpen);
    else onOpen(task);
  };

  return (
    <>
      <div
        ref={tree}
        className="budgets"
        role="tree"
        aria-label="Budgets"
        onKeyDown={onKeyDown}
        onClick={onClick}
        onFocus={(event) => {
          focused.current = taskAt(event.target);
        }}
        onBlur={() => {
          // A reader who leaves is not brought back. A row that changes its place has the focus again before this runs.
          setTimeout(() => {
            if (tree.current?.contains(document.activeElement) !== true) focused.current = undefined;
          });
        }}
      >
        {drawn.map(({ budget, ...line }) => (
          <BudgetRow
            key={budget.task}
            row={budget}
            {...line}
            pause={pauseOfPath(byScope, pathOf(byTask, budget.task))}
            isCurrent={budget.task === reached}
          />
        ))}
      </div>
      {more}
    </>
  );
}
