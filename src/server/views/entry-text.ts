// Owns the JSON texts of entries. Values are spliced in as they are, never parsed (rule 19).
// Does not own which entries are shown.

import type { BoardState } from "../../board/index.ts";
import { compareNames, type Entry } from "../../protocol/index.ts";

/** Facts of an entry besides key and value, as the inside of an object: `"rev":…,"seq":…`. */
export function factsOf(entry: Entry, clockNow: number): string {
  const ttl = Number.isFinite(entry.expiresAtClock)
    ? `,"ttlLeftMs":${Math.max(0, Math.round(entry.expiresAtClock - clockNow))}`
    : "";
  const source = entry.source === undefined ? "" : `,"source":${JSON.stringify(entry.source)}`;
  const erased = entry.erased === true ? ',"erased":true' : "";
  return `"rev":${entry.rev},"seq":${entry.seq},"by":${JSON.stringify(entry.by)},"at":${entry.at}${ttl}${source}${erased}`;
}

export function entryText(entry: Entry, clockNow: number): string {
  return `{"key":${JSON.stringify(entry.key)},"value":${entry.value},${factsOf(entry, clockNow)}}`;
}

/** All entries as the inside of an object, or undefined where that would exceed `maxChars` UTF-16 units. */
export function entriesText(state: BoardState, maxChars: number): string | undefined {
  let text = "";
  for (const [key, entry] of state.entries) {
    text += `${text === "" ? "" : ","}${JSON.stringify(key)}:${entry.value}`;
    if (text.length > maxChars) return undefined;
  }
  return text;
}

/** Keys looked at in one turn of the event loop: a few milliseconds. */
const KEYS_PER_TURN = 20_000;

/**
 * The first `limit` keys after `after` that begin with `prefix`, in order of their UTF-8 bytes (rule 19).
 * One pass over all keys with a bounded heap of candidates: O(n log limit) time, O(limit) memory. It lets others run
 * (`breathe`) every so often; the map may change meanwhile, so a key of the page may be gone when it ends.
 */
export async function pageOfKeys(
  keys: Iterable<string>,
  prefix: string,
  after: string | undefined,
  limit: number,
  breathe: () => Promise<unknown>,
): Promise<string[]> {
  const best = new SmallestKeys(limit);
  let left = KEYS_PER_TURN;
  for (const key of keys) {
    if (--left === 0) {
      await breathe();
      left = KEYS_PER_TURN;
    }
    if (key.startsWith(prefix) && (after === undefined || compareNames(key, after) > 0)) best.offer(key);
  }
  return best.sorted();
}

/** The smallest keys of all that were offered: a max-heap whose root is the first to go. */
class SmallestKeys {
  readonly #heap: string[] = [];
  // A key that is deleted and written again during the walk comes twice.
  readonly #held = new Set<string>();
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  offer(key: string): void {
    const heap = this.#heap;
    const root = heap[0];
    const full = heap.length === this.#limit;
    if ((full && root !== undefined && compareNames(key, root) >= 0) || this.#held.has(key)) return;
    this.#held.add(key);
    if (full && root !== undefined) {
      this.#held.delete(root);
      heap[0] = key;
      this.#sinkRoot();
    } else {
      heap.push(key);
      this.#raiseLast();
    }
  }

  sorted(): string[] {
    return this.#heap.toSorted(compareNames);
  }

  #larger(a: number, b: number): boolean {
    return compareNames(this.#heap[a] as string, this.#heap[b] as string) > 0;
  }

  #swap(a: number, b: number): void {
    const heap = this.#heap;
    [heap[a], heap[b]] = [heap[b] as string, heap[a] as string];
  }

  #raiseLast(): void {
    for (let i = this.#heap.length - 1; i > 0;) {
      const parent = (i - 1) >> 1;
      if (!this.#larger(i, parent)) return;
      this.#swap(i, parent);
      i = parent;
    }
  }

  #sinkRoot(): void {
    for (let i = 0; ;) {
      const left = 2 * i + 1;
      if (left >= this.#heap.length) return;
      const child = left + 1 < this.#heap.length && this.#larger(left + 1, left) ? left + 1 : left;
      if (!this.#larger(child, i)) return;
      this.#swap(i, child);
      i = child;
    }
  }
}
