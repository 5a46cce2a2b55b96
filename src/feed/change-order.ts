// Owns the names of a board in the order of their last change, and with it "what changed since position S" (L3).
// Does not own the items, nor who may see them. Invariant: a name is held once, at its last change, above the floor.

import type { Seq } from "../protocol/index.ts";

/** Link of the list. `older` and `newer` lead to its neighbours, or nowhere at the ends. */
interface Change {
  readonly name: string;
  seq: Seq;
  older: Change | undefined;
  newer: Change | undefined;
}

export interface ChangeOrderOptions {
  /** Position up to which the caller knows nothing of what changed: the oldest that `since` answers. */
  readonly floor: Seq;
  /** Names held at most; one more drops the oldest tenth and raises the floor (L6). */
  readonly maxNames: number;
}

export class ChangeOrder {
  readonly #maxNames: number;
  readonly #changes = new Map<string, Change>();
  #oldest: Change | undefined;
  #newest: Change | undefined;
  #floor: Seq;
  /** Highest seq that was ever touched, which also a forgotten name may have had. */
  #last: Seq;

  constructor({ floor, maxNames }: ChangeOrderOptions) {
    if (!(maxNames >= 1)) throw new RangeError(`maxNames is ${maxNames}, which is not at least 1`);
    this.#maxNames = maxNames;
    this.#floor = floor;
    this.#last = floor;
  }

  get size(): number {
    return this.#changes.size;
  }

  /** Oldest position that `since` answers for. A client that stands below it starts over (rule 13). */
  get floor(): Seq {
    return this.#floor;
  }

  /** Note that the record at `seq` changed this name. Names of one record keep the order in which they are touched. */
  touch(name: string, seq: Seq): void {
    if (seq < this.#last) throw new RangeError(`"${name}" changed at ${seq}, after a change at ${this.#last}`);
    this.#last = seq;
    // A record that names more than may be held reaches the floor itself: whoever stands there has seen all of it.
    if (seq === this.#floor) {
      this.forget(name);
      return;
    }
    const known = this.#changes.get(name);
    if (known !== undefined) {
      known.seq = seq;
      if (known === this.#newest) return;
      this.#unlink(known);
      this.#append(known);
      return;
    }
    const change: Change = { name, seq, older: undefined, newer: undefined };
    this.#changes.set(name, change);
    this.#append(change);
    if (this.#changes.size > this.#maxNames) this.#dropOldest(Math.max(1, Math.floor(this.#maxNames / 10)));
  }

  /** Let go of a name that nobody has to be told about any more. The floor stays: the caller answers for the gap. */
  forget(name: string): void {
    const change = this.#changes.get(name);
    if (change === undefined) return;
    this.#changes.delete(name);
    this.#unlink(change);
  }

  /** Last change of the name, or undefined where it is not held. */
  seqOf(name: string): Seq | undefined {
    return this.#changes.get(name)?.seq;
  }

  /** Names that changed after `seq`, oldest change first. Costs as much as there are names in the answer. */
  since(seq: Seq): string[] {
    if (seq < this.#floor)
      throw new RangeError(`changes since ${seq} are asked for, but are known since ${this.#floor}`);
    const names: string[] = [];
    for (let change = this.#newest; change !== undefined && change.seq > seq; change = change.older) {
      names.push(change.name);
    }
    return names.reverse();
  }

  #append(change: Change): void {
    change.older = this.#newest;
    change.newer = undefined;
    if (this.#newest === undefined) this.#oldest = change;
    else this.#newest.newer = change;
    this.#newest = change;
  }

  #unlink({ older, newer }: Change): void {
    if (older === undefined) this.#oldest = newer;
    else older.newer = newer;
    if (newer === undefined) this.#newest = older;
    else newer.older = older;
  }

  /** Drop that many, and the rest of the last record that this reaches: the floor cannot lie within a record. */
  #dropOldest(count: number): void {
    let left = count;
    for (let change = this.#oldest; change !== undefined; change = change.newer) {
      if (left <= 0 && change.seq > this.#floor) break;
      this.#floor = change.seq;
      this.#changes.delete(change.name);
      this.#unlink(change);
      left--;
    }
  }
}
