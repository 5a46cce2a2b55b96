// Guards law L6 and rule 13: what is bounded stays bounded, and what is forgotten cannot come back as something else.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DEFAULT_LIMITS, type JsonText, type SingleCommand } from "../../protocol/index.ts";
import { recordOf } from "../../../test/law/records.ts";
import { boardOf } from "../board.ts";
import { apply, createBoardState } from "../index.ts";
import {
  MAX_ENTRIES,
  MAX_FINISHED_REQUESTS,
  MAX_ITEMS,
  MAX_NOTES,
  MAX_PATCH_DEPTH,
  MAX_TOMBSTONES,
  MAX_VALUE_BYTES,
} from "./bounds.ts";
import { oldest } from "./trim.ts";

/** Digests play no part here. */
const noDigest = () => "0".repeat(64);

function board() {
  const state = createBoardState(noDigest);
  const send = (commands: SingleCommand[]) =>
    apply(state, recordOf(state.seq + 1, { command: { type: "batch", commands } })).outcome;
  return { state, send };
}

describe("bounds", () => {
  it("drops the oldest by seq, then by name, whatever their order", () => {
    const rows = fc.uniqueArray(fc.tuple(fc.string(), fc.nat({ max: 5 })), {
      selector: ([name]) => name,
      maxLength: 50,
    });
    fc.assert(
      fc.property(rows, fc.integer({ min: 1, max: 40 }), (all, most) => {
        const dropped = oldest(all, most);
        expect(dropped.length).toBe(Math.max(0, all.length - Math.floor(most * 0.9)));
        expect(new Set(oldest([...all].reverse(), most))).toEqual(new Set(dropped));
        const seqOf = new Map(all);
        const kept = all.filter(([name]) => !dropped.includes(name)).map(([, seq]) => seq);
        for (const name of dropped) expect(seqOf.get(name)).toBeLessThanOrEqual(Math.min(Infinity, ...kept));
      }),
    );
  });

  it("rule 13: a key whose tombstone was dropped starts above every revision that was forgotten", () => {
    const { state, send } = board();
    const put = (key: string): SingleCommand => ({ type: "entry.put", key, value: "1" as JsonText });
    send([put("first"), put("first"), put("first"), { type: "entry.delete", key: "first" }]);
    for (let i = 0; i < MAX_TOMBSTONES; i += 5000) {
      const keys = Array.from({ length: 5000 }, (_, j) => `k${i + j}`);
      send(keys.flatMap((key) => [put(key), { type: "entry.delete", key }]));
    }
    expect(boardOf(state).tombstones.size).toBeLessThanOrEqual(MAX_TOMBSTONES);
    expect(boardOf(state).tombstones.has("first")).toBe(false);
    expect(boardOf(state).revFloor).toBe(4);
    expect(send([put("first"), put("never seen")])).toMatchObject({ parts: [{ rev: 5 }, { rev: 5 }] });
  });

  it("keeps a bounded number of finished requests and audit notes, the newest", () => {
    const { state, send } = board();
    for (let i = 0; i < MAX_FINISHED_REQUESTS * 2; i++) {
      const request = `r${i}`;
      send([
        { type: "request.open", request, kind: "change", subject: "s" },
        { type: "request.close", request },
        { type: "audit.note", event: `e${i}` },
      ]);
    }
    expect(state.requests.size).toBeLessThanOrEqual(MAX_FINISHED_REQUESTS);
    expect(state.requests.has(`r${MAX_FINISHED_REQUESTS * 2 - 1}`)).toBe(true);
    expect(state.requests.has("r0")).toBe(false);
    expect(state.audit.notes.length).toBe(MAX_NOTES);
    expect(state.audit.total).toBe(MAX_FINISHED_REQUESTS * 2);
    expect(state.audit.notes.at(-1)?.event).toBe(`e${MAX_FINISHED_REQUESTS * 2 - 1}`);
  });

  it("refuses one item of a kind too many with board_full", () => {
    const { state, send } = board();
    for (let i = 0; i < MAX_ITEMS; i += 10_000) {
      send(Array.from({ length: 10_000 }, (_, j): SingleCommand => ({ type: "task.report", task: `t${i + j}` })));
    }
    expect(state.tasks.size).toBe(MAX_ITEMS);
    expect(send([{ type: "task.report", task: "one more" }])).toMatchObject({ detail: { cause: "board_full" } });
    expect(send([{ type: "task.report", task: "t0" }])).toMatchObject({ ok: true });
  });

  it("rule 1: rules 1 began with the default limits", () => {
    expect([MAX_ENTRIES, MAX_ITEMS, MAX_VALUE_BYTES, MAX_PATCH_DEPTH]).toEqual([
      DEFAULT_LIMITS.maxEntries,
      DEFAULT_LIMITS.maxItems,
      DEFAULT_LIMITS.maxValueBytes,
      DEFAULT_LIMITS.maxValueDepth,
    ]);
  });
});
