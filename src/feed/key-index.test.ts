// Guards the live sorted set of keys against a sorted array: ranks, slices and prefixes in the order of rule 19.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compareNames } from "../protocol/index.ts";
import { KeyIndex } from "./key-index.ts";

/** Letters on both sides of every seam of UTF-16 against UTF-8: the last BMP characters sort below all pairs. */
const letters = [
  "a",
  "b",
  "z",
  "\u07ff",
  "\u0800",
  "\ud7ff",
  "\ue000",
  "\uffff",
  "\u{10000}",
  "\u{1f600}",
  "\u{10ffff}",
];
const anyKey = fc.array(fc.constantFrom(...letters), { maxLength: 4 }).map((parts) => parts.join(""));
const numbered = (i: number): string => `k${String(i).padStart(6, "0")}`;

/** The same by brute force. */
class NaiveIndex {
  keys: string[] = [];

  add(key: string): boolean {
    if (this.keys.includes(key)) return false;
    this.keys.push(key);
    this.keys.sort(compareNames);
    return true;
  }

  delete(key: string): boolean {
    if (!this.keys.includes(key)) return false;
    this.keys = this.keys.filter((one) => one !== key);
    return true;
  }
}

function expectSame(index: KeyIndex, sorted: readonly string[], probes: readonly string[]): void {
  expect(index.size).toBe(sorted.length);
  expect(index.slice(0, Infinity)).toEqual(sorted);
  for (const probe of probes) {
    expect(index.rankOf(probe)).toBe(sorted.filter((key) => compareNames(key, probe) < 0).length);
    const { from, to } = index.rangeOfPrefix(probe);
    expect(index.slice(from, to - from)).toEqual(sorted.filter((key) => key.startsWith(probe)));
  }
}

describe("the live order of keys", () => {
  it("rule 19: agrees with a sorted array on ranks and prefixes after every change", () => {
    const steps = fc.array(fc.record({ key: anyKey, probe: anyKey, remove: fc.boolean() }), { maxLength: 60 });
    fc.assert(
      fc.property(steps, (all) => {
        const index = new KeyIndex();
        const naive = new NaiveIndex();
        for (const { key, probe, remove } of all) {
          if (remove) expect(index.delete(key)).toBe(naive.delete(key));
          else expect(index.add(key)).toBe(naive.add(key));
          // A prefix may end within a surrogate pair.
          expectSame(index, naive.keys, [key, probe, probe.slice(0, -1), "\ud83d", "\udbff\udfff"]);
        }
      }),
    );
  });

  it("splits and joins its chunks without losing or misplacing a key, asked in between or not", () => {
    /** Runs of keys added or removed together, so that chunks grow, empty and join at every place. */
    const runs = fc.array(
      fc.record({
        start: fc.nat({ max: 1500 }),
        count: fc.nat({ max: 400 }),
        stride: fc.constantFrom(1, 2, 3, -1),
        remove: fc.boolean(),
        ask: fc.boolean(),
      }),
      { maxLength: 30, size: "max" },
    );
    fc.assert(
      fc.property(runs, fc.nat({ max: 1500 }), (all, loaded) => {
        const first = Array.from({ length: loaded }, (_, i) => numbered(i));
        const index = KeyIndex.fromSorted(first);
        const naive = new Set(first);
        for (const { start, count, stride, remove, ask } of all) {
          for (let i = 0; i < count; i++) {
            const key = numbered(Math.abs(start + i * stride));
            if (remove) expect(index.delete(key)).toBe(naive.delete(key));
            else {
              expect(index.add(key)).toBe(!naive.has(key));
              naive.add(key);
            }
            if (ask && i % 50 === 0) expect(index.at(index.rankOf(key))).toBe([...naive].sort()[index.rankOf(key)]);
          }
        }
        const sorted = [...naive].sort();
        expect(index.size).toBe(sorted.length);
        expect(index.slice(0, Infinity)).toEqual(sorted);
        for (const [rank, key] of sorted.entries()) {
          expect(index.at(rank)).toBe(key);
          expect(index.rankOf(key)).toBe(rank);
        }
        const { from, to } = index.rangeOfPrefix("k0007");
        expect(index.slice(from, to - from)).toEqual(sorted.filter((key) => key.startsWith("k0007")));
      }),
      { numRuns: 40 },
    );
  });

  it("slices as an array does, past the end too", () => {
    const keys = Array.from({ length: 300 }, (_, i) => numbered(i));
    const index = KeyIndex.fromSorted(keys);
    fc.assert(
      fc.property(fc.nat({ max: 350 }), fc.nat({ max: 350 }), (from, count) => {
        expect(index.slice(from, count)).toEqual(keys.slice(from, from + count));
        expect(index.at(from)).toBe(keys[from]);
      }),
    );
    expect(index.at(-1)).toBeUndefined();
    expect(() => index.slice(-1, 1)).toThrow(RangeError);
    expect(() => index.slice(0, Number.NaN)).toThrow(RangeError);
  });

  it("refuses to begin with keys that are not in order, as far as it looks", () => {
    const keys = Array.from({ length: 300 }, (_, i) => numbered(i)).reverse();
    expect(() => KeyIndex.fromSorted(keys)).toThrow(RangeError);
  });
});
