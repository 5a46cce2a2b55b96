// Owns the laws of where the window is put, as properties.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { windowFor } from "./window-place.ts";

const sights = fc.record({
  first: fc.integer({ min: 0, max: 1_000_000 }),
  count: fc.integer({ min: 1, max: 480 }),
});
const TOTAL = 1_000_500;

describe("the window on a large board", () => {
  it("holds all rows in sight, and no more than a server tells", () => {
    fc.assert(
      fc.property(sights, sights, (one, two) => {
        const before = windowFor(one.first, one.count, undefined, TOTAL);
        for (const [{ first, count }, place] of [
          [one, before],
          [two, windowFor(two.first, two.count, before, TOTAL)],
        ] as const) {
          expect(place.from).toBeGreaterThanOrEqual(0);
          expect(place.count).toBeLessThanOrEqual(500);
          expect(place.from).toBeLessThanOrEqual(first);
          expect(place.from + place.count).toBeGreaterThanOrEqual(first + count);
        }
      }),
    );
  });

  it("stays while it serves: the same rows in sight move nothing, nor does a row more or less", () => {
    fc.assert(
      fc.property(sights, sights, fc.integer({ min: -1, max: 1 }), (one, two, by) => {
        const place = windowFor(two.first, two.count, windowFor(one.first, one.count, undefined, TOTAL), TOTAL);
        expect(windowFor(two.first, two.count, place, TOTAL)).toBe(place);
        if (two.count < 300) {
          const next = windowFor(Math.max(0, two.first + by), two.count, place, TOTAL);
          expect(windowFor(Math.max(0, two.first + by), two.count, next, TOTAL)).toBe(next);
        }
      }),
    );
  });

  it("asks for no other rows once it has the last ones", () => {
    const place = windowFor(9950, 20, undefined, 10_000);
    expect(windowFor(9980, 20, place, 10_000)).toBe(place);
  });

  it("is moved once in 60 rows of slow scrolling, up or down, and is there before them", () => {
    for (const step of [1, -1]) {
      let place = windowFor(5000, 18, undefined, TOTAL);
      let moves = 0;
      for (let i = 1; i <= 600; i++) {
        const next = windowFor(5000 + i * step, 18, place, TOTAL);
        if (next !== place) moves++;
        expect(place.from <= 5000 + i * step && place.from + place.count >= 5018 + i * step).toBe(true);
        place = next;
      }
      expect(moves).toBeLessThanOrEqual(10);
    }
  });
});
