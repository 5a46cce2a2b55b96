// Owns the proof that JSON as text is checked, kept byte for byte, and cut where its members are.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { elementsOf, membersOf, toJsonText } from "./json-text.ts";

const spaced = fc.tuple(fc.jsonValue(), fc.constantFrom(undefined, 1, "\t"));

describe("rule 19: values keep their text", () => {
  it("keeps every token byte for byte and drops only white space between tokens", () => {
    fc.assert(
      fc.property(spaced, ([value, indent]) => {
        const result = toJsonText(` ${JSON.stringify(value, undefined, indent)}\n`);
        expect(result).toEqual({ ok: true, text: JSON.stringify(value) });
      }),
    );
  });

  it.each([
    "12345678901234567890.10",
    "1e400",
    "-0",
    "0.10",
    '"\\u0041"',
    '{"a":1,"a":2}',
    '"\u2028"',
    '{"__proto__":{"x":1}}',
  ])("does not rewrite %s", (text) => expect(toJsonText(text)).toEqual({ ok: true, text }));

  it.each([
    ["", "bad_json"],
    ["{", "bad_json"],
    ["nul", "bad_json"],
    ['"a" "b"', "bad_json"],
    ['"\\ud800"', "lone_surrogate"],
    ['"\\udc00\\ud800"', "lone_surrogate"],
    ['["\ud800"]', "lone_surrogate"],
    [`${"[".repeat(129)}${"]".repeat(129)}`, "value_too_deep"],
  ])("refuses %j with %s", (text, code) => {
    expect(toJsonText(text)).toMatchObject({ ok: false, code });
  });

  it("takes escaped pairs, and brackets and backslashes inside of strings", () => {
    for (const text of ['"\\ud83d\\ude00"', '"[[["', '"\\\\"', '["\\"]","\\\\\\""]']) {
      expect(toJsonText(text)).toEqual({ ok: true, text });
    }
  });
});

describe("cutting members and elements out of a text", () => {
  it("agrees with JSON.parse on every object", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.constantFrom(undefined, 2), (object, indent) => {
        const members = membersOf(JSON.stringify(object, undefined, indent));
        const parsed = JSON.parse(JSON.stringify(object)) as Record<string, unknown>;
        expect(new Map([...(members ?? [])].map(([name, text]) => [name, JSON.parse(text) as unknown]))).toEqual(
          new Map(Object.entries(parsed)),
        );
      }),
    );
  });

  it("agrees with JSON.parse on every array", () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), fc.constantFrom(undefined, 2), (array, indent) => {
        const elements = elementsOf(JSON.stringify(array, undefined, indent));
        expect(elements?.map((text) => JSON.parse(text) as unknown)).toEqual(JSON.parse(JSON.stringify(array)));
      }),
    );
  });

  it("keeps number texts, the last of duplicate names, and says when there is no object", () => {
    expect([...(membersOf('{"a" : 1.0 ,"b":[ ],"a":12345678901234567890}') ?? [])]).toEqual([
      ["a", "12345678901234567890"],
      ["b", "[ ]"],
    ]);
    expect(membersOf("[1]")).toBeUndefined();
    expect(elementsOf('{"a":1}')).toBeUndefined();
  });
});
