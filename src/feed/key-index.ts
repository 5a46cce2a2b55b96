// Owns a live sorted set of keys that answers by rank: rows 200 to 250, the rank of a key, the ranks of a prefix.
// Does not own the entries. Invariant: no chunk is empty, and end to end they hold each key once, in order of UTF-8 bytes.

import { compareNames } from "../protocol/index.ts";
import { Fenwick } from "./fenwick.ts";

const MAX_CHUNK = 128;
/** A chunk that falls below this joins a neighbour, if both together stay well below the next split. */
const MIN_CHUNK = 32;
const JOINED_CHUNK = 96;

/**
 * The only units that UTF-16 and UTF-8 order differently are surrogates and those above them. While no key has one, the
 * engine's own comparison says the same in less than half the time, whatever a key is compared with.
 */
const ORDERED_DIFFERENTLY = /[\ud800-\uffff]/;

const byUnits = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** The cheapest order that sorts a key rightly among others that say the same. */
export const keysOrder = (key: string): typeof compareNames => (ORDERED_DIFFERENTLY.test(key) ? compareNames : byUnits);

/** True for a first stretch of the sorted keys and false for the rest, given what is looked for. */
type Precedes = (key: string, wanted: string) => boolean;
const isBelowByUnits: Precedes = (key, wanted) => key < wanted;
const isBelowByBytes: Precedes = (key, wanted) => compareNames(key, wanted) < 0;
/**
 * Keys with a prefix stand together, whatever follows it. No key is made up to mark their end: the "next" prefix may not
 * exist (U+10FFFF) or be half of a surrogate pair.
 */
const isBelowOrHasPrefix: Precedes = (key, prefix) => key.startsWith(prefix) || compareNames(key, prefix) < 0;

export class KeyIndex {
  #chunks: string[][] = [];
  #size = 0;
  /** Sizes of the chunks; out of date while `#stale`, which a split or join sets and the next question by rank mends. */
  readonly #sizes = new Fenwick();
  #stale = false;
  #isBelow = isBelowByUnits;

  /** Keys that are sorted already, each once. Trusts its caller but for a sample. */
  static fromSorted(keys: readonly string[]): KeyIndex {
    const work = KeyIndex.fromSortedInSlices(keys, Infinity);
    for (;;) {
      const next = work.next();
      if (next.done === true) return next.value;
    }
  }

  /** Likewise, in steps of so many keys; here they may repeat. */
  static *fromSortedInSlices(keys: readonly string[], step: number): Generator<void, KeyIndex, void> {
    const index = new KeyIndex();
    let before: string | undefined;
    for (let start = 0; start < keys.length; start += JOINED_CHUNK) {
      const chunk: string[] = [];
      for (const key of keys.slice(start, start + JOINED_CHUNK)) {
        if (key === before) continue;
        chunk.push(key);
        before = key;
        index.#chooseOrder(key);
      }
      const last = index.#chunks.at(-1)?.at(-1);
      const first = chunk[0];
      if (first === undefined) continue;
      if (last !== undefined && compareNames(last, first) >= 0) {
        throw new RangeError(`the keys are not sorted: "${last}" comes before "${first}"`);
      }
      index.#chunks.push(chunk);
      index.#size += chunk.length;
      if (start % step < JOINED_CHUNK && start >= JOINED_CHUNK) yield;
    }
    index.#stale = true;
    return index;
  }

  get size(): number {
    return this.#size;
  }

