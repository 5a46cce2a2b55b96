// Owns the proof that settling later gives the same sum as settling at once, also beyond the bound of what may wait.

import { hash } from "node:crypto";
import fc from "fast-check";
import { expect, it } from "vitest";
import { jsonTextOf, seq } from "../protocol/index.ts";
import { Lanes } from "./lanes.ts";
import { entryLine } from "./lines.ts";
import { type KeptEntry, RunningDigest } from "./running-digest.ts";

const sha256 = (text: string): string => hash("sha256", text, "hex");

const entryOf = (key: string, n: number): KeptEntry => ({
  key,
  value: jsonTextOf(n),
  rev: n,
  seq: seq(n),
  at: 0,
  by: "writer",
  expiresAtClock: Number.POSITIVE_INFINITY,
  source: undefined,
  hash: `h${n}`,
  held: undefined,
  base: 1,
  erased: false,
});

function fromScratch(entries: ReadonlyMap<string, KeptEntry>): string {
  const lanes = new Lanes();
  for (const entry of entries.values()) lanes.add(sha256(entryLine(entry)));
  return lanes.toHex();
}

/** Put (or, each third time, delete) the keys given, in order. */
function change(entries: Map<string, KeptEntry>, digest: RunningDigest, keys: readonly number[]): void {
  for (const [n, k] of keys.entries()) {
    const key = `key-${k}`;
    const before = entries.get(key);
    const next = n % 3 === 2 ? undefined : entryOf(key, n + 1);
    if (next === undefined) entries.delete(key);
    else entries.set(key, next);
    digest.entryChanged(before, next);
  }
}

it("rule 18: the sum is that of the entries as they are, whenever it is asked for", () => {
  fc.assert(
    fc.property(fc.array(fc.array(fc.nat(20))), (rounds) => {
      const entries = new Map<string, KeptEntry>();
      const digest = new RunningDigest(sha256, entries);
      for (const keys of rounds) {
        change(entries, digest, keys);
        expect(digest.settled().toHex()).toBe(fromScratch(entries));
      }
    }),
  );
});

it("rule 18: more changed keys than may wait are settled on the way, some of them twice", () => {
  const entries = new Map<string, KeptEntry>();
  const digest = new RunningDigest(sha256, entries);
  const keys = Array.from({ length: 60_000 }, (_, n) => (n * 7919) % 25_000);
  change(entries, digest, keys);
  expect(digest.settled().toHex()).toBe(fromScratch(entries));
  change(entries, digest, keys.slice(0, 5));
  expect(digest.settled().toHex()).toBe(fromScratch(entries));
});

it("rule 18: a sum put off until the end of a replay is the same sum", () => {
  const entries = new Map<string, KeptEntry>();
  const digest = new RunningDigest(sha256, entries);
  const settle = digest.defer();
  change(entries, digest, [1, 2, 3, 1, 2, 3, 4, 5]);
  settle();
  expect(digest.settled().toHex()).toBe(fromScratch(entries));
  const late = digest.defer();
  change(entries, digest, [4, 5, 6, 1]);
  late();
  expect(digest.settled().toHex()).toBe(fromScratch(entries));
});
