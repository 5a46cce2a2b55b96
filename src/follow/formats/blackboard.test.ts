// Owns the proof that every blackboard dialect is read whole, and that no cut-off file is taken for a complete one.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseBlackboard } from "./blackboard.ts";
import type { Parsed } from "./parsed.ts";

const fixture = (path: string): string =>
  readFileSync(join(import.meta.dirname, "../../../test/fixtures", path), "utf8");
const NOW = Date.parse("2026-11-22T20:30:00Z");

const values = (parsed: Parsed): Record<string, unknown> => {
  if (!parsed.ok) throw new Error(parsed.reason);
  return Object.fromEntries(
    parsed.items.flatMap(({ commands: [put] }) =>
      put?.type === "entry.put" ? [[put.key, JSON.parse(put.value) as unknown]] : [],
    ),
  );
};
const keys = (parsed: Parsed): string[] => (parsed.ok ? parsed.items.map((item) => item.name) : []);
const wrap = (sections: string): string =>
  `# Swarm Blackboard\nLast Updated: x\n\n## Active Tasks\n\n## Knowledge Cache\n${sections}\n## Coordination Signals\n\n## Execution History\n`;
const zejzl = (entries: Iterable<readonly [string, string]>): string =>
  `# Swarm Blackboard\n\n${[...entries].map(([key, value]) => `\n## ${key}\n- **Value:** "${value}"\n- **Timestamp:** 2026-02-05T10:43:37.482723+00:00\n`).join("")}`;

describe("blackboard dialects", () => {
  it("TypeScript v5: fenced JSON; what has run out is absent", () => {
    const parsed = parseBlackboard(fixture("network-ai-v5/swarm-blackboard.md"), NOW, false);
    expect(keys(parsed)).toHaveLength(6);
    expect(values(parsed)["task:1:status"]).toEqual({ status: "completed" });
    const later = parseBlackboard(fixture("network-ai-v5/swarm-blackboard.md"), NOW + 58 * 60_000, false);
    expect(keys(later)).toHaveLength(4);
  });

  it("Python: bare JSON without a version; v2 index.ts: `sourceAgent`", () => {
    const text = wrap(
      `### a\n{\n  "key": "a",\n  "value": 12345678901234567890,\n  "source_agent": "w",\n  "timestamp": "2026-11-22T20:27:26.760000+00:00",\n  "ttl": null,\n  "committed_from": "chg"\n}\n\n### b\n{ "key": "b", "value": [1.0, "x"], "sourceAgent": "v", "timestamp": "2026-11-22T20:27:26Z", "ttl": 600 }\n`,
    );
    const parsed = parseBlackboard(text, NOW, false);
    if (!parsed.ok) throw new Error(parsed.reason);
    expect(parsed.items.map((item) => item.commands[0])).toEqual([
      // Every digit stays (rule 19).
      {
        type: "entry.put",
        key: "a",
        value: "12345678901234567890",
        by: "w",
        at: Date.parse("2026-11-22T20:27:26.760Z"),
      },
      {
        type: "entry.put",
        key: "b",
        value: '[1.0,"x"]',
        by: "v",
        at: Date.parse("2026-11-22T20:27:26Z"),
        ttlMs: 600_000 - 154_000,
      },
    ]);
  });

  it("CRLF and a byte order mark change nothing", () => {
    const text = fixture("network-ai-v5/swarm-blackboard.md");
    expect(values(parseBlackboard(`\uFEFF${text.replaceAll("\n", "\r\n")}`, NOW, false))).toEqual(
      values(parseBlackboard(text, NOW, false)),
    );
  });

  it("an entry that cannot be read is kept, not deleted, and the others come in", () => {
    const parsed = parseBlackboard(wrap('### bad\n{"key": \n\n### good\n{"value": 1}\n'), NOW, false);
    expect(keys(parsed)).toEqual(["good"]);
    expect(parsed.ok && parsed.unreadable).toEqual([{ kind: "entry", name: "bad" }]);
  });

  it("zejzlAI: any values, with quotes and newlines, come back as they were", () => {
    const key = fc.stringMatching(/^[a-z0-9:_."'-]{1,20}$/);
    const value = fc
      .array(fc.constantFrom('"', "\n", "\\", "a", "## b", "- **Value:** ", " ", "\r\n", "é", "# "))
      .map((parts) => parts.join(""));
    fc.assert(
      fc.property(fc.dictionary(key, value, { minKeys: 1, noNullPrototype: true }), (entries) => {
        expect(values(parseBlackboard(zejzl(Object.entries(entries)), NOW, true))).toEqual(entries);
      }),
    );
  });
});

describe("files that are being written", () => {
  it("no cut of a Network-AI file before its end mark is believed", () => {
    const text = fixture("network-ai-v5/swarm-blackboard.md");
    const mark = text.indexOf("## Execution History") + "## Execution History".length;
    for (let at = 0; at < mark; at++) expect(parseBlackboard(text.slice(0, at), NOW, false).ok).toBe(false);
  });

  it("a cut of a zejzlAI file is either refused or misses whole keys at the end, and never has an end mark", () => {
    const text = fixture("zejzl/blackboard.md");
    const whole = values(parseBlackboard(text, NOW, true));
    expect(Object.keys(whole)).toHaveLength(34);
    for (let at = 0; at < text.length; at += 7) {
      const parsed = parseBlackboard(text.slice(0, at), NOW, true);
      if (!parsed.ok) continue;
      expect(parsed.endMarked).toBe(false);
      expect(whole).toMatchObject(values(parsed));
    }
  });

  it("an empty file is never an empty board; a bare heading is one only for zejzlAI", () => {
    for (const text of ["", "\n", "\uFEFF", "# Swarm Blackb"]) expect(parseBlackboard(text, NOW, true).ok).toBe(false);
    expect(parseBlackboard("# Swarm Blackboard\n\n", NOW, true)).toMatchObject({ ok: true, items: [] });
    expect(parseBlackboard("# Swarm Blackboard\n\n", NOW, false).ok).toBe(false);
  });
});
