import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseJson, toJson } from "./exact-json.ts";

describe("JSON of the client", () => {
  it("keeps every digit of an integer, also where JSON.parse does not tell a number's source (Node 20) (W-SYNC-9)", () => {
    const text =
      '{"big":12345678901234567890,"low":-9007199254740993,"#":"#n1","text":"1234567890123456789","in":["\\u0023n2",99999999999999999999]}';
    const value = parseJson(text);
    expect(value).toEqual({
      big: 12345678901234567890n,
      low: -9007199254740993n,
      "#": "#n1",
      text: "1234567890123456789",
      in: ["#n2", 99999999999999999999n],
    });
    expect(toJson(value)).toBe(text.replace("\\u0023", "#"));
  });

  it("leaves other numbers and all texts as they are", () => {
    for (const text of ["1234567890123456", "0.12345678901234567890", "1e30", "12345678901234567890e2", "-0", '"#"'])
      expect(parseJson(text)).toEqual(JSON.parse(text));
    const rounded = (value: unknown) =>
      JSON.stringify(value, (_name, held: unknown) => (typeof held === "bigint" ? Number(held) : held));
    fc.assert(
      fc.property(fc.json(), fc.stringMatching(/^["\\#n0-9:, ]*$/), (json, odd) => {
        const text = `{"long":1234567890123456,${JSON.stringify(odd)}:[${JSON.stringify(odd)},${json}]}`;
        expect(rounded(parseJson(text))).toBe(JSON.stringify(JSON.parse(text)));
      }),
    );
  });

  it("takes long texts, and refuses what is none", () => {
    const long = `[12345678901234567890,"${String.raw`\n"`.replace('"', "").repeat(2_000_000)}"]`;
    expect((parseJson(long) as unknown[])[0]).toBe(12345678901234567890n);
    expect(() => parseJson('{"a":1234567890123456789')).toThrow(SyntaxError);
    expect(() => parseJson(`"${"1".repeat(100)}\\`)).toThrow(SyntaxError);
  });

  it("writes a bigint as the number that it is, wherever it stands, and ends at a circle", () => {
    const big = 12_345_678_901_234_567_890n;
    expect(toJson({ a: [big, undefined, null, "x"], b: { c: big, d: undefined }, e: new Date(0) })).toBe(
      '{"a":[12345678901234567890,null,null,"x"],"b":{"c":12345678901234567890},"e":"1970-01-01T00:00:00.000Z"}',
    );
    expect(toJson(undefined)).toBeUndefined();
    const odd = fc.oneof(fc.stringMatching(/^["\\#n0-9:, ]*$/), fc.bigInt({ min: 2n ** 53n }), fc.integer());
    fc.assert(
      fc.property(fc.array(fc.dictionary(fc.string(), odd)), (value) => {
        expect(parseJson(toJson({ big, value }) ?? "")).toEqual({ big, value });
      }),
    );
    const circle: unknown[] = [];
    circle.push(circle);
    expect(() => toJson(circle)).toThrow(TypeError);
  });
});
