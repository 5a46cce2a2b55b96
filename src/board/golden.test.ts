// Guards rule 1: logs of old rules replay to the same outcomes and the same digest for ever.
// The files are never regenerated; a new version of the rules adds a file of its own.

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  changeSchema,
  type Change,
  commandSchema,
  type LogRecord,
  logRecordSchema,
  type Outcome,
  outcomeSchema,
} from "../protocol/index.ts";
import { sha256 } from "../../test/law/records.ts";
import { apply, createBoardState, digestOf, readSnapshot, writeSnapshot } from "./index.ts";

/** Commands that rules 1 do not know. */
const COMMANDS_OF_RULES_2 = [
  "budget.change",
  "budget.move",
  "budget.reserve",
  "budget.reset",
  "budget.project",
  "hold.settle",
  "hold.extend",
  "hold.release",
  "pause.set",
  "pause.clear",
  "alert.acknowledge",
];

type Line = { record: LogRecord; outcome: Outcome; changes: Change[] } | { digest: string };

const lines = readFileSync(new URL("../../test/fixtures/golden/rules-1.jsonl", import.meta.url), "utf8")
  .trimEnd()
  .split("\n")
  .map((line) => JSON.parse(line) as Line);

describe("the golden log of rules 1", () => {
  it("rule 1: gives the outcomes, changes and digests that it gave when it was written", async () => {
    let state = createBoardState(sha256);
    for (const line of lines) {
      if ("digest" in line) {
        expect(digestOf(state)).toBe(line.digest);
        state = await readSnapshot(writeSnapshot(state), sha256);
        expect(digestOf(state)).toBe(line.digest);
      } else {
        // What passes the schemas comes out of them as it went in: nothing is stripped, nothing is filled in.
        expect(logRecordSchema.parse(line.record)).toEqual(line.record);
        expect(outcomeSchema.parse(line.outcome)).toEqual(line.outcome);
        expect(line.changes.map((change) => changeSchema.parse(change))).toEqual(line.changes);
        expect(apply(state, line.record)).toEqual({ outcome: line.outcome, changes: line.changes });
      }
    }
  });

  it("holds every command, accepted and refused", () => {
    const seen = new Set<string>();
    for (const line of lines) {
      if ("digest" in line) continue;
      seen.add(`${line.record.command.type} ${line.outcome.ok}`);
    }
    const later = new Set<string>(COMMANDS_OF_RULES_2);
    const types = commandSchema.options.map((option) => option.shape.type.value).filter((type) => !later.has(type));
    // These are never refused while there is room.
    const always = new Set<string>(["agent.report", "task.report", "audit.note", "source.report", "source.mark"]);
    const expected = types.flatMap((type) => (always.has(type) ? [`${type} true`] : [`${type} true`, `${type} false`]));
    expect(expected.filter((one) => !seen.has(one))).toEqual([]);
  });
});
