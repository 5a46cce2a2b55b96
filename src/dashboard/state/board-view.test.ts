// Owns the proof that a frame replaces only what it changes, and never good data by nothing.
// Does not own drawing.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { FullFrame } from "../../protocol/index.ts";
import { initialConnection } from "../connection/machine.ts";
import { readFrame } from "../connection/frame-text.ts";
import { nextView } from "./board-view.ts";
import { sameContent } from "./keep-same.ts";
import { createScreenStore } from "./screen-store.ts";

type Entries = Readonly<Record<string, { readonly value: unknown; readonly rev: number }>>;

function frameOf(entries: Entries, seq = 1, epoch = "e1"): FullFrame {
  // fromEntries makes own members, `__proto__` among them.
  const values = Object.fromEntries(Object.entries(entries).map(([key, { value }]) => [key, value]));
  const facts = Object.fromEntries(
    Object.entries(entries).map(([key, { rev }]) => [key, { rev, by: "tester", at: 1000, seq: rev }]),
  );
  return {
    timestamp: "2026-11-22T20:00:00Z",
    blackboard: { success: true, entries: values, key_count: Object.keys(entries).length },
    budget: { success: true, tasks: [], total_used: 0, total_limit: 0, global_percentage: 0 },
    audit: { success: true, entries: [], total_count: 0 },
    board: { name: "default", epoch, seq, entries: facts, agents: [], requests: [], tasks: [], sources: [] },
  };
}
const audit = (event: string) => ({
  timestamp: "t",
  event,
  granted: true,
  agent_id: "a",
  resource_type: null,
  reason: null,
});
const rowsOf = (view: ReturnType<typeof nextView>) => view.groups.flatMap((group) => group.rows);

const keyed = fc.dictionary(
  fc.oneof(fc.string({ minLength: 1 }), fc.constantFrom("a:1", "a:2", "b:1", "__proto__", "constructor", "toString")),
  fc.record({ value: fc.jsonValue(), rev: fc.integer({ min: 1, max: 3 }) }),
);

describe("board view", () => {
  it("holds exactly the entries of the frame, in groups by the first segment of the key", () => {
    fc.assert(
      fc.property(keyed, keyed, (first, second) => {
        const view = nextView(nextView(undefined, frameOf(first), 0), frameOf(second), 1);
        expect(new Set(rowsOf(view).map((row) => row.key))).toEqual(new Set(Object.keys(second)));
        expect(view.keyCount).toBe(Object.keys(second).length);
        for (const group of view.groups) {
          for (const row of group.rows) {
            expect(row.key.startsWith(group.name === "" ? "" : `${group.name}:`)).toBe(true);
          }
        }
      }),
    );
  });

  it("keeps every unchanged row, group and list the same object", () => {
    fc.assert(
      fc.property(keyed, (entries) => {
        const before = nextView(undefined, frameOf(entries), 0);
        const after = nextView(before, frameOf(structuredClone(entries), 2), 1);
        expect(after.groups).toBe(before.groups);
        expect(after.budgets).toBe(before.budgets);
        expect(after.audit).toBe(before.audit);
        expect(after.agents).toBe(before.agents);
      }),
    );
  });

  it("replaces one row and one group when one key changes, and marks it as changed", () => {
    const before = nextView(
      undefined,
      frameOf({ "a:1": { value: 1, rev: 1 }, "a:2": { value: 1, rev: 1 }, "b:1": { value: 1, rev: 1 } }),
      0,
    );
    const after = nextView(
      before,
      frameOf({ "a:1": { value: 1, rev: 1 }, "a:2": { value: 2, rev: 2 }, "b:1": { value: 1, rev: 1 } }, 2),
      5,
    );
    expect(after.groups[1]).toBe(before.groups[1]);
    expect(after.groups[0]?.rows[0]).toBe(before.groups[0]?.rows[0]);
    expect(after.groups[0]?.rows[1]).toMatchObject({ value: 2, changedAtMs: 5 });
    expect(rowsOf(before).every((row) => row.changedAtMs === undefined)).toBe(true);
  });

  it("keeps older data of a part that failed, and says so", () => {
    const before = nextView(undefined, frameOf({ a: { value: 1, rev: 1 } }), 0);
    const after = nextView(before, { ...frameOf({}, 2), blackboard: { success: false, error: "too large" } }, 1);
    expect(after.groups).toBe(before.groups);
    expect(after.failedParts).toEqual(["Blackboard: too large"]);
  });

  it("starts afresh, without highlights, when the history of the board is another one (L7)", () => {
    const before = nextView(undefined, frameOf({ a: { value: 1, rev: 1 } }), 0);
    const after = nextView(before, frameOf({ a: { value: 2, rev: 2 } }, 1, "e2"), 1);
    expect(rowsOf(after)[0]?.changedAtMs).toBeUndefined();
  });

  it("keeps an audit row's id when newer events arrive above it, also among equal events", () => {
    const one = {
      ...frameOf({}),
      audit: { success: true as const, entries: [audit("x"), audit("x")], total_count: 2 },
    };
    const two = {
      ...frameOf({}, 2),
      audit: { success: true as const, entries: [audit("x"), audit("x"), audit("x")], total_count: 3 },
    };
    const before = nextView(undefined, one, 0);
    const after = nextView(before, two, 1);
    expect(new Set(after.audit.rows.map((row) => row.id)).size).toBe(3);
    expect(after.audit.rows.slice(1)).toEqual(before.audit.rows);
    expect(after.audit.rows[1]).toBe(before.audit.rows[0]);
  });
});

describe("same content", () => {
  it("agrees with equality of JSON values", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
        expect(sameContent(a, structuredClone(a))).toBe(true);
        if (sameContent(a, b)) expect(a).toEqual(b);
      }),
    );
  });
});

describe("screen store", () => {
  const withKey = (value: number, seq: number, epoch?: string) => frameOf({ a: { value, rev: value } }, seq, epoch);

  it("freezes the view while live updates are off, counts what waits, and catches up with the newest", () => {
    const store = createScreenStore(initialConnection(0));
    store.accept(withKey(1, 10), 0);
    store.setLiveUpdates(false);
    store.accept(withKey(2, 13), 1);
    store.accept(withKey(3, 14), 2);
    expect(store.read()).toMatchObject({ waiting: 4, freshAtMs: 0, view: { seq: 10 } });
    store.setLiveUpdates(true);
    expect(store.read()).toMatchObject({ waiting: 0, freshAtMs: 2, view: { seq: 14 } });
  });

  it("does not let the first request's older answer undo a newer frame of the socket", () => {
    const store = createScreenStore(initialConnection(0));
    store.accept(withKey(2, 11), 0);
    store.accept(withKey(1, 10), 1);
    expect(store.read().view?.seq).toBe(11);
    store.accept(withKey(1, 1, "e2"), 2);
    expect(store.read().view).toMatchObject({ seq: 1, epoch: "e2" });
  });
});

describe("frame text", () => {
  it("reads a frame, and answers undefined for anything else", () => {
    expect(readFrame(JSON.stringify(frameOf({ a: { value: 1, rev: 1 } })))).toBeDefined();
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(readFrame(text)).toBeUndefined();
      }),
    );
    const frame = frameOf({});
    const bent = [
      { ...frame, board: undefined },
      { ...frame, board: { ...frame.board, agents: [null] } },
      { ...frame, budget: { success: true } },
      { ...frame, blackboard: 3 },
      { ...frame, audit: { success: true, entries: {}, total_count: 0 } },
    ];
    for (const each of bent) expect(readFrame(JSON.stringify(each))).toBeUndefined();
  });
});
