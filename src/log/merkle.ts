// Owns the tree over a log's records: RFC 6962's leaf and node hashes, its roots and its two proofs.
// Does not own where hashes are kept: proofs ask for those of whole subtrees. Pure.
// A hash is 32 bytes in a Latin-1 string: compared with ===, a key of maps, and three times cheaper to make than a Buffer.

import { hash } from "node:crypto";

/** 32 bytes, one per character. */
export type TreeHash = string & { readonly __brand: "TreeHash" };

export const HASH_BYTES = 32;
/** The root of no records: SHA-256 of nothing. */
export const EMPTY_ROOT = hash("sha256", "", "binary") as TreeHash;

let leafBuffer = Buffer.alloc(4096);
/** Views of it by length: making one costs as much as a third of a hash. */
let leafViews: (Buffer | undefined)[] = [];
const MOST_VIEW_BYTES = 4096;
const nodeBuffer = Buffer.alloc(1 + 2 * HASH_BYTES);
nodeBuffer[0] = 1;

/** SHA-256(0x00 ‖ bytes). */
export function leafHashOf(from: Buffer, start = 0, end = from.length): TreeHash {
  const length = end - start + 1;
  if (leafBuffer.length < length) {
    leafBuffer = Buffer.alloc(length * 2);
    leafViews = [];
  }
  from.copy(leafBuffer, 1, start, end);
  if (length > MOST_VIEW_BYTES) return hash("sha256", leafBuffer.subarray(0, length), "binary") as TreeHash;
  const view = (leafViews[length] ??= leafBuffer.subarray(0, length));
  return hash("sha256", view, "binary") as TreeHash;
}

/** SHA-256(0x01 ‖ left ‖ right). */
export function nodeHashOf(left: TreeHash, right: TreeHash): TreeHash {
  nodeBuffer.write(left, 1, HASH_BYTES, "latin1");
  nodeBuffer.write(right, 1 + HASH_BYTES, HASH_BYTES, "latin1");
  return hash("sha256", nodeBuffer, "binary") as TreeHash;
}

/** 32 bytes as a hash; undefined for another length. */
export function treeHashOf(bytes: Buffer): TreeHash | undefined {
  return bytes.length === HASH_BYTES ? (bytes.toString("latin1") as TreeHash) : undefined;
}

/** The tree as it grows: the hashes of its whole subtrees, largest first. One per set bit of the size. */
export interface Frontier {
  readonly size: number;
  readonly subtrees: readonly TreeHash[];
  /** Add a leaf. `completed` is told of its hash and of each subtree that it completes, smallest first. */
  add(leaf: TreeHash, completed?: (hash: TreeHash) => void): void;
  root(): TreeHash;
}

/** A tree that goes on from its whole subtrees. Throws a RangeError where their number is not that of the size. */
export function createFrontier(
  from: { size: number; subtrees: readonly TreeHash[] } = { size: 0, subtrees: [] },
): Frontier {
  const subtrees = [...from.subtrees];
  let { size } = from;
  if (subtrees.length !== wholeSubtrees(size).length) throw new RangeError("not the subtrees of this size");
  return {
    get size() {
      return size;
    },
    subtrees,
    add: (leaf, completed) => {
      let made = leaf;
      completed?.(made);
      for (let n = size; n % 2 === 1; n = (n - 1) / 2) {
        made = nodeHashOf(subtrees.pop() ?? made, made);
        completed?.(made);
      }
      subtrees.push(made);
      size++;
    },
    root: () => rootOf(subtrees),
  };
}

/** The root over whole subtrees, largest first. */
function rootOf(subtrees: readonly TreeHash[]): TreeHash {
  let root = subtrees.at(-1) ?? EMPTY_ROOT;
  for (let i = subtrees.length - 2; i >= 0; i--) root = nodeHashOf(subtrees[i] ?? root, root);
  return root;
}

/** A whole subtree: its height, and its number among those of that height from the left. */
export interface Subtree {
  readonly level: number;
  readonly index: number;
}

/** The whole subtrees of a tree, largest first. */
export function wholeSubtrees(size: number): Subtree[] {
  const found: Subtree[] = [];
  for (let left = size, level = 0; left > 0; left = Math.floor(left / 2), level++) {
    if (left % 2 === 1) found.unshift({ level, index: left - 1 });
  }
  return found;
}

/** Hashes of whole subtrees, from wherever they are kept. */
export type SubtreeSource = (subtree: Subtree) => TreeHash | Promise<TreeHash>;

/** The root at an earlier size. */
export async function rootAt(size: number, source: SubtreeSource): Promise<TreeHash> {
  const hashes: TreeHash[] = [];
  for (const subtree of wholeSubtrees(size)) hashes.push(await source(subtree));
  return rootOf(hashes);
}

