// Owns the proof that no parser throws, whatever stands in a file, and that what it makes passes the schema or is refused.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DEFAULT_LIMITS, singleCommandSchema } from "../../protocol/index.ts";
import { flawOf } from "../import/work.ts";
import { parseAuditLine } from "./audit-line.ts";
import { parseBlackboard } from "./blackboard.ts";
import { parseBudgets } from "./budgets.ts";
import { federatedBudgetItem } from "./federated-budget.ts";
import { parseHookLine } from "./hook-line.ts";
import { instantOf } from "./instant.ts";
import type { Parsed } from "./parsed.ts";
import { parseProjectName } from "./project.ts";
import { parseActiveGrants, parsePendingChange } from "./requests.ts";
import { parseAgentHealth, parseTasks, parseTrustLevels } from "./tables.ts";

const NOW = Date.parse("2026-11-22T20:30:00Z");
const parsers: Readonly<Record<string, (text: string) => Parsed>> = {
  blackboard: (text) => parseBlackboard(text, NOW, true),
  budgets: parseBudgets,
  tasks: parseTasks,
  health: parseAgentHealth,
  trust: parseTrustLevels,
  grants: (text) => parseActiveGrants(text, NOW),
};

/** Names that mean something to a parser, so that random JSON gets past the first check. */
const word = fc.constantFrom(
  "tasks", "max_tokens", "used_tokens", "status", "spending_log", "timestamp", "agentId", "agent_id", "trustLevel",
  "allowedNamespaces", "handoffs", "details", "action", "event", "eventType", "outcome", "granted", "token", "original_grant",
  "expires_at", "change_id", "key", "value", "ceiling", "spent", "__proto__", "constructor", "reason", "resource", "ttl",
); // prettier-ignore
const json = fc.letrec<{ node: unknown }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 5 },
    fc.constantFrom(
      null,
      true,
      "",
      "EXHAUSTED",
      "2026-11-22T20:27:26Z",
      "grant_0123456789abcdef",
      "\ud800",
      -1,
      1e300,
      0.5,
    ),
    fc.string({ unit: "binary" }),
    fc.double(),
    fc.array(tie("node"), { maxLength: 4 }),
    fc.dictionary(fc.oneof(word, fc.string()), tie("node"), { maxKeys: 6 }),
  ),
})).node;
const text = fc.oneof(
  fc.string({ unit: "binary" }),
  json.map((value) => JSON.stringify(value)),
  json.map((value) => JSON.stringify(value).slice(0, -3)),
  fc
    .array(
      fc.oneof(
        fc.constantFrom(
          "# Swarm Blackboard",
          "## Knowledge Cache",
          "## Execution History",
          "### k",
          "```json",
          "```",
          "## k",
          '- **Value:** "v"',
          "- **Timestamp:** 2026-02-05T10:43:37Z",
          "Last Updated: x",
          "",
        ),
        json.map((value) => JSON.stringify(value)),
      ),
    )
    .map((lines) => lines.join("\n")),
);

describe("parsers are total", () => {
  for (const [name, parse] of Object.entries(parsers)) {
    it(`${name}: any text gives a Parsed, and every command passes the schema or has a named flaw`, () => {
      fc.assert(
        fc.property(text, (source) => {
          const parsed = parse(source);
          if (!parsed.ok) expect(parsed.reason).not.toBe("");
          for (const item of parsed.ok ? parsed.items : []) {
            for (const command of item.commands) {
              if (flawOf(command, DEFAULT_LIMITS) === undefined) singleCommandSchema.parse(command);
            }
          }
        }),
        { numRuns: 300 },
      );
    });
  }

  it("single lines and documents: a note of any object has no flaw, and nothing throws", () => {
    fc.assert(
      fc.property(text, (source) => {
        const audit = parseAuditLine(source);
        if (audit !== undefined) expect(flawOf(audit.note, DEFAULT_LIMITS)).toBeUndefined();
        const hook = parseHookLine(source);
        if (hook !== undefined) expect(flawOf(hook, DEFAULT_LIMITS)).toBeUndefined();
        parsePendingChange(source);
        parseProjectName(source);
        federatedBudgetItem(source as Parameters<typeof federatedBudgetItem>[0], undefined);
      }),
      { numRuns: 500 },
    );
  });

  it("a point in time is a whole number of ms in range, and a time without a zone is UTC", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.anything(),
          fc.double(),
          fc.date().map((date) => date.toString()),
        ),
        (value) => {
          const at = instantOf(value);
          if (at !== undefined) expect(Number.isInteger(at) && at >= 0 && at <= 8.64e15).toBe(true);
        },
      ),
    );
    expect(instantOf("2026-02-05T10:43:37.482723")).toBe(Date.parse("2026-02-05T10:43:37.482Z"));
    expect(instantOf("2026-02-05 10:43:37+02:00")).toBe(Date.parse("2026-02-05T08:43:37Z"));
    expect(instantOf(1_770_288_217.5)).toBe(1_770_288_217_500);
  });
});
