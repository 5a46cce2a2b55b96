// Owns the multiset hash over everything on the board while it changes (rule 18), and when its hashing is paid.
// Does not own what a line says (lines). Entries change far oftener than a digest is asked for, so a changed entry is
// only noted with the line that the sum still holds for it, and settled later: a key that changes a thousand times in
// between costs two hashes, not two thousand. Invariant: after `settled()` the sum is that of the items as they are.

import type { Entry } from "../protocol/index.ts";
import { Lanes } from "./lanes.ts";
import { entryLine } from "./lines.ts";
import type { Sha256 } from "./state.ts";

/** Entries that may wait to be settled. At the bound, each further change settles the longest waiting one: no stall. */
const MAX_UNSETTLED = 16_384;

export class RunningDigest {
  readonly #sha256: Sha256;
  readonly #entries: ReadonlyMap<string, Entry>;
  #lanes = new Lanes();
  /** By key, the line that the sum holds; "" for none. */
  readonly #unsettled = new Map<string, string>();
  /** Goes on where it was: a fresh iterator would walk over every deleted place again. */
  #oldest = this.#unsettled.entries();

  constructor(sha256: Sha256, entries: ReadonlyMap<string, Entry>) {
    this.#sha256 = sha256;
    this.#entries = entries;
  }

  add(line: string): void {
    this.#lanes.add(this.#sha256(line));
  }

  subtract(line: string): void {
    this.#lanes.subtract(this.#sha256(line));
  }

  /** The entry of a key is no longer `before`. */
  entryChanged(key: string, before: Entry | undefined): void {
    if (this.#unsettled.has(key)) return;
    this.#unsettled.set(key, before === undefined ? "" : entryLine(before));
    if (this.#unsettled.size > MAX_UNSETTLED) this.#settleOldest();
  }

  /** The sum with everything settled. Costs two hashes for each entry that waited. */
  settled(): Lanes {
    for (const [key, line] of this.#unsettled) this.#settle(key, line);
    this.#unsettled.clear();
    this.#oldest = this.#unsettled.entries();
    return this.#lanes;
  }

  /** Take the sum from a snapshot, whose entries are put in without being noted. */
  restore(hex: string): void {
    this.#lanes = Lanes.from(hex);
  }

  #settleOldest(): void {
    let next = this.#oldest.next();
    if (next.done === true) {
      this.#oldest = this.#unsettled.entries();
      next = this.#oldest.next();
      if (next.done === true) return;
    }
    const [key, line] = next.value;
    this.#unsettled.delete(key);
    this.#settle(key, line);
  }

  #settle(key: string, held: string): void {
    const entry = this.#entries.get(key);
    const now = entry === undefined ? "" : entryLine(entry);
    if (now === held) return;
    if (held !== "") this.subtract(held);
    if (now !== "") this.add(now);
  }
}
