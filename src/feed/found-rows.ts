// Owns the rows of one search over keys: what was found so far, kept up while the board changes (W-WIN-5).
// Does not own the looking (a worker of the server's). Bounded: at MAX_FOUND keys it ends and stays approximate.

import type { BoardFeed } from "./board-feed.ts";
import { KeyIndex } from "./key-index.ts";
import type { RowSource } from "./window-view.ts";

/** Keys that a search finds at most. */
export const MAX_FOUND = 10_000;

export class FoundRows implements RowSource {
  /** Rows can be shown from the start: they grow. */
  readonly isReady = true;
  readonly isByChange: boolean;
  readonly prefix: string;
  /** In lower case. */
  readonly text: string;
  readonly #feed: BoardFeed;
  readonly #onClose: () => void;
  readonly #onChange: () => void;
  readonly #stopHearing: () => void;
  readonly #found = new KeyIndex();
  #isComplete = false;
  #version = 1;

  constructor(options: {
    readonly feed: BoardFeed;
    readonly prefix: string;
    readonly text: string;
    readonly isByChange: boolean;
    readonly onChange: () => void;
    readonly onClose: () => void;
  }) {
    this.#feed = options.feed;
    this.prefix = options.prefix;
    this.text = options.text.toLowerCase();
    this.isByChange = options.isByChange;
    this.#onChange = options.onChange;
    this.#onClose = options.onClose;
    this.#stopHearing = options.feed.onKey((key, isThere) => this.#changed(key, isThere));
  }

  get isApproximate(): boolean {
    return !this.#isComplete;
  }

  get total(): number {
    return this.#found.size;
  }

  get version(): number {
    return this.#version;
  }

  /** More keys of those that were there when the search began. Returns false once it has enough. */
  found(keys: readonly string[]): boolean {
    for (const key of keys) if (this.#feed.state.entries.has(key)) this.#add(key);
    this.#version++;
    this.#onChange();
    return this.#found.size < MAX_FOUND;
  }

  /** Every key was looked at. */
  complete(): void {
    this.#isComplete = this.#found.size < MAX_FOUND;
    this.#version++;
    this.#onChange();
  }

  holds(key: string): boolean {
    return key.startsWith(this.prefix) && key.toLowerCase().includes(this.text);
  }

  slice(from: number, count: number): readonly string[] {
    if (!this.isByChange) return this.#found.slice(from, count);
    const { entries } = this.#feed.state;
    const seqOf = (key: string): number => entries.get(key)?.seq ?? 0;
    const keys = this.#found.slice(0, this.#found.size);
    return keys.sort((a, b) => seqOf(b) - seqOf(a)).slice(from, from + count);
  }

  close(): void {
    this.#stopHearing();
    this.#onClose();
  }

  #add(key: string): void {
    if (this.#found.size < MAX_FOUND) this.#found.add(key);
  }

  #changed(key: string, isThere: boolean): void {
    if (!this.holds(key)) return;
    const before = this.#found.size;
    if (isThere) this.#add(key);
    else this.#found.delete(key);
    if (this.#found.size !== before) this.#version++;
  }
}
