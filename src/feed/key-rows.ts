// Owns the rows of a board by key: one index for the whole board, of which every window with a prefix is a range.
// Does not own windows. The index is built in slices; what changes meanwhile is added at the end.

import { compareNames } from "../protocol/index.ts";
import type { BoardFeed } from "./board-feed.ts";
import { KeyIndex } from "./key-index.ts";
import { sortInSlices } from "./sliced-sort.ts";
import type { RowSource } from "./window-view.ts";

export class KeyOrder {
  readonly #feed: BoardFeed;
  readonly #sources = new Set<{ readonly prefix: string; version: number }>();
  readonly #stopHearing: () => void;
  #index: KeyIndex | undefined;
  /** Keys that came or went while the index was built. */
  #meanwhile: Set<string> | undefined = new Set();

  constructor(feed: BoardFeed) {
    this.#feed = feed;
    this.#stopHearing = feed.onKey((key, isThere) => this.#changed(key, isThere));
  }

  /** Build the index; each step is a bounded amount of work. */
  *build(): Generator<void, void, void> {
    const { entries } = this.#feed.state;
    const keys: string[] = [];
    for (const key of entries.keys()) {
      keys.push(key);
      if (keys.length % 16_384 === 0) yield;
    }
    const sorted = yield* sortInSlices(keys, compareNames);
    // A key that left and came back during the walk was seen twice.
    const index = KeyIndex.fromSorted(sorted.filter((key, i) => i === 0 || key !== sorted[i - 1]));
    for (const key of this.#meanwhile ?? []) {
      if (entries.has(key)) index.add(key);
      else index.delete(key);
    }
    this.#index = index;
    this.#meanwhile = undefined;
  }

  open(prefix: string): RowSource {
    const own = { prefix, version: 1 };
    this.#sources.add(own);
    const range = (): { from: number; to: number } => {
      const index = this.#index;
      if (index === undefined) return { from: 0, to: 0 };
      return prefix === "" ? { from: 0, to: index.size } : index.rangeOfPrefix(prefix);
    };
    const isReady = (): boolean => this.#index !== undefined;
    const slice = (first: number, count: number): readonly string[] => {
      const { from, to } = range();
      return this.#index?.slice(from + first, Math.max(0, Math.min(count, to - from - first))) ?? [];
    };
    return {
      get isReady() {
        return isReady();
      },
      get total() {
        const { from, to } = range();
        return to - from;
      },
      isApproximate: false,
      get version() {
        return own.version;
      },
      isByChange: false,
      holds: (key) => key.startsWith(prefix),
      slice,
      close: () => void this.#sources.delete(own),
    };
  }

  close(): void {
    this.#stopHearing();
  }

  #changed(key: string, isThere: boolean): void {
    if (this.#index === undefined) {
      this.#meanwhile?.add(key);
      return;
    }
    const isStructural = isThere ? this.#index.add(key) : this.#index.delete(key);
    if (!isStructural) return;
    for (const source of this.#sources) if (key.startsWith(source.prefix)) source.version++;
  }
}