/** RFC 6962, 2.1.1: from the leaf's sibling up to the child of the root. */
export async function inclusionProof(index: number, size: number, source: SubtreeSource): Promise<TreeHash[]> {
  if (!(index >= 0 && index < size)) throw new RangeError("no such leaf");
  const path: TreeHash[] = [];
  let [low, high] = [0, size];
  while (high - low > 1) {
    const middle = low + splitOf(high - low);
    if (index < middle) {
      path.push(await rangeHash(middle, high, source));
      high = middle;
    } else {
      path.push(await rangeHash(low, middle, source));
      low = middle;
    }
  }
  return path.reverse();
}

/** RFC 6962, 2.1.2: that the tree of `from` leaves is the beginning of the tree of `to`. */
export async function consistencyProof(from: number, to: number, source: SubtreeSource): Promise<TreeHash[]> {
  if (!(from >= 0 && from <= to)) throw new RangeError("no such sizes");
  if (from === 0 || from === to) return [];
  const path: TreeHash[] = [];
  let [low, high] = [0, to];
  while (from !== high) {
    const middle = low + splitOf(high - low);
    if (from <= middle) {
      path.push(await rangeHash(middle, high, source));
      high = middle;
    } else {
      path.push(await rangeHash(low, middle, source));
      low = middle;
    }
  }
  // Where the old tree is itself a whole subtree on the left, who checks has its root already.
  if (low > 0) path.push(await rangeHash(low, high, source));
  return path.reverse();
}

/** The largest power of two below a size of at least 2. */
function splitOf(size: number): number {
  let split = 1;
  while (split * 2 < size) split *= 2;
  return split;
}

async function rangeHash(low: number, high: number, source: SubtreeSource): Promise<TreeHash> {
  const size = high - low;
  const split = size === 1 ? 0 : splitOf(size);
  if (size === 1 || split * 2 === size) {
    return source({ level: Math.round(Math.log2(size)), index: low / size });
  }
  return nodeHashOf(await rangeHash(low, low + split, source), await rangeHash(low + split, high, source));
}

/** The root that a leaf and its proof lead to (RFC 9162, 2.1.3.2); undefined where the proof has not that shape. */
export function rootOfInclusion(
  leaf: TreeHash,
  index: number,
  size: number,
  proof: readonly TreeHash[],
): TreeHash | undefined {
  if (!isCount(index) || !isCount(size) || index >= size) return undefined;
  let root = leaf;
  let [at, last] = [index, size - 1];
  for (const sibling of proof) {
    if (last === 0) return undefined;
    if (at % 2 === 1 || at === last) {
      root = nodeHashOf(sibling, root);
      while (at % 2 === 0 && at !== 0) [at, last] = [half(at), half(last)];
    } else root = nodeHashOf(root, sibling);
    [at, last] = [half(at), half(last)];
  }
  return last === 0 ? root : undefined;
}

/** Whether a proof shows that one tree is the beginning of the other (RFC 9162, 2.1.4.2). */
export function isConsistent(
  from: { readonly size: number; readonly root: TreeHash },
  to: { readonly size: number; readonly root: TreeHash },
  proof: readonly TreeHash[],
): boolean {
  if (!isCount(from.size) || !isCount(to.size) || from.size > to.size) return false;
  if (from.size === to.size) return proof.length === 0 && from.root === to.root;
  if (from.size === 0) return proof.length === 0 && from.root === EMPTY_ROOT;
  let [at, last] = [from.size - 1, to.size - 1];
  while (at % 2 === 1) [at, last] = [half(at), half(last)];
  const hashes = at === 0 ? [from.root, ...proof] : proof;
  const first = hashes[0];
  if (first === undefined) return false;
  let [oldRoot, newRoot] = [first, first];
  for (const sibling of hashes.slice(1)) {
    if (last === 0) return false;
    if (at % 2 === 1 || at === last) {
      oldRoot = nodeHashOf(sibling, oldRoot);
      newRoot = nodeHashOf(sibling, newRoot);
      while (at % 2 === 0 && at !== 0) [at, last] = [half(at), half(last)];
    } else newRoot = nodeHashOf(newRoot, sibling);
    [at, last] = [half(at), half(last)];
  }
  return last === 0 && oldRoot === from.root && newRoot === to.root;
}

const half = (value: number): number => Math.floor(value / 2);
const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;

/** Where the hash of a whole subtree stands in the order in which they are completed. */
export function storedAt({ level, index }: Subtree): number {
  let leaf = index;
  for (let i = 0; i < level; i++) leaf = 2 * leaf + 1;
  let before = 0;
  for (let n = leaf; n > 0; n = half(n)) before += n;
  return before + level;
}

/** How many whole subtrees, leaves included, a tree has completed. */
export function storedCount(size: number): number {
  let count = 0;
  for (let n = size; n > 0; n = half(n)) count += n;
  return count;
}
