// Owns the proof that text from agents and figures for readers come out as they should.
// Does not own the page.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ago, duration, remaining } from "./figures.ts";
import { curlLine, jsonText } from "./json-text.ts";
import { oneLine, printable, textParts } from "./printable.ts";

describe("text on the screen", () => {
  it("shows hidden and reordering characters by their code", () => {
    expect(printable("a\u202Egnp.exe\u0000\u200b")).toBe("a‹U+202E›gnp.exe‹U+0000›‹U+200B›");
    expect(printable("مرحبا 👩‍👧 e\u0301\n\t")).toBe("مرحبا 👩‍👧 e\u0301\n\t");
    expect(oneLine("a\n  b\tc", 100)).toBe("a b c");
    expect(oneLine("abcdef", 3)).toBe("abc…");
  });

  it("takes a text apart into what was written and the codes, without losing a character", () => {
    expect(textParts(printable("שלום \u202E abc"))).toEqual([
      { text: "שלום ", isCode: false, at: 0 },
      { text: "‹U+202E›", isCode: true, at: 5 },
      { text: " abc", isCode: false, at: 13 },
    ]);
    expect(textParts(printable("\u0000".repeat(5000)))).toHaveLength(1);
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const shown = printable(text);
        expect(
          textParts(shown)
            .map((part) => part.text)
            .join(""),
        ).toBe(shown);
      }),
    );
  });

  it("writes JSON that reads back as the same value, at any indent", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(0, 2), (value, indent) => {
        expect(JSON.parse(jsonText(value, indent))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it("makes a curl line in which no key can leave its quotes", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", minLength: 1 }), (key) => {
        const line = curlLine("http://h", "default", key);
        expect(line.startsWith("curl 'http://h/")).toBe(true);
        expect(line.slice(6, -1)).not.toContain("'");
        expect(new URL(line.slice(6, -1)).pathname).toMatch(/^\/api\/v1\/boards\/default\/entries/);
      }),
    );
    expect(curlLine("http://h", "default", "..")).toBe("curl 'http://h/api/v1/boards/default/entries?key=..'");
  });

  it("says how long in the unit that matters", () => {
    expect([0, 59_999, 60_000, 3_600_000, 172_800_000].map(duration)).toEqual(["0s", "59s", "1m", "1h", "2d"]);
    expect([900, 61_000, 3_660_000].map(remaining)).toEqual(["1s", "1m 1s", "1h 1m"]);
    expect([-5, 1000, 5000].map(ago)).toEqual(["now", "now", "5s ago"]);
  });
});
