// Owns the few rows of a large board that are looked at: where the window is to be, by which order and search, and what it shows.
// Does not own drawing (panels/large-list.tsx). Invariant: old rows stay until new ones are there.

import type { Board, Subscription } from "../../client/index.ts";
import { type EntryRow, rowOf } from "../state/entry-groups.ts";

export type Order = "key" | "recent";

export interface LargeRows {
  /** Place of the first of `rows` among `total`. */
  readonly from: number;
  readonly rows: readonly EntryRow[];
  /** Rows of the present search; of the whole board where there is none. */
  readonly total: number;
  /** The search is not through, or has more hits than are counted. */
  readonly approximate: boolean;
  /** What the rows were searched and ordered by. */
  readonly search: string;
  readonly order: Order;
  /** Another search or order was asked for, and its rows are not there yet. */
  readonly isWaiting: boolean;
  /** Entries of the board, as far as they were counted. */
  readonly boardTotal: number | undefined;
  /** Why no rows come. */
  readonly problem: string | undefined;
}

export interface LargeBoard {
  readonly read: () => LargeRows;
  readonly subscribe: (listener: () => void) => () => void;
  /** The rows that are in sight. */
  show(first: number, count: number): void;
  search(text: string, order: Order): void;
  /** Off: rows in sight stay as they are until others are looked at. */
  setLive(on: boolean): void;
  /** Takes over what came; called once per frame. */
  update(): LargeRows;
  close(): void;
}

/** Rows that are asked for at once: a few screens, so that slow scrolling finds them there. */
const COUNT = 200;
/** Less than this beyond what is in sight, and the window moves. */
const MARGIN = 40;
/** A search that shows nothing for so long is asked for anew, in ms. */
const LATE_MS = 5000;
const EMPTY: LargeRows = {
  from: 0,
  rows: [],
  total: 0,
  approximate: false,
  search: "",
  order: "key",
  isWaiting: true,
  boardTotal: undefined,
  problem: undefined,
};

/** `onChange`: call `update` soon. */
export function createLargeBoard(board: Board, onChange: () => void): LargeBoard {
  const listeners = new Set<() => void>();
  let shown = EMPTY;
  let wanted: { readonly search: string; readonly order: Order } = { search: "", order: "key" };
  let from = 0;
  let subscription = follow();
  let isLive = true;
  /** What was told before the newest wish for a search or order. */
  let old: Subscription["window"]["current"] | undefined;
  let late: ReturnType<typeof setTimeout> | undefined;

  function follow(): Subscription {
    const sort = wanted.order === "key" ? "key" : "changed";
    const mine = board.subscribe(
      { entries: { window: { sort, from, count: COUNT, search: wanted.search } } },
      { name: `rows-${sort}` },
    );
    mine.window.onChange(onChange);
    mine.onCondition(onChange);
    return mine;
  }

  /** While the reader wants no updates, only rows that were not in sight yet are taken. */
  const isHeld = (window: Subscription["window"]["current"]): boolean =>
    !isLive && !shown.isWaiting && window.from === shown.from;

  function followAnew(): void {
    subscription.close();
    subscription = follow();
    old = subscription.window.current;
  }

  function publish(next: LargeRows): void {
    if (next === shown) return;
    shown = next;
    for (const listener of listeners) listener();
  }

  return {
    read: () => shown,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    show(first, count) {
      const last = first + count;
      const beginsWell = from === 0 || first >= from + MARGIN;
      const endsWell = last + MARGIN <= from + COUNT || (!shown.isWaiting && from + COUNT >= shown.total);
      if (beginsWell && endsWell) return;
      const next = Math.max(0, Math.round((first + last - COUNT) / 2));
      if (next === from) return;
      from = next;
      subscription.window.move(from, COUNT);
    },
    search(search, order) {
      if (search === wanted.search && order === wanted.order) return;
      const sameOrder = order === wanted.order;
      wanted = { search, order };
      from = 0;
      if (sameOrder) {
        old = subscription.window.current;
        subscription.window.move(0, COUNT, search);
      } else followAnew();
      publish({ ...shown, isWaiting: true });
      clearTimeout(late);
      // A move that is refused is not told of; a subscription says why, and is tried again.
      late = setTimeout(() => shown.isWaiting && followAnew(), LATE_MS);
    },
    setLive(on) {
      isLive = on;
      onChange();
    },
    update() {
      const { condition, window } = subscription;
      const problem = condition.problem?.detail;
      const { current } = window;
      if (condition.held === "nothing" || current === old || isHeld(current)) {
        if (problem !== shown.problem) publish({ ...shown, problem });
        return shown;
      }
      old = undefined;
      const before = new Map(shown.rows.map((row) => [row.key, row]));
      const isSame = wanted.search === shown.search && wanted.order === shown.order && !shown.isWaiting;
      const nowMs = Date.now();
      const rows = current.rows.map((entry) =>
        rowOf(before.get(entry.key), entry, subscription.clock(), nowMs, !isSame),
      );
      publish({
        ...wanted,
        from: current.from,
        rows,
        total: current.total,
        approximate: current.approximate,
        isWaiting: false,
        boardTotal: wanted.search === "" ? current.total : shown.boardTotal,
        problem,
      });
      return shown;
    },
    close() {
      clearTimeout(late);
      subscription.close();
    },
  };
}
