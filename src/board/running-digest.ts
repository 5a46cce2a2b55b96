// Owns the multiset hash over everything on the board while it changes (rule 18), and when its hashing is paid.
// Does not own what a line says (lines). Entries change far oftener than a digest is asked for, so a changed entry only
// carries the line that the sum still holds for its key, and is settled later: a key that changes a thousand times in
// between costs two hashes, not two thousand. Invariant: after `settled()` the sum is that of the items as they are.

import type { Entry } from "../protocol/index.ts";
import { Lanes } from "./lanes.ts";
import { entryLine } from "./lines.ts";
import type { Sha256 } from "./state.ts";

/** An entry as the board keeps it. */
export interface KeptEntry extends Entry {
  /** The line that the sum holds for this key, "" for none; undefined once it is this entry's own. Only for the digest. */
  held: string | undefined;
  /** The record with which its value began: the put, or the merge that started it. What was merged since came after. */
  readonly base: number;
  readonly erased: boolean;
}

/** Entries that may wait to be settled. At the bound, each further one settles the longest waiting: no stall. */
const MAX_UNSETTLED = 16_384;

export class RunningDigest {
  readonly #sha256: Sha256;
  readonly #entries: ReadonlyMap<string, KeptEntry>;
  #lanes = new Lanes();
  /** Keys whose entry has to be settled, oldest first; some are settled or gone when their turn comes. */
  #waiting: string[] = [];
  #from = 0;
  #deferred = false;

  constructor(sha256: Sha256, entries: ReadonlyMap<string, KeptEntry>) {
    this.#sha256 = sha256;
    this.#entries = entries;
  }

  add(line: string): void {
    this.#lanes.add(this.#sha256(line));
  }

  subtract(line: string): void {
    this.#lanes.subtract(this.#sha256(line));
  }

  /**
   * Leave entries out until the returned function adds them all up: two hashes less per record of a long replay.
   * Only from a board without entries; otherwise nothing is deferred, and the function does nothing.
   */
  defer(): () => void {
    if (this.#entries.size > 0) return () => {};
    this.#deferred = true;
    return () => {
      this.#deferred = false;
      for (const entry of this.#entries.values()) this.add(entryLine(entry));
    };
  }

  /** The entry of a key was `before` and is now `next`. */
  entryChanged(before: KeptEntry | undefined, next: KeptEntry | undefined): void {
    if (this.#deferred) return;
    const held = before === undefined ? "" : (before.held ?? entryLine(before));
    if (next === undefined) {
      if (held !== "") this.subtract(held);
      return;
    }
    next.held = held;
    if (before !== undefined && before.held !== undefined) return;
    this.#waiting.push(next.key);
    if (this.#waiting.length - this.#from > MAX_UNSETTLED) this.#settleOldest();
  }

  /** The sum with everything settled. Costs two hashes for each entry that waited. */
  settled(): Lanes {
    for (let i = this.#from; i < this.#waiting.length; i++) this.#settle(this.#waiting[i] as string);
    this.#waiting = [];
    this.#from = 0;
    return this.#lanes;
  }

  /** Take the sum from a snapshot, whose entries are put in without being noted. */
  restore(hex: string): void {
    this.#lanes = Lanes.from(hex);
  }

  #settleOldest(): void {
    this.#settle(this.#waiting[this.#from++] as string);
    if (this.#from < MAX_UNSETTLED) return;
    this.#waiting = this.#waiting.slice(this.#from);
    this.#from = 0;
  }

  #settle(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined || entry.held === undefined) return;
    if (entry.held !== "") this.subtract(entry.held);
    this.add(entryLine(entry));
    entry.held = undefined;
  }
}
