// Classic fields: what the host program adds to a frame, and what is left out.

import { describe, expect, it } from "vitest";
import { checkFields, createClassicFields, type ClassicField } from "./classic-fields.ts";

function fieldsOf(fields: Record<string, ClassicField>) {
  const complaints: string[] = [];
  let now = 0;
  const made = createClassicFields({
    fields,
    timeoutMs: 20,
    now: () => now,
    complain: (field, reason) => complaints.push(`${field}: ${reason}`),
  });
  return { made, complaints, wait: (ms: number) => (now += ms) };
}

describe("classic fields", () => {
  it("plain and promised values are added as JSON", async () => {
    const { made } = fieldsOf({ custom_data: () => "Your data here", later: async () => ({ n: 1 }) });
    expect(await made.collect()).toBe(',"custom_data":"Your data here","later":{"n":1}');
  });

  it("L6: one that throws, rejects, is slow, is too large or has no JSON form is left out and logged; the others stay", async () => {
    const { made, complaints } = fieldsOf({
      throws: () => {
        throw new Error("no");
      },
      rejects: () => Promise.reject(new Error("nor this")),
      slow: () => new Promise(() => undefined),
      large: () => "x".repeat(65_536),
      nothing: () => undefined,
      cycle: () => {
        const self: Record<string, unknown> = {};
        self["self"] = self;
        return self;
      },
      good: () => 1,
    });
    expect(await made.collect()).toBe(',"good":1');
    expect(complaints.map((one) => one.split(":", 1).join()).sort()).toStrictEqual([
      "cycle",
      "large",
      "nothing",
      "rejects",
      "slow",
      "throws",
    ]);
  });

  it("L6: complaints are limited to one a minute and field, and a call that has not ended is not repeated", async () => {
    let calls = 0;
    const { made, complaints, wait } = fieldsOf({
      slow: () => {
        calls++;
        return new Promise(() => undefined);
      },
    });
    for (let i = 0; i < 5; i++) await made.collect();
    expect(calls).toBe(1);
    expect(complaints).toHaveLength(1);
    wait(60_000);
    await made.collect();
    expect(complaints).toHaveLength(2);
  });

  it("too many fields, or one named like a part of the frame, are refused at the start", () => {
    expect(() => checkFields(Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`f${i}`, () => i])))).toThrow(
      /at most 16/,
    );
    expect(() => checkFields({ audit: () => 1 })).toThrow(/part of the frame/);
  });
});
