// Guards the running totals that ranks are found by, against plain addition.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Fenwick } from "./fenwick.ts";

const anyCounts = fc.array(fc.nat({ max: 3 }), { maxLength: 60 });
const step = fc.oneof(
  fc.record({ push: fc.nat({ max: 3 }) }),
  fc.record({ place: fc.nat(), change: fc.integer({ min: -3, max: 3 }) }),
  fc.record({ reset: anyCounts }),
);

describe("running totals", () => {
  it("agree with plain addition after every push, change and reset", () => {
    fc.assert(
      fc.property(anyCounts, fc.array(step, { maxLength: 40 }), (first, steps) => {
        const totals = new Fenwick();
        let counts: number[] = [];
        const reset = (wanted: readonly number[]): void => {
          counts = [...wanted];
          totals.reset(counts.length, (place) => counts[place]!);
        };
        reset(first);
        for (const one of steps) {
          if ("reset" in one) reset(one.reset);
          else if ("push" in one) {
            counts.push(one.push);
            totals.push(one.push);
          } else if (counts.length > 0) {
            const place = one.place % counts.length;
            const change = Math.max(one.change, -counts[place]!);
            counts[place]! += change;
            totals.add(place, change);
          }
          expect(totals.length).toBe(counts.length);
          const items = counts.flatMap((count, place) =>
            Array.from({ length: count }, (_, offset) => ({ place, offset })),
          );
          for (let place = 0; place <= counts.length; place++) {
            expect(totals.sumBefore(place)).toBe(items.filter((item) => item.place < place).length);
          }
          for (const [rank, item] of items.entries()) expect(totals.find(rank)).toEqual(item);
        }
      }),
    );
  });
});
