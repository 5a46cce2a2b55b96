import { describe, expect, it } from "vitest";
import type { ClassicAudit, FullFrame } from "../../protocol/index.ts";
import { differences, lineOf } from "./frame-differences.ts";

const note = (event: string): ClassicAudit => ({
  timestamp: "2026-01-01T00:00:00Z",
  event,
  granted: null,
  agent_id: "a",
  resource_type: null,
  reason: null,
});

interface Content {
  readonly entries?: Readonly<Record<string, readonly [value: unknown, seq: number]>>;
  readonly used?: number;
  readonly notes?: readonly ClassicAudit[];
  readonly total?: number;
}

const frame = ({ entries = {}, used = 0, notes = [], total = notes.length }: Content): FullFrame => ({
  timestamp: "2026-01-01T00:00:00Z",
  blackboard: {
    success: true,
    entries: Object.fromEntries(Object.entries(entries).map(([key, [value]]) => [key, value])),
    key_count: 0,
  },
  budget: {
    success: true,
    tasks: [
      { task_id: "t", tokens_used: used, budget_limit: 100, percentage: used, status: "active", last_updated: "" },
    ],
    total_used: used,
    total_limit: 100,
    global_percentage: used,
  },
  audit: { success: true, entries: [...notes], total_count: total },
  board: {
    name: "default",
    epoch: "e",
    seq: 1,
    entries: Object.fromEntries(
      Object.entries(entries).map(([key, [, seq]]) => [key, { rev: 1, by: "me", at: 0, seq }]),
    ),
    agents: [],
    requests: [],
    tasks: [],
    sources: [],
  },
});

describe("what changed between two frames", () => {
  it("is nothing where nothing changed", () => {
    const same = frame({ entries: { k: [1, 5] }, used: 3, notes: [note("x")] });
    expect(differences(same, structuredClone(same), undefined)).toEqual([]);
  });

  it("is each key once with its latest value, also when the value is the same again (L5)", () => {
    const before = frame({ entries: { same: [1, 1], gone: [1, 2], again: [1, 3] } });
    const after = frame({ entries: { same: [1, 1], again: [1, 9], fresh: [[2], 10] } });
    expect(differences(before, after, undefined).map(lineOf)).toEqual([
      "put     again = 1  (rev 1 by me)",
      "put     fresh = [2]  (rev 1 by me)",
      "delete  gone",
    ]);
  });

  it("is only entries below a prefix, if one is given; names of Object's own are plain keys", () => {
    const before = frame({ entries: { "a:1": [1, 1] } });
    const after = frame({
      entries: { "a:1": [2, 2], b: [1, 3], ["constructor" as string]: [1, 4] },
      used: 7,
      notes: [note("x")],
    });
    expect(differences(before, after, "a:").map(lineOf)).toEqual(["put     a:1 = 2  (rev 1 by me)"]);
    expect(differences(before, after, "").map(lineOf)).toContain("put     constructor = 1  (rev 1 by me)");
  });

  it("is every new audit event, oldest first, and how many did not fit (L5)", () => {
    const before = frame({ notes: [note("old")], total: 1 });
    const after = frame({ notes: [note("newest"), note("new"), note("old")], total: 3 });
    expect(differences(before, after, undefined).map(lineOf)).toEqual(["audit   new a", "audit   newest a"]);
    const far = frame({ notes: [note("newest")], total: 8 });
    expect(differences(before, far, undefined)[0]).toEqual({ type: "audit.missed", count: 6 });
  });

  it("is nothing of a part that could not be sent: absent is not deleted", () => {
    const before = frame({ entries: { k: [1, 1] } });
    const failed: FullFrame = {
      ...frame({}),
      blackboard: { success: false, error: "too large" },
      budget: { success: false, error: "too large" },
      audit: { success: false, error: "too large" },
    };
    expect(differences(before, failed, undefined)).toEqual([]);
  });
});
