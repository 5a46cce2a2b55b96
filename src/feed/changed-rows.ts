// Owns the rows of one prefix in order of last change, the newest first: for windows that are sorted so.
// Does not own windows. Built in slices when the first one opens, and gone with the last.

import type { Entry, Seq } from "../protocol/index.ts";
import type { BoardFeed } from "./board-feed.ts";
import { ChangeRank } from "./change-rank.ts";
import { sortInSlices } from "./sliced-sort.ts";
import type { RowSource } from "./window-view.ts";

/** To put a name in its place takes so many times as long as to look at it. */
const PUT_COST = 16;

export class ChangedRows implements RowSource {
  readonly isApproximate = false;
  readonly isByChange = true;
  readonly #feed: BoardFeed;
  readonly #prefix: string;
  readonly #onUnused: () => void;
  readonly #stopHearing: () => void;
  #rank: ChangeRank | undefined;
  /** What changed after this is heard. */
  readonly #since: Seq;
  /** Keys that changed while the rank was built, and where last; the oldest change first. */
  #meanwhile = new Map<string, Seq>();
  #users = 0;
  #isClosed = false;
  #version = 1;

  constructor(feed: BoardFeed, prefix: string, onUnused: () => void) {
    this.#feed = feed;
    this.#prefix = prefix;
    this.#onUnused = onUnused;
    this.#since = feed.head;
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

  /** In steps that look at so many entries each. What changes meanwhile comes after everything that was there at the start. */
  *build(step: number): Generator<void, void, void> {
    const { state } = this.#feed;
    const found: Entry[] = [];
    let done = 0;
    for (const entry of state.entries.values()) {
      if (entry.seq <= this.#since && this.holds(entry.key)) found.push(entry);
      if (++done % step === 0) yield;
      if (this.#isClosed) return;
    }
    const rank = new ChangeRank();
    for (const { key, seq } of yield* sortInSlices(found, (a, b) => a.seq - b.seq, step)) {
      // What changed or went since has its place below. (To look the entry up would take longer than all the rest.)
      if (!this.#meanwhile.has(key)) rank.touch(key, seq);
      if ((done += PUT_COST) % step < PUT_COST) yield;
      if (this.#isClosed) return;
    }
    while (this.#meanwhile.size > 0) {
      const changed = this.#meanwhile;
      this.#meanwhile = new Map();
      for (const [key, seq] of changed) {
        if (state.entries.has(key)) rank.touch(key, seq);
        else rank.forget(key);
        if ((done += PUT_COST) % step < PUT_COST) yield;
      }
    }
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
    this.#isClosed = true;
    this.#stopHearing();
    this.#onUnused();
  }

  #changed(key: string, isThere: boolean, seq: Seq): void {
    if (!this.holds(key)) return;
    if (this.#rank === undefined) {
      this.#meanwhile.delete(key);
      this.#meanwhile.set(key, seq);
      return;
    }
    const before = this.#rank.size;
    if (isThere) this.#rank.touch(key, seq);
    else this.#rank.forget(key);
    if (this.#rank.size !== before) this.#version++;
  }
}
