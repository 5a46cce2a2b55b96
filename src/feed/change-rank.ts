// Owns names in the order of their last change by rank, for windows sorted by it; built only while somebody asks for one.
// Does not own seqs (change-order.ts). Invariant: no block is empty, and every name stands once, in the block it maps to.

import type { Seq } from "../protocol/index.ts";
import { Fenwick } from "./fenwick.ts";

const MAX_BLOCK = 64;
/** A block that thins out below this joins a neighbour, if both together are no more than that. */
const MIN_BLOCK = 16;
const JOINED_BLOCK = 48;
/** Fewer gaps than this are not worth a renumbering. */
const MIN_GAPS = 16;

/** The names are spread over so many maps, because a map of a million that grows holds up everyone for 50 ms. */
const MAPS = 16;

/** Which of them (FNV-1a, RFC 9923, folded). */
function mapOf(name: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  return (hash ^ (hash >>> 16)) & (MAPS - 1);
}

/** Names that follow one another, oldest change first. New ones only come at the end of the newest block. */
interface Block {
  names: string[];
  /** Where it is counted. Grows from older to newer; places of blocks that are gone stay empty until the next renumbering. */
  place: number;
  older: Block | undefined;
  newer: Block | undefined;
}

export class ChangeRank {
  readonly #blocksOf = Array.from({ length: MAPS }, () => new Map<string, Block>());
  #size = 0;
  #newest: Block | undefined;
  /** The block that is counted at each place, and how many names it has. */
  #places: (Block | undefined)[] = [];
  readonly #sizes = new Fenwick();
  #gaps = 0;
  #lastSeq = 0;

  /** Names that are in order already, each once, oldest change first. */
  static fromSorted(namesOldestFirst: Iterable<string>): ChangeRank {
    const rank = new ChangeRank();
    for (const name of namesOldestFirst) {
      rank.#append(name, rank.#blockOf(name));
      rank.#size++;
    }
    return rank;
  }

  get size(): number {
    return this.#size;
  }

  /** Note that the record at `seq` changed this name: it is the newest now. */
  touch(name: string, seq: Seq): void {
    if (seq < this.#lastSeq) throw new RangeError(`"${name}" changed at ${seq}, after a change at ${this.#lastSeq}`);
    this.#lastSeq = seq;
    if (this.#newest?.names.at(-1) === name) return;
    const blockOf = this.#blockOf(name);
    const block = blockOf.get(name);
    if (block === undefined) this.#size++;
    else this.#take(name, block);
    this.#append(name, blockOf);
  }

  forget(name: string): void {
    const blockOf = this.#blockOf(name);
    const block = blockOf.get(name);
    if (block === undefined) return;
    blockOf.delete(name);
    this.#size--;
    this.#take(name, block);
  }

  /** The name of this rank: 0 is the newest change. */
  at(rank: number): string | undefined {
    return rank >= 0 && rank < this.size ? this.slice(rank, 1)[0] : undefined;
  }

  /** The names from a rank on, newest change first, at most `count`; fewer where they end. */
  slice(fromRank: number, count: number): string[] {
    if (!(fromRank >= 0 && count >= 0)) throw new RangeError(`${count} names are asked for from rank ${fromRank} on`);
    const names: string[] = [];
    if (fromRank >= this.size) return names;
    const { place, offset } = this.#sizes.find(this.size - 1 - fromRank);
    let i = offset;
    for (let block = this.#places[place]; block !== undefined && names.length < count;) {
      for (; i >= 0 && names.length < count; i--) names.push(block.names[i] as string);
      block = block.older;
      i = (block?.names.length ?? 0) - 1;
    }
    return names;
  }

  /** Take a name out of its block. The map is left alone: to delete and set again would make it rehash at times. */
  #take(name: string, block: Block): void {
    block.names.splice(block.names.indexOf(name), 1);
    this.#sizes.add(block.place, -1);
    if (block.names.length === 0) this.#remove(block);
    else if (block.names.length < MIN_BLOCK && !this.#join(block.older, block)) this.#join(block, block.newer);
  }

  #blockOf(name: string): Map<string, Block> {
    return this.#blocksOf[mapOf(name)] as Map<string, Block>;
  }

  #append(name: string, blockOf: Map<string, Block>): void {
    let block = this.#newest;
    if (block === undefined || block.names.length >= MAX_BLOCK) {
      block = { names: [], place: this.#places.length, older: this.#newest, newer: undefined };
      if (this.#newest !== undefined) this.#newest.newer = block;
      this.#newest = block;
      this.#places.push(block);
      this.#sizes.push(0);
    }
    block.names.push(name);
    blockOf.set(name, block);
    this.#sizes.add(block.place, 1);
  }

  /** Move the names of the newer block to its older neighbour, if there are both and they fit into one. */
  #join(older: Block | undefined, newer: Block | undefined): boolean {
    if (older === undefined || newer === undefined) return false;
    const { names } = newer;
    if (older.names.length + names.length > JOINED_BLOCK) return false;
    for (const name of names) this.#blockOf(name).set(name, older);
    older.names = older.names.concat(names);
    this.#sizes.add(older.place, names.length);
    this.#sizes.add(newer.place, -names.length);
    this.#remove(newer);
    return true;
  }

  /** Take out a block that counts nothing any more. */
  #remove({ place, older, newer }: Block): void {
    if (older !== undefined) older.newer = newer;
    if (newer !== undefined) newer.older = older;
    else this.#newest = older;
    this.#places[place] = undefined;
    this.#gaps++;
    if (this.#gaps > MIN_GAPS && this.#gaps * 2 > this.#places.length) this.#renumber();
  }

  /** Close the gaps between places, once they are most of them. Touches blocks, not names: no pause that anybody feels. */
  #renumber(): void {
    const blocks = this.#places.filter((block) => block !== undefined);
    for (const [place, block] of blocks.entries()) block.place = place;
    this.#places = blocks;
    this.#sizes.reset(blocks.length, (place) => (blocks[place] as Block).names.length);
    this.#gaps = 0;
  }
}
