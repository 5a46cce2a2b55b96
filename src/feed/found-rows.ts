// Owns the keys of one search: what was found so far, kept up while the board changes (W-WIN-5).
// Does not own the looking (a worker of the server's). Bounded: at MAX_FOUND keys it ends and stays approximate.

import { type Seq, seq as seqOf } from "../protocol/index.ts";
import type { BoardFeed } from "./board-feed.ts";
import { ChangeRank } from "./change-rank.ts";
import { KeyIndex } from "./key-index.ts";
import type { RowSource } from "./window-view.ts";

/** Keys that a search finds at most. */
export const MAX_FOUND = 10_000;

export interface FoundRowsOptions {
  readonly feed: BoardFeed;
  readonly prefix: string;
  readonly text: string;
  readonly onChange: () => void;
  /** Nobody looks at it any more. */
  readonly onUnused: () => void;
}

export class FoundRows {
  readonly prefix: string;
  /** In lower case. */
  readonly text: string;
  readonly #options: FoundRowsOptions;
  readonly #stopHearing: () => void;
  readonly #found = new KeyIndex();
  /** The same by last change, once somebody asks for it; made anew while the search still finds some. */
  #byChange: ChangeRank | undefined;
  #users = 0;
  #isOver = false;
  /** There are hits that are not among the found. */
  #isCut = false;
  #version = 1;

  constructor(options: FoundRowsOptions) {
    this.#options = options;
    this.prefix = options.prefix;
    this.text = options.text.toLowerCase();
    this.#stopHearing = options.feed.onKey((key, isThere, seq) => this.#changed(key, isThere, seq));
  }

  get isApproximate(): boolean {
    return !this.#isOver || this.#isCut;
  }

  /** More keys of those that were there when the search began. Returns false once it has enough. */
  found(keys: readonly string[]): boolean {
    const before = this.#found.size;
    for (const key of keys) if (this.#options.feed.state.entries.has(key)) this.#add(key);
    if (this.#found.size >= MAX_FOUND) this.#isCut = true;
    if (this.#found.size !== before) {
      this.#byChange = undefined;
      this.#hasChanged();
    }
    return !this.#isCut;
  }

  /** Every key was looked at, or it has enough. */
  complete(): void {
    this.#isOver = true;
    this.#hasChanged();
  }

  /** The search ended before it had looked at every key. */
  giveUp(): void {
    this.#isCut = true;
    this.complete();
  }

  holds(key: string): boolean {
    return key.startsWith(this.prefix) && key.toLowerCase().includes(this.text);
  }

  get total(): number {
    return this.#found.size;
  }

  /** Grows whenever a key comes to be found or is gone, or `isApproximate` changes. */
  get version(): number {
    return this.#version;
  }

  slice(isByChange: boolean, from: number, count: number): readonly string[] {
    return (isByChange ? this.#rankByChange() : this.#found).slice(from, count);
  }

  /** The found keys as rows of a window, which closes them. */
  open(isByChange: boolean): RowSource {
    this.#users++;
    return new FoundSource(this, isByChange, () => {
      if (--this.#users > 0) return;
      this.#stopHearing();
      this.#options.onUnused();
    });
  }

  #rankByChange(): ChangeRank {
    if (this.#byChange === undefined) {
      const { entries } = this.#options.feed.state;
      const rows = this.#found.slice(0, this.#found.size).map((key) => ({ key, seq: entries.get(key)?.seq ?? 0 }));
      this.#byChange = new ChangeRank();
      for (const { key, seq } of rows.sort((a, b) => a.seq - b.seq)) this.#byChange.touch(key, seqOf(seq));
    }
    return this.#byChange;
  }

  #hasChanged(): void {
    this.#version++;
    this.#options.onChange();
  }

  #has(key: string): boolean {
    return this.#found.at(this.#found.rankOf(key)) === key;
  }

  /** True if the key is new among the found. */
  #add(key: string): boolean {
    if (this.#found.size < MAX_FOUND) return this.#found.add(key);
    if (!this.#has(key)) this.#isCut = true;
    return false;
  }

  #changed(key: string, isThere: boolean, seq: Seq): void {
    if (!this.holds(key)) return;
    const wasApproximate = this.isApproximate;
    const before = this.#found.size;
    if (!isThere) {
      this.#found.delete(key);
      this.#byChange?.forget(key);
    } else if (this.#add(key) || this.#has(key)) this.#byChange?.touch(key, seq);
    // Whoever heard of the record looks at the rows anyway: only the version tells that they are others.
    if (this.#found.size !== before || this.isApproximate !== wasApproximate) this.#version++;
  }
}

class FoundSource implements RowSource {
  /** Rows can be shown from the start: they grow. */
  readonly isReady = true;
  readonly isByChange: boolean;
  readonly #search: FoundRows;
  #onClose: (() => void) | undefined;

  constructor(search: FoundRows, isByChange: boolean, onClose: () => void) {
    this.#search = search;
    this.isByChange = isByChange;
    this.#onClose = onClose;
  }

  get total(): number {
    return this.#search.total;
  }

  get isApproximate(): boolean {
    return this.#search.isApproximate;
  }

  get version(): number {
    return this.#search.version;
  }

  holds(key: string): boolean {
    return this.#search.holds(key);
  }

  slice(from: number, count: number): readonly string[] {
    return this.#search.slice(this.isByChange, from, count);
  }

  close(): void {
    this.#onClose?.();
    this.#onClose = undefined;
  }
}
