// Bodies: values keep their bytes, and each way to be wrong has its code.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { callerCommandSchema, DEFAULT_LIMITS, type Limits } from "../protocol/index.ts";
import { readBody } from "./body.ts";
import { jsonValue } from "./routes/parts.ts";

const put = z.object({ value: jsonValue, ttlMs: z.number().optional() });
const codeOf = (schema: z.ZodType, body: string, limits: Limits = DEFAULT_LIMITS): string => {
  const read = readBody(schema, body, limits);
  return "refusal" in read ? read.refusal.code : "read";
};

describe("rule 19: a body's values keep their bytes", () => {
  it("any value comes out as the text that went in, without white space between tokens", () => {
    fc.assert(
      fc.property(fc.json(), fc.constantFrom("", " ", "\n\t"), (value, space) => {
        const read = readBody(put, `{${space}"value"${space}:${space}${value}${space}}`, DEFAULT_LIMITS);
        if ("refusal" in read) expect(read.refusal.code).toBe("lone_surrogate");
        else expect(JSON.parse(read.value.value)).toStrictEqual(JSON.parse(value));
      }),
    );
  });

  it("numbers beyond a double and escapes stay as they were written", () => {
    const value = String.raw`{"n":12345678901234567890.10,"e":1E400,"s":"\u0041\/","z":-0}`;
    const read = readBody(put, `{"value": ${value}}`, DEFAULT_LIMITS);
    expect("value" in read && read.value.value).toBe(value);
  });

  it("commands in a batch keep theirs too", () => {
    const body =
      '{"type":"batch","commands":[{"type":"entry.put","key":"k","value":1.50},{"type":"audit.note","event":"e","details":[1e999]}]}';
    const read = readBody(callerCommandSchema, body, DEFAULT_LIMITS);
    expect("value" in read && read.value).toMatchObject({ commands: [{ value: "1.50" }, { details: "[1e999]" }] });
  });

  it("each way to be wrong has its code", () => {
    const nested = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);
    expect(codeOf(put, "")).toBe("bad_json");
    expect(codeOf(put, "{")).toBe("bad_json");
    expect(codeOf(put, "[]")).toBe("bad_request");
    expect(codeOf(put, "{}")).toBe("bad_request");
    expect(codeOf(put, '{"value":1,"ttlms":5}')).toBe("bad_request");
    expect(codeOf(put, '{"value":1,"__proto__":{}}')).toBe("bad_request");
    expect(codeOf(put, String.raw`{"value":"\ud800"}`)).toBe("lone_surrogate");
    expect(codeOf(put, `{"value":${nested(128)}}`)).toBe("read");
    expect(codeOf(put, `{"value":${nested(129)}}`)).toBe("value_too_deep");
    expect(codeOf(put, `{"value":${nested(100_000)}}`)).toBe("value_too_deep");
    expect(codeOf(put, '{"value":"12345"}', { ...DEFAULT_LIMITS, maxValueBytes: 6 })).toBe("value_too_large");
    expect(codeOf(callerCommandSchema, '{"type":"rules.change","version":1}')).toBe("bad_request");
    expect(codeOf(callerCommandSchema, '{"type":"items.expire","items":[]}')).toBe("bad_request");
    expect(codeOf(callerCommandSchema, '{"type":"entry.put","key":"k","value":1,"by":"someone"}')).toBe("bad_request");
    const three = '{"type":"batch","commands":[{},{},{}]}';
    expect(codeOf(callerCommandSchema, three, { ...DEFAULT_LIMITS, maxBatchCommands: 2 })).toBe("batch_too_large");
  });

  it("no text of any content makes it throw", () => {
    fc.assert(
      fc.property(fc.string(), (body) => {
        expect(typeof codeOf(callerCommandSchema, body)).toBe("string");
      }),
    );
    fc.assert(
      fc.property(fc.json(), (body) => {
        expect(typeof codeOf(callerCommandSchema, body)).toBe("string");
      }),
    );
  });
});
