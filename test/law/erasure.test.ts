import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  apply,
  createBoardState,
  digestOf,
  readSnapshot,
  writeSnapshot,
  type BoardState,
} from "../../src/board/index.ts";
import { decodeRecord, encodeRecord, writeLine } from "../../src/log/record-line.ts";
import { eraseLine, erasableKeys } from "../../src/log/erased-line.ts";
import { lineIsSound } from "../../src/log/checked-line.ts";
import { readLine } from "../../src/log/audit/line.ts";
import {
  type CommandOf,
  commandId,
  RULES_VERSION,
  type Draft,
  type JsonText,
  type LogRecord,
  seq,
} from "../../src/protocol/index.ts";
import { commands, portrait, sha256, START } from "./records.ts";

const SECRET = "s".repeat(43);

interface Line {
  bytes: Buffer;
  record: LogRecord;
}

function lineOf(draft: Draft, position: number): Line {
  const encoded = encodeRecord(draft, seq(position), SECRET);
  const bytes = Buffer.alloc(encoded.bytes);
  writeLine(encoded, bytes, 0);
  return { bytes: bytes.subarray(0, -1), record: encoded.record };
}

const recordIn = (bytes: Buffer): LogRecord => decodeRecord(bytes, 0, bytes.length, false);

function fold(lines: readonly Line[], from = createBoardState(sha256)): BoardState {
  for (const { bytes } of lines) apply(from, recordIn(bytes));
  return from;
}

/** Portraits of a state: everything that any rule, digest or reader can tell. */
const same = (a: BoardState, b: BoardState): void => {
  expect(digestOf(a)).toBe(digestOf(b));
  expect(portrait(a)).toEqual(portrait(b));
};

const drafts = fc.array(
  fc.record(
    {
      command: commands,
      actor: fc.constantFrom("ann", "bob"),
      id: fc.constantFrom("", "", "", "one", "two"),
      pause: fc.nat({ max: 8 }),
      erase: fc.option(fc.nat({ max: 60 }), { freq: 3 }),
    },
    { requiredKeys: ["command", "actor", "id", "pause", "erase"] },
  ),
  { minLength: 1, maxLength: 60 },
);

describe("rule 17: an erased record", () => {
  it("replays to the digest and the state of the board that erased it live, also from a snapshot of any moment", async () => {
    await fc.assert(
      fc.asyncProperty(drafts, fc.nat({ max: 80 }), async (steps, at) => {
        const live = createBoardState(sha256);
        const lines: Line[] = [];
        const refused = new Set<number>();
        /** Digests as a checkpoint would have noted them at the time. */
        const noted = new Map<number, string>();
        let clock = 0;
        const append = (draft: Omit<Draft, "at" | "clock" | "source">): boolean => {
          const position = lines.length + 1;
          const line = lineOf({ ...draft, at: START + position, clock, source: "http" }, position);
          lines.push(line);
          const { outcome } = apply(live, line.record);
          if (!outcome.ok || outcome.duplicate === true) refused.add(position);
          noted.set(position, digestOf(live));
          return outcome.ok;
        };
        append({ actor: "system", id: commandId(""), command: { type: "rules.change", version: RULES_VERSION } });
        let snapshot: { seq: number; parts: ReturnType<typeof writeSnapshot> } | undefined;
        for (const { command, actor, id, pause, erase } of steps) {
          clock += pause;
          append({ command, actor, id: commandId(id) });
          const target = erase === null ? undefined : lines[erase % lines.length];
          if (target !== undefined && recordIn(target.bytes).erased === undefined) {
            const position = target.record.seq;
            const keys = erasableKeys(target.record.command);
            if (keys.length > 0) {
              // None of these values is so large that a merge could be refused for it.
              const { line, left } = eraseLine(target.bytes, target.record.command, "done");
              const { hash } = target.record;
              const isRecorded = append({
                actor: "admin",
                id: commandId(""),
                command: { type: "record.erase", seq: position, hash, left, keys: refused.has(position) ? [] : keys },
              });
              // Where the rules of earlier versions are in force, it is refused, and nothing is erased.
              if (!isRecorded) continue;
              target.bytes = line;
              // Older snapshots hold what is erased: they go with it.
              snapshot = undefined;
            }
          }
          if (lines.length >= at) snapshot ??= { seq: lines.length, parts: [...writeSnapshot(live)] };
        }
        const replayed = createBoardState(sha256);
        for (const { bytes, record } of lines) {
          apply(replayed, recordIn(bytes));
          expect(digestOf(replayed)).toBe(noted.get(record.seq));
        }
        same(replayed, live);
        if (snapshot !== undefined) {
          same(fold(lines.slice(snapshot.seq), await readSnapshot(snapshot.parts, sha256)), live);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it("has a line as long as before, sound, with the same envelope, and nothing of a value in it", () => {
    const values = fc.json().map((text) => `{"hidden":${JSON.stringify(`#${text}#`)}}` as JsonText);
    fc.assert(
      fc.property(
        fc.array(
          fc
            .tuple(values, fc.boolean())
            .map(([value, isMerge]): CommandOf<"entry.put"> | CommandOf<"entry.merge"> =>
              isMerge ? { type: "entry.merge", key: "k/ключ", patch: value } : { type: "entry.put", key: "k", value },
            ),
          { minLength: 1, maxLength: 4 },
        ),
        (parts) => {
          const command = parts.length === 1 ? parts[0]! : { type: "batch" as const, commands: parts };
          const draft = { at: START, clock: 1, actor: "änn", source: "http", id: commandId("x"), command };
          const before = lineOf(draft, 7).bytes;
          const after = eraseLine(before, command, "done").line;
          expect(after.length).toBe(before.length);
          expect(lineIsSound(after, 0, after.length)).toBe(true);
          expect(after.includes("hidden")).toBe(false);
          expect(after.includes('"salt"')).toBe(false);
          expect(readLine({ bytes: after, where: "" })).toMatchObject({
            seq: 7,
            leaf: readLine({ bytes: before, where: "" }).leaf,
            problem: undefined,
          });
        },
      ),
    );
  });

  it("leaves a merge that was refused as too large refused, whatever it was merged into", () => {
    const half = JSON.stringify({ a: "x".repeat(700_000) }) as JsonText;
    const more = JSON.stringify({ b: "y".repeat(700_000) }) as JsonText;
    const of = (command: Draft["command"], position: number, id = ""): Line =>
      lineOf({ at: START, clock: position, actor: "a", source: "http", id: commandId(id), command }, position);
    const put = of({ type: "entry.put", key: "k", value: half }, 1);
    const merge = of({ type: "entry.merge", key: "k", patch: more }, 2, "m");
    const before = fold([put, merge]);
    expect(before.entries.get("k")?.rev).toBe(1);
    put.bytes = eraseLine(put.bytes, put.record.command, "done").line;
    merge.bytes = eraseLine(merge.bytes, merge.record.command, "refused").line;
    const after = fold([put, merge]);
    expect(digestOf(after)).toBe(digestOf(before));
    expect(after.entries.get("k")).toMatchObject({ rev: 1, value: "null", erased: true });
  });
});
