// Guards the merge of entries: RFC 7396, on text.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { JsonText } from "../../protocol/index.ts";
import { mergePatch } from "./merge.ts";

const merged = (target: string | undefined, patch: string) =>
  mergePatch(target as JsonText | undefined, patch as JsonText);

/** The pseudo code of RFC 7396, on parsed values. */
function reference(target: unknown, patch: unknown): unknown {
  if (typeof patch !== "object" || patch === null || Array.isArray(patch)) return patch;
  const base = typeof target === "object" && target !== null && !Array.isArray(target) ? Object.entries(target) : [];
  const members = new Map<string, unknown>(base);
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) members.delete(name);
    else members.set(name, reference(members.get(name), value));
  }
  return Object.fromEntries(members);
}

describe("merging", () => {
  it.each([
    ['{"a":"b"}', '{"a":"c"}', '{"a":"c"}'],
    ['{"a":"b"}', '{"b":"c"}', '{"a":"b","b":"c"}'],
    ['{"a":"b"}', '{"a":null}', "{}"],
    ['{"a":"b","b":"c"}', '{"a":null}', '{"b":"c"}'],
    ['{"a":["b"]}', '{"a":"c"}', '{"a":"c"}'],
    ['{"a":"c"}', '{"a":["b"]}', '{"a":["b"]}'],
    ['{"a":{"b":"c"}}', '{"a":{"b":"d","c":null}}', '{"a":{"b":"d"}}'],
    ['{"a":[{"b":"c"}]}', '{"a":[1]}', '{"a":[1]}'],
    ['["a","b"]', '["c","d"]', '["c","d"]'],
    ['{"a":"b"}', '["c"]', '["c"]'],
    ['{"a":"foo"}', "null", "null"],
    ['{"a":"foo"}', '"bar"', '"bar"'],
    ['{"e":null}', '{"a":1}', '{"e":null,"a":1}'],
    ["[1,2]", '{"a":"b","c":null}', '{"a":"b"}'],
    ["{}", '{"a":{"bb":{"ccc":null}}}', '{"a":{"bb":{}}}'],
  ])("RFC 7396, appendix A: %s with %s is %s", (target, patch, result) => {
    expect(merged(target, patch)).toEqual({ ok: true, text: result });
  });

  it("does what the RFC's pseudo code does to parsed values, also for names that pollute prototypes", () => {
    const value = fc.json({ maxDepth: 4, stringUnit: "grapheme" });
    const polluting = fc
      .tuple(fc.constantFrom("__proto__", "constructor", "a"), value, fc.constantFrom("__proto__", "b"), value)
      .map(([a, x, b, y]) => `{${JSON.stringify(a)}:${x},${JSON.stringify(b)}:{"__proto__":${y}}}`);
    const either = fc.oneof(value, polluting).map((text) => JSON.stringify(JSON.parse(text)));
    fc.assert(
      fc.property(fc.option(either, { nil: undefined }), either, (target, patch) => {
        const result = merged(target, patch);
        const expected = reference(target === undefined ? {} : JSON.parse(target), JSON.parse(patch));
        expect(result.ok && JSON.parse(result.text)).toEqual(expected);
      }),
      { numRuns: 500 },
    );
    expect(({} as Record<string, unknown>)["b"]).toBeUndefined();
  });

  it("rule 19: values that the patch does not name keep their bytes", () => {
    expect(merged('{"n":1.50e+03,"big":123456789012345678901,"s":"\\u0041"}', '{"x":1}')).toEqual({
      ok: true,
      text: '{"n":1.50e+03,"big":123456789012345678901,"s":"\\u0041","x":1}',
    });
    expect(merged('{"d":{"n":1.0,"m":2}}', '{"d":{"m":3E1}}')).toEqual({ ok: true, text: '{"d":{"n":1.0,"m":3E1}}' });
  });

  it("L2: is total, also over text that no edge would let in", () => {
    const deep = `${'{"a":'.repeat(300)}1${"}".repeat(300)}`;
    expect(merged("{}", deep)).toEqual({ ok: false, code: "value_too_deep" });
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom("{", "}", '"', ":", ",", "a", "\\", "[", "]") }),
        fc.string(),
        (target, patch) => {
          merged(target, patch);
          merged(`{"a":${patch}`, `{"a":${target}`);
          merged("{}", target);
        },
      ),
      { numRuns: 2000 },
    );
  });
});
