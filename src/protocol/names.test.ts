// Owns the proof that names are measured and ordered by their UTF-8 bytes.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { boardNameSchema, compareNames, nameSchema, utf8Bytes } from "./names.ts";

const wellFormed = fc.string({ unit: "binary" });

describe("rule 19: names are UTF-8", () => {
  it("counts bytes as an encoder does", () => {
    fc.assert(
      fc.property(wellFormed, (text) => {
        expect(utf8Bytes(text)).toBe(Buffer.byteLength(text));
      }),
    );
  });

  it("sorts as the bytes do, also where UTF-16 units would not", () => {
    fc.assert(
      fc.property(wellFormed, wellFormed, (a, b) => {
        expect(Math.sign(compareNames(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
      }),
    );
    expect(compareNames("\u{1f600}", "\uffff")).toBeGreaterThan(0);
  });

  it("takes 512 bytes and refuses 513, emptiness and lone surrogates", () => {
    expect(nameSchema().safeParse("é".repeat(256)).success).toBe(true);
    expect(nameSchema().safeParse(`${"é".repeat(256)}x`).success).toBe(false);
    expect(nameSchema().safeParse("").success).toBe(false);
    expect(nameSchema().safeParse("\ud800").success).toBe(false);
    expect(nameSchema().safeParse("__proto__").success).toBe(true);
  });

  it("keeps board names fit to be folders", () => {
    for (const name of ["default", "a", "team-1_x"]) expect(boardNameSchema.safeParse(name).success).toBe(true);
    for (const name of ["", "..", "A", "-a", "a/b", "x".repeat(65), "a\n"]) {
      expect(boardNameSchema.safeParse(name).success).toBe(false);
    }
  });
});
