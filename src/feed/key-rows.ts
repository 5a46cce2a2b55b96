// Owns the rows of a board by key: one index for the whole board, of which every window with a prefix is a range.
// Does not own windows. The index is built in slices; what changes meanwhile is added at the end.

import { compareNames } from "../protocol/index.ts";
import type { BoardFeed } from "./board-feed.ts";
import { KeyIndex, keysOrder } from "./key-index.ts";
import { sortInSlices } from "./sliced-sort.ts";
import type { RowSource } from "./window-view.ts";

/** To put a key in its place takes so many times as long as to look at it. */
const PUT_COST = 16;

export class KeyOrder {
  readonly #feed: BoardFeed;
  readonly #sources = new Set<KeySource>();
  readonly #stopHearing: () => void;
  #index: KeyIndex | undefined;
  /** Keys that came or went while the index was built. */
  #meanwhile = new Set<string>();
  #isClosed = false;

  constructor(feed: BoardFeed) {
    this.#feed = feed;
    this.#stopHearing = feed.onKey((key, isThere) => this.#changed(key, isThere));
  }

  /** Undefined while it is built. */
  get index(): KeyIndex | undefined {
    return this.#index;
  }

  /** Build the index, in steps that look at so many keys each. */
  *build(step: number): Generator<void, void, void> {
    const { entries } = this.#feed.state;
    const keys: string[] = [];
    let order = keysOrder("");
    for (const key of entries.keys()) {
      keys.push(key);
      if (order !== compareNames) order = keysOrder(key);
      if (keys.length % step === 0) yield;
      if (this.#isClosed) return;
    }
    const index = yield* KeyIndex.fromSortedInSlices(yield* sortInSlices(keys, order, step), step);
    while (this.#meanwhile.size > 0) {
      const changed = this.#meanwhile;
      this.#meanwhile = new Set();
      let done = 0;
      for (const key of changed) {
        if (entries.has(key)) index.add(key);
        else index.delete(key);
        if ((done += PUT_COST) % step < PUT_COST) yield;
      }
    }
    if (this.#isClosed) return;
    this.#index = index;
    this.#feed.byKey = index;
  }

  open(prefix: string): RowSource {
    const source = new KeySource(this, prefix, () => this.#sources.delete(source));
    this.#sources.add(source);
    return source;
  }

  close(): void {
    this.#isClosed = true;
    this.#stopHearing();
    if (this.#feed.byKey === this.#index) this.#feed.byKey = undefined;
  }

  #changed(key: string, isThere: boolean): void {
    if (this.#index === undefined) {
      this.#meanwhile.add(key);
      return;
    }
    const isStructural = isThere ? this.#index.add(key) : this.#index.delete(key);
    if (!isStructural) return;
    for (const source of this.#sources) if (source.holds(key)) source.version++;
  }
}

class KeySource implements RowSource {
  readonly isApproximate = false;
  readonly isByChange = false;
  version = 1;
  readonly #order: KeyOrder;
  readonly #prefix: string;
  readonly #onClose: () => void;

  constructor(order: KeyOrder, prefix: string, onClose: () => void) {
    this.#order = order;
    this.#prefix = prefix;
    this.#onClose = onClose;
  }

  get isReady(): boolean {
    return this.#order.index !== undefined;
  }

  get total(): number {
    const { from, to } = this.#range();
    return to - from;
  }

  holds(key: string): boolean {
    return key.startsWith(this.#prefix);
  }

  slice(first: number, count: number): readonly string[] {
    const { from, to } = this.#range();
    return this.#order.index?.slice(from + first, Math.max(0, Math.min(count, to - from - first))) ?? [];
  }

  close(): void {
    this.#onClose();
  }

  #range(): { readonly from: number; readonly to: number } {
    const { index } = this.#order;
    return index === undefined ? { from: 0, to: 0 } : index.rangeOfPrefix(this.#prefix);
  }
}
