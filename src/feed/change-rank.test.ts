// Guards the order of last change by rank against a plain list, while its blocks thin out, join and are renumbered.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { seq } from "../protocol/index.ts";
import { ChangeRank } from "./change-rank.ts";

/** Names by number, in runs, so that blocks thin out at every place; few names make many changes of each. */
const runs = fc.array(
  fc.record({
    start: fc.nat({ max: 600 }),
    count: fc.nat({ max: 300 }),
    stride: fc.constantFrom(0, 1, 2, 7),
    forget: fc.boolean(),
    rank: fc.nat({ max: 700 }),
    rows: fc.nat({ max: 100 }),
  }),
  { maxLength: 30, size: "max" },
);

describe("ranks in the order of last change", () => {
  it("are those of a list with the newest change first, after every run of changes", () => {
    fc.assert(
      fc.property(runs, fc.nat({ max: 600 }), (all, loaded) => {
        const first = Array.from({ length: loaded }, (_, i) => `n${i}`);
        const rank = ChangeRank.fromSorted(first);
        const naive = new Set(first);
        let now = 0;
        for (const run of all) {
          for (let i = 0; i < run.count; i++) {
            const name = `n${run.start + i * run.stride}`;
            naive.delete(name);
            if (run.forget) rank.forget(name);
            else {
              rank.touch(name, seq(++now));
              naive.add(name);
            }
          }
          const newestFirst = [...naive].reverse();
          expect(rank.size).toBe(newestFirst.length);
          expect(rank.slice(run.rank, run.rows)).toEqual(newestFirst.slice(run.rank, run.rank + run.rows));
          expect(rank.at(run.rank)).toBe(newestFirst[run.rank]);
          expect(rank.slice(0, Infinity)).toEqual(newestFirst);
        }
      }),
      { numRuns: 60 },
    );
  });

  it("stay true through many times more changes than there are names", () => {
    const count = 500;
    const rank = ChangeRank.fromSorted(Array.from({ length: count }, (_, i) => `n${i}`));
    const naive = new Set(rank.slice(0, count).reverse());
    for (let at = 1; at <= 50_000; at++) {
      const name = `n${(at * at + at * 31) % count}`;
      rank.touch(name, seq(at));
      naive.delete(name);
      naive.add(name);
    }
    expect(rank.slice(0, count)).toEqual([...naive].reverse());
  });

  it("refuse a change older than the last one, and a slice from before the first", () => {
    const rank = new ChangeRank();
    rank.touch("a", seq(2));
    expect(() => rank.touch("b", seq(1))).toThrow(RangeError);
    expect(() => rank.slice(-1, 1)).toThrow(RangeError);
    expect(rank.at(-1)).toBeUndefined();
  });
});
