// Owns a stable sort that pauses: a million names take seconds to sort, and sockets cannot wait that long.
// Does not own the pause: the caller goes on with the generator when its event loop has breathed.

/**
 * Sort a copy of `items` by a bottom-up merge sort. Between two yields lies a bounded amount of work, at most about
 * `sliceSize` comparisons. Items in order already cost one pass.
 */
export function* sortInSlices<T>(
  items: readonly T[],
  compare: (a: T, b: T) => number,
  sliceSize = 8192,
): Generator<void, T[]> {
  if (!(sliceSize >= 1)) throw new RangeError(`sliceSize is ${sliceSize}, which is not at least 1`);
  let from = items.slice();
  const count = from.length;

  let ordered = 0;
  while (ordered < count) {
    const end = Math.min(count, ordered + sliceSize);
    ordered = endOfOrder(from, compare, ordered, end);
    if (ordered < end) break;
    yield;
  }
  if (ordered === count) return from;

  // Sorting a run takes run * log2(run) comparisons; a sixteenth keeps that below what merging a slice takes.
  const runSize = Math.ceil(sliceSize / 16);
  let to = from.slice();
  for (let start = 0; start < count; start += runSize) {
    let out = start;
    for (const item of from.slice(start, start + runSize).sort(compare)) to[out++] = item;
    yield;
  }
  [from, to] = [to, from];

  let room = sliceSize;
  for (let width = runSize; width < count; width *= 2) {
    for (let start = 0; start < count; start += width * 2) {
      const middle = Math.min(count, start + width);
      const end = Math.min(count, middle + width);
      let left = start;
      for (let out = start; out < end;) {
        const outEnd = Math.min(end, out + room);
        left = mergePart(from, to, compare, { left, middle, end, out, outEnd });
        room -= outEnd - out;
        out = outEnd;
        if (room > 0) continue;
        yield;
        room = sliceSize;
      }
    }
    [from, to] = [to, from];
  }
  return from;
}

/** Index in `start`..`end` of the first item that is smaller than the one before it, or `end`. */
function endOfOrder<T>(items: readonly T[], compare: (a: T, b: T) => number, start: number, end: number): number {
  for (let i = Math.max(1, start); i < end; i++) {
    if (compare(items[i - 1] as T, items[i] as T) > 0) return i;
  }
  return end;
}

/** Where the merge of two neighbouring runs stands: what is written so far tells how far the right run is read. */
interface MergePart {
  /** Next unread item of the left run, which ends at `middle`, where the right run begins; that one ends at `end`. */
  readonly left: number;
  readonly middle: number;
  readonly end: number;
  /** Part of the result to write. */
  readonly out: number;
  readonly outEnd: number;
}

/** Write one part of a merge; returns the next unread item of the left run. */
function mergePart<T>(from: readonly T[], to: T[], compare: (a: T, b: T) => number, part: MergePart): number {
  const { middle, end, outEnd } = part;
  let left = part.left;
  let right = middle + part.out - left;
  for (let out = part.out; out < outEnd; out++) {
    const takeLeft = left < middle && (right >= end || compare(from[left] as T, from[right] as T) <= 0);
    to[out] = from[takeLeft ? left++ : right++] as T;
  }
  return left;
}
