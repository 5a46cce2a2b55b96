// Owns the law by which a scroller follows its rows.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { rowsMoved } from "./rows-moved.ts";

const row = (n: number, seq = 1) => ({ key: `k${n}`, seq });
const rows = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => row(from + i));

describe("how far rows have moved", () => {
  it("is how many came in above, whatever part of the list is held before and after", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 50 }),
        fc.integer({ min: 0, max: 40 }),
        fc.integer({ min: -20, max: 20 }),
        (above, first, slide) => {
          const before = { from: 100, rows: rows(100, 200) };
          const from = Math.max(0, 100 + slide);
          // The list after: `above` new rows in front, then the rows of before.
          const list = [...Array.from({ length: above }, (_, i) => row(10_000 + i)), ...rows(0, 400)];
          const after = { from, rows: list.slice(from, from + 200) };
          const moved = rowsMoved(before, after, 120 + first, 20);
          expect(moved).toBe(above);
        },
      ),
    );
  });

  it("looks at rows that did not change, for one that changed may have moved by itself", () => {
    const before = { from: 0, rows: rows(0, 10) };
    const after = { from: 0, rows: [row(5, 2), row(0), row(1), row(2), row(3), row(4), row(6)] };
    expect(rowsMoved(before, after, 5, 4)).toBe(0);
    expect(rowsMoved(before, after, 1, 4)).toBe(1);
  });

  it("is nothing where no row is known before and after", () => {
    expect(rowsMoved({ from: 0, rows: rows(0, 10) }, { from: 500, rows: rows(500, 600) }, 2, 5)).toBe(0);
    expect(rowsMoved({ from: 0, rows: [] }, { from: 0, rows: rows(0, 9) }, 0, 5)).toBe(0);
    expect(rowsMoved({ from: 300, rows: rows(300, 310) }, { from: 0, rows: rows(0, 9) }, 0, 5)).toBe(0);
  });
});
