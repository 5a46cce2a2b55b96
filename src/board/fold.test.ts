// Guards law L2: the state is a fold, deterministic and total, however the log is cut.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { commandSchema, type LogRecord, outcomeSchema } from "../protocol/index.ts";
import { logs, portrait, recordOf, sha256 } from "../../test/law/records.ts";
import { boardOf } from "./board.ts";
import {
  apply,
  type BoardState,
  createBoardState,
  digestOf,
  dueItems,
  nextExpiry,
  readSnapshot,
  writeSnapshot,
} from "./index.ts";
import { Lanes } from "./lanes.ts";
import { entryLine, itemLine, markLine, tombstoneLine } from "./lines.ts";
import { KINDS } from "./kinds.ts";

const folded = (records: readonly LogRecord[], state: BoardState = createBoardState(sha256)) => ({
  outcomes: records.map((record) => apply(state, record)),
  state,
});

describe("the fold", () => {
  it("L2: is total, and its outcomes have the documented form", () => {
    fc.assert(
      fc.property(logs(), (records) => {
        for (const { command } of records) expect(commandSchema.safeParse(command).success).toBe(true);
        for (const { outcome } of folded(records).outcomes) {
          expect(outcomeSchema.safeParse(outcome).success).toBe(true);
          expect(JSON.stringify(outcome).length).toBeLessThan(4096);
        }
      }),
      { numRuns: 150 },
    );
  });

  it("L2: the same log gives the same outcomes, state and digest, however it is cut by snapshots", async () => {
    await fc.assert(
      fc.asyncProperty(logs(), fc.array(fc.nat({ max: 60 }), { maxLength: 4 }), async (records, cuts) => {
        const whole = folded(records);
        let state = createBoardState(sha256);
        const outcomes = [];
        for (const record of records) {
          if (cuts.includes(record.seq)) {
            const before = portrait(state);
            state = await readSnapshot(writeSnapshot(state), sha256);
            expect(portrait(state)).toEqual(before);
          }
          outcomes.push(apply(state, record));
        }
        expect(outcomes).toEqual(whole.outcomes);
        expect(portrait(state)).toEqual(portrait(whole.state));
        expect(digestOf(state)).toBe(digestOf(whole.state));
        expect(nextExpiry(state)).toBe(nextExpiry(whole.state));
      }),
      { numRuns: 150 },
    );
  });

  it("L2: a snapshot holds the state of its moment while the board goes on", async () => {
    await fc.assert(
      fc.asyncProperty(logs(30), logs(30), async (first, second) => {
        const { state } = folded(first);
        const before = portrait(state);
        const parts = writeSnapshot(state);
        second.forEach((record, i) => {
          const { seq: _, clock, ...rest } = record;
          apply(state, { ...rest, seq: recordOf(first.length + i + 1, record).seq, clock: clock + state.clock });
        });
        expect(portrait(await readSnapshot(parts, sha256))).toEqual(before);
      }),
      { numRuns: 60 },
    );
  });

  it("rule 18: the running sum equals a sum from scratch, so it cannot depend on the way or on any order", () => {
    fc.assert(
      fc.property(logs(), (records) => {
        const board = boardOf(folded(records).state);
        const lanes = new Lanes();
        for (const entry of [...board.entries.values()].reverse()) lanes.add(sha256(entryLine(entry)));
        for (const [key, { rev, seq }] of board.tombstones) lanes.add(sha256(tombstoneLine(key, rev, seq)));
        for (const kind of KINDS) for (const item of board[kind].values()) lanes.add(sha256(itemLine(kind, item)));
        for (const [source, marks] of board.marks) {
          for (const [name, value] of marks)
            lanes.add(sha256(markLine(source, name, value, board.markSeqs.get(source)?.get(name) ?? 0)));
        }
        expect(board.digest.settled().toHex()).toBe(lanes.toHex());
      }),
      { numRuns: 150 },
    );
  });

  it("rule 4: expiry follows the board clock alone, whatever the wall clock says", () => {
    fc.assert(
      fc.property(logs(), fc.integer({ min: -1e6, max: 1e6 }), (records, jump) => {
        const plain = records.map((record) => ({ ...record, id: `id-${record.seq}` as LogRecord["id"] }));
        const shifted = plain.map((record, i) => ({ ...record, at: record.at + (i % 2 === 0 ? jump : -jump) }));
        const [a, b] = [folded(plain), folded(shifted)];
        expect(b.outcomes).toEqual(a.outcomes);
        expect(nextExpiry(b.state)).toBe(nextExpiry(a.state));
        expect(dueItems(b.state, 1e9, 100)).toEqual(dueItems(a.state, 1e9, 100));
      }),
      { numRuns: 60 },
    );
  });

  it("rule 6: what is due and nothing else is named, and writing its end leaves nothing due", () => {
    fc.assert(
      fc.property(logs(), fc.nat({ max: 40 }), (records, later) => {
        const { state } = folded(records);
        const clock = state.clock + later;
        const items = dueItems(state, clock, 1000);
        const timed = [
          ...[...state.entries.values()].map((e) => ["entry", e.key, e.rev, e.expiresAtClock] as const),
          ...[...state.claims.values()].map((c) => ["claim", c.claim, c.fence, c.expiresAtClock] as const),
          ...[...state.requests.values()].map((r) => ["request", r.request, r.seq, r.expiresAtClock] as const),
          ...[...state.holds.values()].map((h) => ["hold", h.hold, h.seq, h.expiresAtClock] as const),
        ];
        const expected = timed.filter(([, , , at]) => at <= clock).map(([kind, name, rev]) => `${kind} ${name} ${rev}`);
        expect(items.map(({ kind, name, rev }) => `${kind} ${name} ${rev}`).sort()).toEqual(expected.sort());
        expect(nextExpiry(state) ?? Infinity).toBe(Math.min(Infinity, ...timed.map(([, , , at]) => at)));
        if (items.length === 0) return;
        const end = recordOf(state.seq + 1, { command: { type: "items.expire", items }, source: "system", clock });
        expect(apply(state, end).outcome.ok).toBe(true);
        expect(dueItems(state, clock, 1000)).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });

  it("takes a record out of order for a fault of the caller", () => {
    const state = createBoardState(sha256);
    expect(() => apply(state, recordOf(2, { command: { type: "budget.close", task: "t" } }))).toThrow(RangeError);
  });

  it("refuses a snapshot of another format, and one that lacks a part", async () => {
    const { state } = folded([recordOf(1, { command: { type: "budget.open", task: "t", limitTokens: 1 } })]);
    const parts = [...writeSnapshot(state)];
    await expect(readSnapshot(parts.slice(0, -1), sha256)).rejects.toThrow("cut short");
    await expect(readSnapshot([...parts.slice(0, 1), ...parts.slice(2)], sha256)).rejects.toThrow("rows");
    await expect(readSnapshot(parts.slice(1), sha256)).rejects.toThrow("head");
    const other = { ...parts[0], head: '{"part":"board","format":2}', texts: [] };
    await expect(readSnapshot([other, ...parts.slice(1)], sha256)).rejects.toThrow("unknown snapshot format 2");
  });
});
