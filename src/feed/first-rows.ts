// Owns the first rows of an order that is still being built: one look at all entries keeps the best, which takes a
// hundredth of the time of sorting them. Does not own the order itself (key-rows, changed-rows).
// Approximate: the total is that of the look, and deletes may leave fewer rows than asked for, until the order is ready.

import { compareNames, type Seq } from "../protocol/index.ts";
import type { BoardFeed } from "./board-feed.ts";
import type { RowSource } from "./window-view.ts";

/** Rows of windows that begin so near the start can be shown. */
export const MAX_FIRST_ROWS = 1000;
/** Rows that are kept at least, if there are as many: some may be deleted. */
const KEPT_ROWS = 1200;

interface Row {
  readonly key: string;
  readonly seq: number;
}

/** A unit that UTF-16 and UTF-8 may order differently (key-index). */
const ORDERED_DIFFERENTLY = /[\ud800-\uffff]/;

export class FirstRows implements RowSource {
  readonly isApproximate = true;
  readonly isByChange: boolean;
  readonly #feed: BoardFeed;
  readonly #prefix: string;
  readonly #since: Seq;
  readonly #stopHearing: () => void;
  /** The best come last: at most twice KEPT_ROWS. */
  #rows: Row[] = [];
  /** Rows behind this one were passed over, so none of them can be one of the first any more. */
  #bound: Row | undefined;
  #seen = 0;
  #isReady = false;
  #isClosed = false;
  #version = 1;

  constructor(feed: BoardFeed, prefix: string, isByChange: boolean) {
    this.#feed = feed;
    this.#prefix = prefix;
    this.isByChange = isByChange;
    this.#since = feed.head;
    this.#stopHearing = feed.onKey((key, isThere, seq) => this.#changed(key, isThere, seq));
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  get version(): number {
    return this.#version;
  }

  get total(): number {
    return Math.max(this.#rows.length, this.#prefix === "" ? this.#feed.state.entries.size : this.#seen);
  }

  /** Look at all entries, `step` of them at once. */
  *look(step: number): Generator<void, void, void> {
    let looked = 0;
    for (const row of this.#feed.state.entries.values()) {
      if (this.holds(row.key)) {
        this.#seen++;
        // What changed since it listens is among the rows already, if it is good enough.
        if (row.seq <= this.#since) this.#add(row);
      }
      // Only here, as a row does not outlive a step.
      if (++looked % step === 0) yield;
      if (this.#isClosed) return;
    }
    this.#isReady = true;
    this.#version++;
  }

  holds(key: string): boolean {
    return key.startsWith(this.#prefix);
  }

  slice(from: number, count: number): readonly string[] {
    const end = Math.max(0, this.#rows.length - from);
    const rows = this.#rows.slice(Math.max(0, end - count), end);
    return rows.reverse().map(({ key }) => key);
  }

  close(): void {
    this.#isClosed = true;
    this.#stopHearing();
  }

  /** Whether `a` stands after `b`. */
  #isBehind(a: Row, b: Row): boolean {
    if (this.isByChange) return a.seq < b.seq;
    return ORDERED_DIFFERENTLY.test(b.key) ? compareNames(a.key, b.key) > 0 : a.key > b.key;
  }

  #add(row: Row): void {
    const rows = this.#rows;
    if (rows.length >= KEPT_ROWS) this.#bound ??= rows[0];
    if (this.#bound !== undefined && this.#isBehind(row, this.#bound)) return;
    let low = 0;
    let high = rows.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#isBehind(rows[middle] as Row, row)) low = middle + 1;
      else high = middle;
    }
    rows.splice(low, 0, row);
    if (rows.length < 2 * KEPT_ROWS) return;
    this.#rows = rows.slice(-KEPT_ROWS);
    this.#bound = this.#rows[0];
  }

  #changed(key: string, isThere: boolean, seq: Seq): void {
    if (!this.holds(key)) return;
    const place = this.#rows.findIndex((row) => row.key === key);
    if (isThere && place !== -1 && !this.isByChange) return;
    if (place !== -1) this.#rows.splice(place, 1);
    if (isThere) this.#add({ key, seq });
    this.#version++;
  }
}
