// Guards rule 11: a window sent as runs of held rows and new ones is, once put together, exactly the new window.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { diffRows } from "./window-diff.ts";
import { applyRows } from "./window-rows.ts";

interface Row {
  readonly key: string;
  readonly seq: number;
}
const anyWindow = fc.uniqueArray(
  fc.record({ key: fc.constantFrom(...Array.from("abcdefghijkl"), "__proto__"), seq: fc.nat({ max: 1 }) }),
  { selector: (row) => row.key },
);
const keys = (rows: readonly Row[]) => rows.map((row) => row.key);
const seqs = (rows: readonly Row[]) => rows.map((row) => row.seq);
const diff = (old: readonly Row[], wanted: readonly Row[]) =>
  diffRows(keys(old), seqs(old), keys(wanted), seqs(wanted));

describe("rule 11: a window in terms of the one before", () => {
  it("is the new window once it is put together, and sends no row that is held already", () => {
    fc.assert(
      fc.property(anyWindow, anyWindow, (old, wanted) => {
        const rows = diff(old, wanted);
        const sent = rows.map((row) => (typeof row === "number" ? wanted[row]! : row));
        const whole = applyRows(old, sent);
        expect(whole).toEqual(wanted);
        for (const row of whole) {
          const held = old.find((one) => one.key === row.key && one.seq === row.seq);
          if (held !== undefined) expect(row).toBe(held);
        }
      }),
    );
  });

  it("says runs as long as they go", () => {
    fc.assert(
      fc.property(anyWindow, anyWindow, (old, wanted) => {
        const rows = diff(old, wanted);
        for (const [i, row] of rows.entries()) {
          const next = rows[i + 1];
          if (Array.isArray(row) && Array.isArray(next)) expect(next[0]).not.toBe(row[1] + 1);
        }
      }),
    );
  });

  it("moves rows, replaces them and lets rows slide in", () => {
    const old = Array.from("abcdef", (key) => ({ key, seq: 1 }));
    const [a, b, c, d] = old as [Row, Row, Row, Row];
    expect(diff(old, old)).toEqual([[0, 5]]);
    expect(diff(old, [])).toEqual([]);
    expect(diff(old, [d, a, b, { key: "c", seq: 2 }, { key: "x", seq: 1 }])).toEqual([[3, 3], [0, 1], 3, 4]);
    expect(diff([], [a, c])).toEqual([0, 1]);
  });

  it.each([[[0, 3]], [[-1, 0]], [[2, 1]], [[0.5, 1]], [[Number.NaN, 1]]] as const)(
    "refuses to keep rows %j of three, instead of leaving holes",
    (pair) => {
      expect(() => applyRows([{}, {}, {}], [pair])).toThrow(RangeError);
    },
  );
});
