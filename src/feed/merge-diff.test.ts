// Guards the pair of a merge patch's maker and taker: what one says, the other (and the fold's own merge) turns into it.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { mergePatch } from "../board/rules-1/merge.ts";
import { type JsonText, toJsonText } from "../protocol/index.ts";
import { mergeDiff } from "./merge-diff.ts";
import { applyMergePatch } from "./merge-value.ts";

/** Texts of few names and values, so that two of them have much in common; a name may come twice, or be a trap. */
const { value: anyValue, object: anyObject } = fc.letrec<{ value: string; object: string; array: string }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.constantFrom("null", "1", "1.0", "12345678901234567890", '"null"', '"{"', "true", "{}", "[]"),
    tie("object"),
    tie("array"),
  ),
  array: fc.array(tie("value"), { maxLength: 2 }).map((values) => `[${values.join(",")}]`),
  object: fc
    .array(
      fc.tuple(fc.constantFrom('"a"', '"\\u0061"', '"b"', '"__proto__"', '""', '"\\""', '"toString"'), tie("value")),
      {
        maxLength: 5,
      },
    )
    .map((members) => `{${members.map(([name, value]) => `${name}:${value}`).join(",")}}`),
}));
const asText = (text: string): JsonText => text as JsonText;

type Plain = Readonly<Record<string, unknown>>;
const isPlain = (value: unknown): value is Plain =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const ownMember = (object: Plain, name: string): unknown => (Object.hasOwn(object, name) ? object[name] : undefined);

/** One form for all values that are equal, own members called `__proto__` included. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (!isPlain(value)) return JSON.stringify(value);
  const members = Object.entries(value).map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`);
  return `{${members.sort().join(",")}}`;
}

/** Whether RFC 7396 can say it, by its own words: a patch cannot leave a null where there was none. */
function expressible(before: unknown, after: unknown): boolean {
  if (after === null) return before === null;
  if (!isPlain(after)) return true;
  const old = isPlain(before) ? before : {};
  return Object.keys(after).every((name) => expressible(ownMember(old, name), after[name]));
}

function freeze(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  for (const member of Object.values(value)) freeze(member);
  return Object.freeze(value);
}

const parse = (text: string): unknown => freeze(JSON.parse(text));

describe("the merge patch between two texts", () => {
  it("turns the one into the other wherever RFC 7396 can say it, and is undefined nowhere else", () => {
    fc.assert(
      fc.property(anyObject, anyObject, (before, after) => {
        const patch = mergeDiff(asText(before), asText(after), Infinity);
        expect(patch !== undefined).toBe(expressible(parse(before), parse(after)));
        if (patch === undefined) return;
        expect(toJsonText(patch)).toEqual({ ok: true, text: patch });
        expect(canonical(applyMergePatch(parse(before), parse(patch)))).toBe(canonical(parse(after)));
        const folded = mergePatch(asText(before), patch);
        expect(folded.ok && canonical(parse(folded.text))).toBe(canonical(parse(after)));
      }),
      { numRuns: 2000 },
    );
  });

  it("says nothing of what has not changed, and does not care about the order of members", () => {
    fc.assert(
      fc.property(anyObject, (text) => {
        expect(mergeDiff(asText(text), asText(text), 2)).toBe("{}");
      }),
    );
    const before = asText('{"a":{"x":1,"n":null},"b":[1],"c":2}');
    expect(mergeDiff(before, asText('{"c":2,"b":[1],"a":{"n":null,"x":1}}'), 2)).toBe("{}");
    expect(mergeDiff(before, asText('{"c":2,"b":[1],"a":{"n":null,"x":2}}'), 99)).toBe('{"a":{"x":2}}');
    expect(mergeDiff(before, asText('{"b":[1],"a":{"n":null,"x":1}}'), 99)).toBe('{"c":null}');
  });

  it("rule 19: sends a number whose text differs, though a double cannot tell", () => {
    const [before, after] = [asText('{"n":12345678901234567890}'), asText('{"n":12345678901234567891}')];
    expect(mergeDiff(before, after, 99)).toBe(after);
  });

  it("L6: is as long as allowed and never longer", () => {
    fc.assert(
      fc.property(anyObject, anyObject, (before, after) => {
        const whole = mergeDiff(asText(before), asText(after), Infinity);
        fc.pre(whole !== undefined);
        expect(mergeDiff(asText(before), asText(after), whole.length)).toBe(whole);
        expect(mergeDiff(asText(before), asText(after), whole.length - 1)).toBeUndefined();
      }),
    );
  });

  it("is undefined unless both are objects", () => {
    const other = anyValue.filter((text) => !text.startsWith("{"));
    fc.assert(
      fc.property(anyObject, other, (object, value) => {
        expect(mergeDiff(asText(object), asText(value), Infinity)).toBeUndefined();
        expect(mergeDiff(asText(value), asText(object), Infinity)).toBeUndefined();
        expect(mergeDiff(asText(value), asText(value), Infinity)).toBeUndefined();
      }),
    );
  });
});

describe("applying a merge patch to a parsed value", () => {
  it("agrees with the fold's merge on every target and patch, and changes neither (both are frozen)", () => {
    fc.assert(
      fc.property(anyValue, anyValue, (target, patch) => {
        const folded = mergePatch(asText(target), asText(patch));
        expect(folded.ok && canonical(parse(folded.text))).toBe(
          canonical(applyMergePatch(parse(target), parse(patch))),
        );
      }),
      { numRuns: 2000 },
    );
  });

  it("shares what the patch does not name", () => {
    const target = { same: { x: 1 }, path: { same: [1], changed: 1 } };
    const merged = applyMergePatch(target, { path: { changed: 2 } }) as typeof target;
    expect(merged).toEqual({ same: { x: 1 }, path: { same: [1], changed: 2 } });
    expect(merged.same).toBe(target.same);
    expect(merged.path.same).toBe(target.path.same);
  });

  it("makes `__proto__` a member like any other and never a prototype", () => {
    const merged = applyMergePatch({}, JSON.parse('{"__proto__":{"polluted":true}}')) as object;
    expect(Object.getPrototypeOf(merged)).toBe(Object.prototype);
    expect(JSON.stringify(merged)).toBe('{"__proto__":{"polluted":true}}');
    expect(JSON.stringify(applyMergePatch(merged, JSON.parse('{"__proto__":null}')))).toBe("{}");
    expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
  });

  // The test cases of RFC 7396, appendix A.
  it.each([
    [{ a: "b" }, { a: "c" }, { a: "c" }],
    [{ a: "b" }, { b: "c" }, { a: "b", b: "c" }],
    [{ a: "b" }, { a: null }, {}],
    [{ a: "b", b: "c" }, { a: null }, { b: "c" }],
    [{ a: ["b"] }, { a: "c" }, { a: "c" }],
    [{ a: "c" }, { a: ["b"] }, { a: ["b"] }],
    [{ a: { b: "c" } }, { a: { b: "d", c: null } }, { a: { b: "d" } }],
    [{ a: [{ b: "c" }] }, { a: [1] }, { a: [1] }],
    [
      ["a", "b"],
      ["c", "d"],
      ["c", "d"],
    ],
    [{ a: "b" }, ["c"], ["c"]],
    [{ a: "foo" }, null, null],
    [{ a: "foo" }, "bar", "bar"],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [[1, 2], { a: "b", c: null }, { a: "b" }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ])("RFC 7396: %j patched with %j is %j", (target, patch, result) => {
    expect(applyMergePatch(target, patch)).toEqual(result);
  });
});
