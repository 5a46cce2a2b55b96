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
  #isBoundPlain = false;
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
    const prefix = this.#prefix;
    let looked = 0;
    for (const [key, row] of this.#feed.state.entries) {
      if (prefix === "" || key.startsWith(prefix)) {
        this.#seen++;
        // What changed since it listens is among the rows already, if it is good enough. The key is compared first, as
        // entries are spread over the memory.
        if (!this.#isBeyond(key, row) && row.seq <= this.#since) this.#add(row);
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
    // A batch that is taken back moves an entry to the end of the board's map: the look then met it twice.
    const keys = new Set<string>();
    for (let i = this.#rows.length - 1; i >= 0 && keys.size < from + count; i--) keys.add((this.#rows[i] as Row).key);
    return [...keys].slice(from);
  }

  close(): void {
    this.#isClosed = true;
    this.#stopHearing();
  }

  /** Whether `a` stands after `b`. */
  #isBehind(a: Row, b: Row): boolean {
    return this.isByChange ? a.seq < b.seq : isKeyBehind(a.key, b.key);
  }

  /** Whether it is passed over. */
  #isBeyond(key: string, row: { readonly seq: number }): boolean {
    const bound = this.#bound;
    if (bound === undefined) return false;
    if (this.isByChange) return row.seq < bound.seq;
    return this.#isBoundPlain ? key > bound.key : isKeyBehind(key, bound.key);
  }

  #passOver(bound: Row): void {
    this.#bound = bound;
    this.#isBoundPlain = !ORDERED_DIFFERENTLY.test(bound.key);
  }

  #add(row: Row): void {
    const rows = this.#rows;
    if (rows.length >= KEPT_ROWS && this.#bound === undefined) this.#passOver(rows[0] as Row);
    if (this.#isBeyond(row.key, row)) return;
    const best = rows.at(-1);
    // Entries of a board that has only been written to come in the order of their changes.
    let low = best === undefined || !this.#isBehind(row, best) ? rows.length : 0;
    let high = rows.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#isBehind(row, rows[middle] as Row)) high = middle;
      else low = middle + 1;
    }
    rows.splice(low, 0, row);
    if (rows.length < 2 * KEPT_ROWS) return;
    this.#rows = rows.slice(-KEPT_ROWS);
    this.#passOver(this.#rows[0] as Row);
  }

  #changed(key: string, isThere: boolean, seq: Seq): void {
    if (!this.holds(key)) return;
    const isHeld = this.#rows.some((row) => row.key === key);
    if (isHeld && isThere && !this.isByChange) return;
    if (isHeld) this.#rows = this.#rows.filter((row) => row.key !== key);
    if (isThere) this.#add({ key, seq });
    this.#version++;
  }
}

function isKeyBehind(a: string, b: string): boolean {
  return ORDERED_DIFFERENTLY.test(b) ? compareNames(a, b) > 0 : a > b;
}
