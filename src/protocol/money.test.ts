// Guards that money written by people is exact both ways.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MAX_AMOUNT } from "./limits.ts";
import { nanoUsdOf, usdText } from "./money.ts";

describe("L8: money as text", () => {
  it("every amount comes back as it was", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: MAX_AMOUNT }), (nano) => {
        expect(nanoUsdOf(usdText(nano))).toBe(nano);
      }),
    );
    expect(usdText(-20)).toBe("-0.00000002");
  });

  it("is read without rounding, where a float would round", () => {
    expect(
      ["0.1", ".25", "1.50", "1_000", "0.000000001", "9007199.254740991", "0.3000000000000"].map(nanoUsdOf),
    ).toEqual([100_000_000, 250_000_000, 1_500_000_000, 1_000_000_000_000, 1, MAX_AMOUNT, 300_000_000]);
  });

  it("what is none, too fine or too large is refused", () => {
    for (const text of [
      "",
      ".",
      "1.",
      "-1",
      "+1",
      "1e3",
      "0x1",
      "1,5",
      "0.0000000001",
      "9007199.254740992",
      "NaN",
      " 1",
      "_1",
    ])
      expect([text, nanoUsdOf(text)]).toEqual([text, undefined]);
  });
});
