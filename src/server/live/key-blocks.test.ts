// Guards the search through joined keys against a look through each key by itself.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { joinKeys, KeyBlocks } from "./key-blocks.ts";

/** Letters whose lower case is longer (İ), depends on neighbours (Σ), or has two units. */
const letters = fc.constantFrom("a", "A", "b", ":", "İ", "Σ", "σ", "ß", "\u{1f600}", "\u{10400}", "\0");
const text = (minLength: number) => fc.array(letters, { minLength, maxLength: 4 }).map((parts) => parts.join(""));
const keys = fc.uniqueArray(text(1), { maxLength: 30 });

function naive(there: Iterable<string>, prefix: string, wanted: string): string[] {
  return [...there].filter((key) => key.startsWith(prefix) && key.toLowerCase().includes(wanted)).sort();
}

function found(blocks: KeyBlocks, prefix: string, wanted: string): string[] {
  const all = new Set<string>();
  for (let place = 0; place < blocks.count; place++) {
    for (const key of blocks.find(place, { prefix, text: wanted })) all.add(key);
  }
  return [...all].sort();
}

describe("the search through joined keys", () => {
  it("W-WIN-5: finds what a look through each key finds, whatever was added, put again and deleted since", () => {
    const changes = fc.array(fc.tuple(text(1), fc.boolean()), { maxLength: 30 });
    fc.assert(
      fc.property(keys, keys, changes, text(0), text(1), (first, second, changes, prefix, wanted) => {
        const blocks = new KeyBlocks(12);
        const there = new Set([...first, ...second]);
        blocks.add(joinKeys(first));
        blocks.add(joinKeys(second));
        for (const [key, isThere] of changes) {
          blocks.change(key, isThere);
          if (isThere) there.add(key);
          else there.delete(key);
          const lower = wanted.toLowerCase();
          expect(found(blocks, prefix, lower)).toEqual(naive(there, prefix, lower));
        }
      }),
    );
  });

  it("finds no word that lies across two keys", () => {
    const blocks = new KeyBlocks();
    blocks.add(joinKeys(["xa", "b", "ab", "a", "b"]));
    expect(found(blocks, "", "ab")).toEqual(["ab"]);
  });
});