  /** True if the key is new. */
  add(key: string): boolean {
    this.#chooseOrder(key);
    const place = this.#chunkWhere(this.#isBelow, key);
    const chunk = this.#chunks[place];
    if (chunk === undefined) {
      this.#append(key);
      return true;
    }
    const offset = offsetWhere(chunk, this.#isBelow, key);
    if (chunk[offset] === key) return false;
    chunk.splice(offset, 0, key);
    this.#size++;
    if (chunk.length > MAX_CHUNK) this.#chunksChange(place + 1, 0, chunk.splice(MAX_CHUNK / 2));
    else this.#count(place, 1);
    return true;
  }

  /** True if the key was there. */
  delete(key: string): boolean {
    const place = this.#chunkWhere(this.#isBelow, key);
    const chunk = this.#chunks[place];
    if (chunk === undefined) return false;
    const offset = offsetWhere(chunk, this.#isBelow, key);
    if (chunk[offset] !== key) return false;
    chunk.splice(offset, 1);
    this.#size--;
    if (chunk.length === 0) this.#chunksChange(place, 1);
    else if (chunk.length >= MIN_CHUNK || (!this.#join(place) && !this.#join(place - 1))) this.#count(place, -1);
    return true;
  }

  /** Number of keys that are smaller, whether the key itself is there or not. */
  rankOf(key: string): number {
    return this.#rankWhere(this.#isBelow, key);
  }

  /** Ranks of the keys that begin with the prefix: `from` is the first, `to` is past the last. */
  rangeOfPrefix(prefix: string): { from: number; to: number } {
    return { from: this.#rankWhere(this.#isBelow, prefix), to: this.#rankWhere(isBelowOrHasPrefix, prefix) };
  }

  at(rank: number): string | undefined {
    if (!(rank >= 0 && rank < this.#size)) return undefined;
    const { place, offset } = this.#ranks().find(rank);
    return this.#chunks[place]?.[offset];
  }

  /** The keys from a rank on, at most `count`; fewer where they end. */
  slice(fromRank: number, count: number): string[] {
    if (!(fromRank >= 0 && count >= 0)) throw new RangeError(`${count} keys are asked for from rank ${fromRank} on`);
    const keys: string[] = [];
    if (fromRank >= this.#size) return keys;
    let { place, offset } = this.#ranks().find(fromRank);
    for (let chunk = this.#chunks[place]; chunk !== undefined && keys.length < count; chunk = this.#chunks[++place]) {
      const end = Math.min(chunk.length, offset + count - keys.length);
      for (; offset < end; offset++) keys.push(chunk[offset] as string);
      offset = 0;
    }
    return keys;
  }

  /** Those held so far are in the same order by either comparison. */
  #chooseOrder(key: string): void {
    if (this.#isBelow === isBelowByUnits && ORDERED_DIFFERENTLY.test(key)) this.#isBelow = isBelowByBytes;
  }

  /** A key above all others. Ascending keys leave full chunks behind, as no split would. */
  #append(key: string): void {
    const place = this.#chunks.length - 1;
    const last = this.#chunks[place];
    this.#size++;
    if (last !== undefined && last.length < MAX_CHUNK) {
      last.push(key);
      this.#count(place, 1);
    } else {
      this.#chunks.push([key]);
      if (!this.#stale) this.#sizes.push(1);
    }
  }

  /** Join the chunk with the next one, if there is one and both are small enough. */
  #join(place: number): boolean {
    const chunk = this.#chunks[place];
    const next = this.#chunks[place + 1];
    if (chunk === undefined || next === undefined || chunk.length + next.length > JOINED_CHUNK) return false;
    this.#chunksChange(place, 2, chunk.concat(next));
    return true;
  }

  #chunksChange(place: number, removed: number, ...added: string[][]): void {
    this.#chunks.splice(place, removed, ...added);
    this.#stale = true;
  }

  #count(place: number, change: number): void {
    if (!this.#stale) this.#sizes.add(place, change);
  }

  /**
   * The totals, brought up to date. That takes as long as there are chunks, but at most once for every split or join,
   * and it takes dozens of changes to bring a chunk there.
   */
  #ranks(): Fenwick {
    if (this.#stale) this.#sizes.reset(this.#chunks.length, (place) => (this.#chunks[place] as string[]).length);
    this.#stale = false;
    return this.#sizes;
  }

  #rankWhere(precedes: Precedes, wanted: string): number {
    const place = this.#chunkWhere(precedes, wanted);
    const chunk = this.#chunks[place];
    if (chunk === undefined) return this.#size;
    return this.#ranks().sumBefore(place) + offsetWhere(chunk, precedes, wanted);
  }

  /** The first chunk with a key that does not precede, or the number of chunks. */
  #chunkWhere(precedes: Precedes, wanted: string): number {
    const chunks = this.#chunks;
    let low = 0;
    let high = chunks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const chunk = chunks[middle] as string[];
      if (precedes(chunk[chunk.length - 1] as string, wanted)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Index of the first key that does not precede, or the number of keys. */
function offsetWhere(chunk: readonly string[], precedes: Precedes, wanted: string): number {
  let low = 0;
  let high = chunk.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (precedes(chunk[middle] as string, wanted)) low = middle + 1;
    else high = middle;
  }
  return low;
}
