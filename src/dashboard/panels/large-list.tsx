// Owns the grid of a large board's entries: only rows in sight are drawn, each at its place in the whole list.
// Does not own which rows there are (live/large-board.ts), where it is scrolled to (live/list-scroll.ts), or which row is chosen.

import { memo, useEffect, useLayoutEffect, useRef, useSyncExternalStore } from "react";
import type { LargeBoard, LargeRows } from "../live/large-board.ts";
import type { ListScroll } from "../live/list-scroll.ts";
import { EntryCells, Lit } from "../parts/entry-cells.tsx";
import { GridColumns } from "../parts/entry-order.tsx";
import { Icon } from "../parts/icon.tsx";
import type { EntryRow } from "../state/entry-groups.ts";
import { rowsMoved } from "../state/rows-moved.ts";
import { isMarking } from "./entry-row.tsx";

/** The head is the first row of the grid for those who hear it. */
const ROWS_BEFORE = 2;
const rowId = (index: number) => `entry-row-${index}`;

interface RowProps {
  readonly index: number;
  readonly top: number;
  /** Undefined until the server told it. */
  readonly row: EntryRow | undefined;
  readonly isActive: boolean;
  readonly isOpen: boolean;
  readonly onChoose: (index: number) => void;
}

const Row = memo(function Row({ index, top, row, isActive, isOpen, onChoose }: RowProps) {
  return (
    <div
      className="entry"
      id={rowId(index)}
      role="row"
      aria-rowindex={index + ROWS_BEFORE}
      aria-selected={isActive}
      aria-busy={row === undefined}
      data-key={row?.key}
      data-open={isOpen}
      style={{ insetBlockStart: top }}
      onClick={() => !isMarking() && onChoose(index)}
    >
      {row && <Lit row={row} />}
      <div className="entry-line" role="presentation">
        <span className="unfold" aria-hidden="true">
          <Icon name="chevron" />
        </span>
        {row === undefined ? (
          <>
            <span className="entry-key awaited" role="gridcell" aria-label="Not loaded yet" />
            <span className="entry-value awaited" aria-hidden="true" />
          </>
        ) : (
          <EntryCells row={row} prefix={0} role="gridcell" />
        )}
      </div>
    </div>
  );
});

/** Keeps the scroller where the reader's rows are: at the top for another search, and with rows that others push down. */
function useSteadyRows(scroll: ListScroll, shown: LargeRows): void {
  const last = useRef(shown);
  useLayoutEffect(() => {
    const before = last.current;
    last.current = shown;
    if (shown.isWaiting) return;
    const top = scroll.first();
    scroll.setTotal(shown.total);
    if (before.isWaiting) return scroll.to(0);
    if (before.rows === shown.rows || top === 0 || scroll.isMoving()) return;
    const moved = rowsMoved(before, shown, Math.ceil(top), scroll.inSight());
    if (moved !== 0) scroll.by(moved);
  }, [scroll, shown]);
}

interface Props {
  readonly large: LargeBoard;
  readonly shown: LargeRows;
  readonly scroll: ListScroll;
  /** The row that the keyboard is at. */
  readonly active: number | undefined;
  readonly isOpen: boolean;
  readonly onChoose: (index: number) => void;
  readonly onKey: (event: React.KeyboardEvent) => void;
  readonly ref: React.RefObject<HTMLDivElement | null>;
}

export function LargeList({ large, shown, scroll, active, isOpen, onChoose, onKey, ref }: Props) {
  const head = useRef<HTMLDivElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const probe = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    if (ref.current === null || head.current === null || list.current === null || probe.current === null)
      return undefined;
    return scroll.attach({
      scroller: ref.current,
      head: head.current,
      list: list.current,
      probe: probe.current,
    });
  }, [scroll, ref]);
  useEffect(() => {
    const show = () => large.show(Math.floor(scroll.first()), Math.ceil(scroll.inSight()));
    show();
    return scroll.subscribe(show);
  }, [large, scroll]);
  useSteadyRows(scroll, shown);
  const { from, to, shift, rowPx } = useSyncExternalStore(scroll.subscribe, scroll.drawn);

  const rows = [];
  for (let index = from; index < Math.min(to, shown.total); index++) {
    const row = shown.rows[index - shown.from];
    const isActive = index === active;
    rows.push(
      <Row
        key={row === undefined ? `place ${index}` : `key ${row.key}`}
        index={index}
        top={(index - shift) * rowPx}
        row={row}
        isActive={isActive}
        isOpen={isActive && isOpen}
        onChoose={onChoose}
      />,
    );
  }
  const isActiveDrawn = active !== undefined && active >= from && active < to;
  return (
    <div
      className="large-list"
      ref={ref}
      role="grid"
      tabIndex={0}
      aria-label="Entries"
      aria-rowcount={shown.total + 1}
      aria-busy={shown.isWaiting}
      aria-activedescendant={isActiveDrawn ? rowId(active) : undefined}
      onKeyDown={onKey}
    >
      <GridColumns ref={head} />
      <div className="large-rows" ref={list} role="rowgroup">
        <div className="row-probe" ref={probe} aria-hidden="true" />
        {rows}
      </div>
    </div>
  );
}
