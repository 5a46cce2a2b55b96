// Owns the laws of the scaled scroll, as properties over lists of any length.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createRowScale, EXACT_ROWS } from "./row-scale.ts";

const MOST = 250_000;
const lists = fc.record({
  total: fc.oneof(fc.integer({ min: 0, max: 5000 }), fc.integer({ min: 0, max: 20_000_000 })),
  inSight: fc.double({ min: 1, max: 200, noNaN: true }),
});
const shares = fc.double({ min: 0, max: 1, noNaN: true });

describe("a scaled list", () => {
  it("is drawn with no more rows than allowed, and a list that fits is not scaled at all", () => {
    fc.assert(
      fc.property(lists, shares, ({ total, inSight }, share) => {
        const scale = createRowScale(total, inSight, MOST);
        expect(scale.places).toBe(Math.min(total, MOST));
        if (total <= MOST) expect(scale.shiftAt(share * total)).toBe(0);
      }),
    );
  });

  it("has every row in reach: what placeOf says shows that row, at a place that can be scrolled to", () => {
    fc.assert(
      fc.property(lists, shares, ({ total, inSight }, share) => {
        const scale = createRowScale(total, inSight, MOST);
        const row = share * Math.max(0, total - inSight);
        const { place, shift } = scale.placeOf(row);
        expect(Number.isInteger(shift)).toBe(true);
        expect(place + shift).toBeCloseTo(row, 5);
        expect(place).toBeGreaterThanOrEqual(0);
        expect(place).toBeLessThanOrEqual(Math.max(0, scale.places - inSight) + 1e-6);
      }),
    );
  });

  it("shows the first row at its beginning and the last row at its end", () => {
    fc.assert(
      fc.property(lists, ({ total, inSight }) => {
        const scale = createRowScale(total, inSight, MOST);
        const end = Math.max(0, scale.places - inSight);
        expect(scale.shiftAt(0)).toBe(0);
        if (total > MOST) expect(end + scale.shiftAt(end) + inSight).toBeCloseTo(total, 5);
      }),
    );
  });

  it("never goes back while the thumb goes on", () => {
    fc.assert(
      fc.property(lists, shares, shares, ({ total, inSight }, one, other) => {
        const scale = createRowScale(total, inSight, MOST);
        const [low, high] = [one, other].map((share) => share * scale.places).toSorted((a, b) => a - b) as [
          number,
          number,
        ];
        expect(scale.shiftAt(low)).toBeLessThanOrEqual(scale.shiftAt(high));
      }),
    );
  });

  it("agrees with itself: a place that placeOf gives has the shift that shiftAt gives there, to a row", () => {
    fc.assert(
      fc.property(lists, shares, ({ total, inSight }, share) => {
        const scale = createRowScale(total, inSight, MOST);
        const { place, shift } = scale.placeOf(share * Math.max(0, total - inSight));
        const slope = Math.max(1, (total - scale.places) / Math.max(1, scale.places - inSight - 2 * EXACT_ROWS));
        expect(Math.abs(scale.shiftAt(place) - shift)).toBeLessThanOrEqual(1 + slope);
      }),
    );
  });
});
