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
  return `"rev":${entry.rev},"seq":${entry.seq},"by":${JSON.stringify(entry.by)},"at":${entry.at}${ttl}${source}`;
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

/**
 * The first `limit` keys after `after` that begin with `prefix`, in order of their UTF-8 bytes (rule 19).
 * One pass over all keys with a bounded heap of candidates: O(n log limit) time, O(limit) memory.
 */
export function pageOfKeys(keys: Iterable<string>, prefix: string, after: string | undefined, limit: number): string[] {
  // A max-heap: its root is the first to go when a smaller key turns up.
  const heap: string[] = [];
  const larger = (a: number, b: number): boolean => compareNames(heap[a] as string, heap[b] as string) > 0;
  const swap = (a: number, b: number): void => {
    [heap[a], heap[b]] = [heap[b] as string, heap[a] as string];
  };
  for (const key of keys) {
    if (!key.startsWith(prefix) || (after !== undefined && compareNames(key, after) <= 0)) continue;
    if (heap.length < limit) {
      let i = heap.push(key) - 1;
      for (let parent = (i - 1) >> 1; i > 0 && larger(i, parent); parent = (i - 1) >> 1) {
        swap(i, parent);
        i = parent;
      }
    } else if (compareNames(key, heap[0] as string) < 0) {
      heap[0] = key;
      for (let i = 0; ;) {
        const left = 2 * i + 1;
        if (left >= heap.length) break;
        const child = left + 1 < heap.length && larger(left + 1, left) ? left + 1 : left;
        if (!larger(child, i)) break;
        swap(i, child);
        i = child;
      }
    }
  }
  return heap.sort(compareNames);
}
