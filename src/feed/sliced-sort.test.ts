// Guards the sorting that pauses: the result of one native stable sort, in slices of bounded work.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sortInSlices } from "./sliced-sort.ts";

type Item = readonly [rank: number, label: number];

function sorted<T>(items: readonly T[], compare: (a: T, b: T) => number, sliceSize?: number) {
  let comparisons = 0;
  const counted = (a: T, b: T): number => {
    comparisons++;
    return compare(a, b);
  };
  const sort = sortInSlices(items, counted, sliceSize);
  const slices: number[] = [];
  for (;;) {
    comparisons = 0;
    const { done, value } = sort.next();
    slices.push(comparisons);
    if (done === true) return { result: value, slices };
  }
}

const byRank = (a: Item, b: Item): number => a[0] - b[0];

describe("sorting in slices", () => {
  it("is the native stable sort, leaves its input alone, and pauses after bounded work", () => {
    const ranks = fc.array(fc.nat({ max: 20 }), { maxLength: 300, size: "max" });
    fc.assert(
      fc.property(ranks, fc.integer({ min: 1, max: 100 }), (all, sliceSize) => {
        const items = all.map((rank, label): Item => [rank, label]);
        const untouched = [...items];
        const { result, slices } = sorted(items, byRank, sliceSize);
        expect(result).toEqual([...items].sort(byRank));
        expect(items).toEqual(untouched);
        expect(Math.max(...slices)).toBeLessThanOrEqual(sliceSize);
      }),
    );
  });

  it("pauses about as often as there is work, at the default size too", () => {
    const count = 100_000;
    const items = Array.from({ length: count }, (_, i) => (i * 7919) % 99_991);
    const { result, slices } = sorted(items, (a, b) => a - b);
    expect(result).toEqual([...items].sort((a, b) => a - b));
    expect(Math.max(...slices)).toBeLessThanOrEqual(8192);
    expect(slices.length).toBeLessThan(count / 200);
  });

  it("takes one pass over what is in order already", () => {
    fc.assert(
      fc.property(fc.array(fc.integer()), fc.integer({ min: 1, max: 10 }), (numbers, sliceSize) => {
        const items = numbers.sort((a, b) => a - b);
        const { result, slices } = sorted(items, (a, b) => a - b, sliceSize);
        expect(result).toEqual(items);
        expect(slices.reduce((sum, one) => sum + one, 0)).toBe(Math.max(0, items.length - 1));
      }),
    );
  });

  it("does not see what happens to its input between two slices", () => {
    const items = [3, 1, 2];
    const sort = sortInSlices(items, (a, b) => a - b, 1);
    sort.next();
    items.length = 0;
    let step = sort.next();
    while (step.done !== true) step = sort.next();
    expect(step.value).toEqual([1, 2, 3]);
  });

  it("refuses slices of nothing, which would never end", () => {
    expect(() => sortInSlices([2, 1], (a, b) => a - b, 0).next()).toThrow(RangeError);
  });
});
