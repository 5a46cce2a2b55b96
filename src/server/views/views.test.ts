// Pages of keys, conditions, and audit notes as text.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type AuditNote, classicAuditSchema, compareNames, type JsonText, seq } from "../../protocol/index.ts";
import { auditText, newestText } from "./audit-text.ts";
import { pageOfKeys } from "./entry-text.ts";
import { conditionOf, isFresh } from "./etag.ts";

const name = fc.string({ unit: "binary", minLength: 1, maxLength: 4 });

describe("pages of keys", () => {
  const breathe = async (): Promise<void> => undefined;

  it("rule 19: a page is what sorting all keys by their UTF-8 bytes would give", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(name),
        fc.string({ maxLength: 1 }),
        fc.option(name, { nil: undefined }),
        fc.integer({ min: 1, max: 9 }),
        async (keys, prefix, after, limit) => {
          const all = keys
            .filter((key) => key.startsWith(prefix) && (after === undefined || compareNames(key, after) > 0))
            .sort(compareNames);
          expect(await pageOfKeys(keys, prefix, after, limit, breathe)).toStrictEqual(all.slice(0, limit));
        },
      ),
    );
  });

  it("L6: a long walk lets others run, and keys that go and come back meanwhile are named once", async () => {
    const keys = new Map(Array.from({ length: 50_000 }, (_, i) => [`k${String(i).padStart(5, "0")}`, i] as const));
    let turns = 0;
    const page = await pageOfKeys(keys.keys(), "", undefined, 3, async () => {
      turns++;
      keys.delete("k00001");
      keys.set("k00001", 1);
    });
    expect(page).toStrictEqual(["k00000", "k00001", "k00002"]);
    expect(turns).toBeGreaterThanOrEqual(2);
  });
});

describe("conditions", () => {
  it.each([
    [{}, undefined],
    [{ "if-match": '"12"' }, { rev: 12 }],
    [{ "if-none-match": "*" }, { absent: true }],
  ])("%j: %j", (headers, expected) => expect(conditionOf(headers, undefined)).toStrictEqual(expected));

  it.each([
    { "if-match": "*", "idempotency-key": "one" },
    { "if-match": "" },
    { "if-match": "12" },
    { "if-match": 'W/"12"' },
    { "if-match": '"1", "2"' },
    { "if-match": '"x"' },
    { "if-match": '"99999999999999999"' },
    { "if-none-match": '"12"' },
    { "if-match": '"12"', "if-none-match": "*" },
  ])("%j cannot be read: bad_condition", (headers) => {
    expect(() => conditionOf(headers, 1)).toThrow(expect.objectContaining({ code: "bad_condition" }));
  });

  it("If-None-Match on reads compares weakly, in lists, and by star", () => {
    expect(isFresh('W/"a"', '"a"')).toBe(true);
    expect(isFresh('"b", "a"', 'W/"a"')).toBe(true);
    expect(isFresh("*", '"a"')).toBe(true);
    expect(isFresh('"b"', '"a"')).toBe(false);
    expect(isFresh(undefined, '"a"')).toBe(false);
  });
});

describe("audit notes", () => {
  const note = (over: Partial<AuditNote>): AuditNote => ({
    seq: seq(1),
    at: 1000,
    event: "e",
    agent: "a",
    resource: undefined,
    granted: undefined,
    reason: undefined,
    by: "a",
    source: "http",
    details: undefined,
    ...over,
  });

  it("what the source said stays, and what the note knows wins", () => {
    const details =
      '{"scores":{"trust":0.8200000000000001},"reason":"kept","granted":"yes","event":"other","n":10.0}' as JsonText;
    const text = auditText(note({ details, granted: false }));
    expect(text).toContain('"scores":{"trust":0.8200000000000001}');
    expect(text).toContain('"n":10.0');
    expect(classicAuditSchema.parse(JSON.parse(text))).toMatchObject({
      event: "e",
      reason: "kept",
      granted: false,
      resource_type: null,
    });
  });

  it("details of any shape, with any names, give an entry of the seed's form", () => {
    fc.assert(
      fc.property(fc.json(), (details) => {
        expect(() =>
          classicAuditSchema.parse(JSON.parse(auditText(note({ details: details as JsonText })))),
        ).not.toThrow();
      }),
    );
  });

  it("the newest come first, and a text beyond the bound is none", () => {
    const notes = [note({ event: "first" }), note({ event: "second" })];
    expect(JSON.parse(`[${newestText(notes, 5, 1e6)}]`).map((one: { event: string }) => one.event)).toStrictEqual([
      "second",
      "first",
    ]);
    expect(newestText(notes, 5, 10)).toBeUndefined();
  });
});
