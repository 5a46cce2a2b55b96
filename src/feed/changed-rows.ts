// Owns the rows of one prefix in order of last change, the newest first: for windows that are sorted so.
// Does not own windows. Built in slices when the first one opens, and gone with the last.

import type { BoardFeed } from "./board-feed.ts";
import { ChangeRank } from "./change-rank.ts";
import { sortInSlices } from "./sliced-sort.ts";
import type { RowSource } from "./window-view.ts";
import { type Seq, seq as seqOf } from "../protocol/index.ts";

export class ChangedRows implements RowSource {
  readonly isApproximate = false;
  readonly isByChange = true;
  readonly #feed: BoardFeed;
  readonly #prefix: string;
  readonly #onUnused: () => void;
  readonly #stopHearing: () => void;
  #rank: ChangeRank | undefined;
  #users = 0;
  #version = 1;

  constructor(feed: BoardFeed, prefix: string, onUnused: () => void) {
    this.#feed = feed;
    this.#prefix = prefix;
    this.#onUnused = onUnused;
    this.#stopHearing = feed.onKey((key, isThere, seq) => this.#changed(key, isThere, seq));
  }

  get isReady(): boolean {
    return this.#rank !== undefined;
  }

  get total(): number {
    return this.#rank?.size ?? 0;
  }

  get version(): number {
    return this.#version;
  }

  /** Each step is a bounded amount of work. What changes meanwhile comes after everything that was there at the start. */
  *build(): Generator<void, void, void> {
    const { state, head } = this.#feed;
    const found: { readonly key: string; readonly seq: number }[] = [];
    let looked = 0;
    for (const { key, seq } of state.entries.values()) {
      if (key.startsWith(this.#prefix) && seq <= head) found.push({ key, seq });
      if (++looked % 16_384 === 0) yield;
    }
    const sorted = yield* sortInSlices(found, (a, b) => a.seq - b.seq);
    const rank = new ChangeRank();
    let touched = 0;
    for (const { key, seq } of sorted) {
      // Changed or gone since it was found: its new place comes below.
      if (state.entries.get(key)?.seq === seq) rank.touch(key, seqOf(seq));
      if (++touched % 4096 === 0) yield;
    }
    // One turn for the rest: what changed since the walk began, oldest first.
    const late: { readonly key: string; readonly seq: Seq }[] = [];
    for (const key of this.#feed.keysSince(head)) {
      const entry = state.entries.get(key);
      if (entry !== undefined && key.startsWith(this.#prefix)) late.push({ key, seq: entry.seq });
    }
    late.sort((a, b) => a.seq - b.seq);
    for (const { key } of late) rank.forget(key);
    for (const { key, seq } of late) rank.touch(key, seq);
    for (const key of this.#feed.keysSince(head)) if (!state.entries.has(key)) rank.forget(key);
    this.#rank = rank;
    this.#version++;
  }

  open(): RowSource {
    this.#users++;
    return this;
  }

  holds(key: string): boolean {
    return key.startsWith(this.#prefix);
  }

  slice(from: number, count: number): readonly string[] {
    return this.#rank?.slice(from, count) ?? [];
  }

  close(): void {
    if (--this.#users > 0) return;
    this.#stopHearing();
    this.#onUnused();
  }

  #changed(key: string, isThere: boolean, seq: Seq): void {
    if (this.#rank === undefined || !key.startsWith(this.#prefix)) return;
    const before = this.#rank.size;
    if (isThere) this.#rank.touch(key, seq);
    else this.#rank.forget(key);
    if (this.#rank.size !== before) this.#version++;
  }
}
