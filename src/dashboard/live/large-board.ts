// Owns the few rows of a large board that are looked at: where the window is to be, by which order and search, and what it shows.
// Does not own drawing (panels/large-list.tsx) or scrolling (list-scroll.ts). Invariant: old rows stay until new ones are there.

import type { Board, Subscription } from "../../client/index.ts";
import { type EntryRow, rowOf } from "../state/entry-groups.ts";
import { createWatchedRow, type WatchedRow } from "./watched-row.ts";
import { windowFor } from "./window-place.ts";

export type Order = "key" | "recent";

/** Which of the board's entries are rows, and in which order. */
export interface Wish {
  /** What keys hold, in either case. */
  readonly search: string;
  /** What keys begin with, to the letter. */
  readonly prefix: string;
  readonly order: Order;
}

export interface LargeRows extends Wish {
  /** Place of the first of `rows` among `total`. */
  readonly from: number;
  readonly rows: readonly EntryRow[];
  /** Rows of the present search; of the whole board where there is none. */
  readonly total: number;
  /** The search is not through, or has more hits than are counted. */
  readonly approximate: boolean;
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
  /** The one row whose details are open, wherever it is. */
  readonly watched: WatchedRow;
  /** The rows that are in sight; may be called for each scroll event. */
  show(first: number, count: number): void;
  search(wish: Wish): void;
  /** Off: rows in sight stay as they are until others are looked at. */
  setLive(on: boolean): void;
  /** Takes over what came; called once per frame. */
  update(): LargeRows;
  close(): void;
}

/** What was asked for and is not there after so long is asked for anew, in ms. */
const LATE_MS = 5000;
/** Typing is waited for as long, in ms: each search is a subscription. */
const TYPING_MS = 80;
/** Least time between two syncs, in ms. By last change each write moves all rows, and nobody reads what moves faster; a lone one is told at once. */
const RATE_MS = { key: 50, recent: 150 } as const;
const EVERYTHING: Wish = { search: "", prefix: "", order: "key" };
const EMPTY: LargeRows = {
  ...EVERYTHING,
  from: 0,
  rows: [],
  total: 0,
  approximate: false,
  isWaiting: true,
  boardTotal: undefined,
  problem: undefined,
};

const isSameWish = (a: Wish, b: Wish): boolean => a.search === b.search && a.prefix === b.prefix && a.order === b.order;

/** `onChange`: call `update` soon. */
export function createLargeBoard(board: Board, onChange: () => void): LargeBoard {
  const listeners = new Set<() => void>();
  const watched = createWatchedRow(board, onChange);
  let shown = EMPTY;
  let wish = EVERYTHING;
  let place = windowFor(0, 0, undefined, Infinity);
  let subscription = follow();
  let isLive = true;
  let late: ReturnType<typeof setTimeout> | undefined;
  let typing: ReturnType<typeof setTimeout> | undefined;
  /** The subscription is that of the wish before. */
  let isOutdated = false;
  /** Where the board stood when rows were taken last: what is newer is news. */
  let seen = subscription.position;

  function follow(): Subscription {
    const { search, prefix, order } = wish;
    const sort = order === "key" ? "key" : "changed";
    const mine = board.subscribe(
      { entries: { window: { sort, ...place, search, prefix } } },
      { name: `rows-${sort}`, rateMs: RATE_MS[order] },
    );
    mine.window.onChange(onChange);
    mine.onCondition(onChange);
    return mine;
  }

  /** Another subscription, so that no row of the one before is taken for one of this. */
  function followAnew(): void {
    clearTimeout(typing);
    isOutdated = false;
    subscription.close();
    subscription = follow();
    expect();
  }

  function expect(): void {
    clearTimeout(late);
    late = setTimeout(() => (shown.isWaiting || shown.from !== place.from) && followAnew(), LATE_MS);
  }

  /** While the reader wants no updates, only rows that were not in sight yet are taken. */
  const isHeld = (window: Subscription["window"]["current"]): boolean =>
    !isLive && !shown.isWaiting && window.from === shown.from;

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
    watched,
    show(first, count) {
      // What is in sight are still the rows of the search before.
      if (shown.isWaiting) return;
      const next = windowFor(first, count, place, shown.total);
      if (next === place) return;
      place = next;
      subscription.window.move(place.from, place.count);
      expect();
    },
    search(next) {
      if (isSameWish(next, wish)) return;
      const isTyped = next.order === wish.order;
      wish = next;
      place = windowFor(0, 0, undefined, Infinity);
      isOutdated = true;
      publish({ ...shown, isWaiting: true });
      clearTimeout(typing);
      if (isTyped) typing = setTimeout(followAnew, TYPING_MS);
      else followAnew();
    },
    setLive(on) {
      isLive = on;
      watched.setLive(on);
      onChange();
    },
    update() {
      const { condition, window, position } = subscription;
      const problem = condition.problem?.detail;
      const { current } = window;
      if (condition.held === "nothing" || isOutdated || isHeld(current)) {
        if (problem !== shown.problem) publish({ ...shown, problem });
        watched.update(shown.rows, seen.seq);
        return shown;
      }
      const before = new Map(shown.rows.map((row) => [row.key, row]));
      const nowMs = Date.now();
      const clock = subscription.clock();
      const isNews = ({ seq }: { readonly seq: number }) => seen.epoch === position.epoch && seq > seen.seq;
      const rows = current.rows.map((entry) => rowOf(before.get(entry.key), entry, clock, nowMs, !isNews(entry)));
      const isWhole = wish.search === "" && wish.prefix === "";
      watched.update(rows, seen.seq);
      seen = position;
      publish({
        ...wish,
        from: current.from,
        rows,
        total: current.total,
        approximate: current.approximate,
        isWaiting: false,
        boardTotal: isWhole ? current.total : shown.boardTotal,
        problem,
      });
      return shown;
    },
    close() {
      clearTimeout(late);
      clearTimeout(typing);
      watched.close();
      subscription.close();
    },
  };
}
