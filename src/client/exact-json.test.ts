// Guards numbers (rule 19): what a value holds is what was written, on both ways.

import { describe, expect, it } from "vitest";
import { parseJson, sameJson, toJson } from "./exact-json.ts";

/** Node 20 does not tell a number's source text; browsers and Node 22 do. */
const TELLS_SOURCE = (() => {
  let tells = false;
  JSON.parse("1", ((_name: string, _value: unknown, context?: { source?: string }) => {
    tells = context?.source === "1";
  }) as never);
  return tells;
})();

describe("JSON", () => {
  it("writes a bigint as the number that it is, wherever it stands", () => {
    const big = 12_345_678_901_234_567_890n;
    expect(toJson({ a: [big, undefined, null, "x"], b: { c: big, d: undefined }, e: new Date(0) })).toBe(
      '{"a":[12345678901234567890,null,null,"x"],"b":{"c":12345678901234567890},"e":"1970-01-01T00:00:00.000Z"}',
    );
    expect(toJson(undefined)).toBeUndefined();
    const circle: unknown[] = [];
    circle.push(circle);
    expect(() => toJson(circle)).toThrow(RangeError);
  });

  it.runIf(TELLS_SOURCE)("reads a long integer as a bigint, and everything else as usual", () => {
    const text = '{"a":9007199254740993,"b":-12345678901234567890,"c":1.5,"d":"9007199254740993","e":1e300}';
    expect(toJson(parseJson(text))).toBe(text.replace("1e300", "1e+300"));
    expect(parseJson("9007199254740993")).toBe(9_007_199_254_740_993n);
  });

  it("rounds long integers where the platform does not tell them", () => {
    expect(Number(parseJson("9007199254740993"))).toBeCloseTo(9_007_199_254_740_992, -2);
  });

  it("compares what values say, whatever the order of their members", () => {
    expect(sameJson({ a: [1, { b: null }], c: 1n }, { c: 1n, a: [1, { b: null }] })).toBe(true);
    for (const [a, b] of [
      [{ a: 1 }, { a: 1, b: undefined }],
      [[1], { 0: 1 }],
      [{ a: undefined }, { b: undefined }],
      [1, 1n],
      [null, {}],
    ])
      expect(sameJson(a, b)).toBe(false);
  });
});
