// Owns running totals over a row of counts (a Fenwick tree): which place holds the item of a rank, and how many items lie
// before a place, both in log n. Does not own what is counted.

/** Where an item of some rank is: the place whose count covers it, and how many items of that place come before it. */
export interface Found {
  readonly place: number;
  readonly offset: number;
}

const lowestBit = (i: number): number => i & -i;

export class Fenwick {
  /** From 1 on: node i holds the sum of the `lowestBit(i)` counts that end with place i - 1. */
  #nodes = new Int32Array(16);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Start over with these counts. O(n). */
  reset(length: number, countAt: (place: number) => number): void {
    if (this.#nodes.length <= length) this.#nodes = new Int32Array(length * 2);
    const nodes = this.#nodes;
    for (let i = 1; i <= length; i++) nodes[i] = countAt(i - 1);
    for (let i = 1; i <= length; i++) {
      const parent = i + lowestBit(i);
      if (parent <= length) nodes[parent] = (nodes[parent] as number) + (nodes[i] as number);
    }
    this.#length = length;
  }

  /** One more place, at the end. */
  push(count: number): void {
    const end = ++this.#length;
    if (end === this.#nodes.length) {
      const nodes = new Int32Array(end * 2);
      nodes.set(this.#nodes);
      this.#nodes = nodes;
    }
    let sum = count;
    for (let width = 1; width < lowestBit(end); width *= 2) sum += this.#nodes[end - width] as number;
    this.#nodes[end] = sum;
  }

  add(place: number, change: number): void {
    const nodes = this.#nodes;
    for (let i = place + 1; i <= this.#length; i += lowestBit(i)) nodes[i] = (nodes[i] as number) + change;
  }

  /** Number of items in all places before this one. */
  sumBefore(place: number): number {
    let sum = 0;
    for (let i = place; i > 0; i -= lowestBit(i)) sum += this.#nodes[i] as number;
    return sum;
  }

  /** The item of this rank, which has to be smaller than the number of items. Empty places are passed over. */
  find(rank: number): Found {
    let place = 0;
    let offset = rank;
    for (let width = 2 ** (31 - Math.clz32(this.#length)); width >= 1; width /= 2) {
      const next = place + width;
      if (next > this.#length) continue;
      const items = this.#nodes[next] as number;
      if (items > offset) continue;
      place = next;
      offset -= items;
    }
    return { place, offset };
  }
}
