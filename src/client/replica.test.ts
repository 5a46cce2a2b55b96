// Guards the replica against a model: whatever pages, patches and windows tell, it shows exactly what the server holds.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { mergeDiff } from "../feed/merge-diff.ts";
import { diffRows } from "../feed/window-diff.ts";
import type { JsonText } from "../protocol/json-text.ts";
import type { Sync } from "../protocol/wire/down.ts";
import { createReplica, type Replica } from "./replica.ts";

interface Held {
  readonly key: string;
  readonly value: unknown;
  readonly rev: number;
  readonly seq: number;
  readonly by: string;
  readonly at: number;
}
const SUBSCRIBED = { sub: "s", position: { epoch: "e", seq: 0 }, resume: "e.f", clock: 0 };
const entry = (key: string, seq: number, value: unknown = { seq }): Held => ({
  key,
  value,
  rev: seq,
  seq,
  by: "a",
  at: seq,
});

const text = (value: unknown) => JSON.stringify(value) as JsonText;

/** A board of entries that says what changed since a position, as the feed does. */
function createModel() {
  const entries = new Map<string, Held>();
  const former = new Map<number, Map<string, Held>>();
  const deleted = new Map<string, number>();
  let seq = 0;
  const remember = () => former.set(seq, new Map(entries));
  remember();
  return {
    entries,
    seq: () => seq,
    put(key: string, value: unknown) {
      entries.set(key, entry(key, ++seq, value));
      deleted.delete(key);
      remember();
    },
    del(key: string) {
      if (!entries.delete(key)) return;
      deleted.set(key, ++seq);
      remember();
    },
    /** What changed since `from`, as pages of `size` items. */
    since(from: number, size: number, reset: boolean, patches: boolean): Sync[] {
      const put = [...entries.values()].filter((one) => reset || one.seq > from);
      const del = reset ? [] : [...deleted].filter(([, at]) => at > from).map(([key]) => key);
      const pages: Sync[] = [];
      const items = [...put.map((item) => ({ item })), ...del.map((key) => ({ key }))];
      for (let i = 0; i === 0 || i < items.length; i += size) {
        const page = items.slice(i, i + size);
        const whole: Held[] = [];
        const patch: object[] = [];
        for (const one of page) {
          if (!("item" in one)) continue;
          const base = former.get(from)?.get(one.item.key);
          const change =
            patches && base !== undefined && !reset
              ? mergeDiff(text(base.value), text(one.item.value), Infinity)
              : undefined;
          if (change === undefined || base === undefined) whole.push(one.item);
          else {
            const { value: _value, ...facts } = one.item;
            patch.push({ ...facts, base: base.seq, patch: JSON.parse(change) as unknown });
          }
        }
        const last = i + size >= items.length;
        pages.push({
          sub: "s",
          from: reset ? 0 : from,
          ...(last ? { to: seq } : { more: true as const }),
          ...(reset && i === 0 ? { reset: "start" as const } : {}),
          entries: {
            put: whole,
            del: page.flatMap((one) => ("key" in one ? [one.key] : [])),
            ...(patch.length > 0 ? { patch: patch as never } : {}),
          },
        });
      }
      return pages;
    },
  };
}

const shown = (replica: Replica) => Object.fromEntries(replica.items("entries"));
const anyValue = fc.dictionary(fc.constantFrom("a", "b", "c"), fc.oneof(fc.nat(3), fc.jsonValue({ maxDepth: 2 })));
const anyKey = fc.constantFrom("k1", "k2", "k3", "k4", "__proto__");
const anyAct = fc.oneof(
  { weight: 4, arbitrary: fc.record({ act: fc.constant("put" as const), key: anyKey, value: anyValue }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant("del" as const), key: anyKey }) },
  { weight: 3, arbitrary: fc.record({ act: fc.constant("sync" as const), size: fc.integer({ min: 1, max: 4 }) }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant("reset" as const), size: fc.integer({ min: 1, max: 4 }) }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant("cut" as const), size: fc.integer({ min: 1, max: 2 }) }) },
);

describe("a replica", () => {
  it("shows what the server holds after each whole sync, and nothing of half a one (W-SYNC-4, 5, 6, 7, 8)", () => {
    fc.assert(
      fc.property(fc.array(anyAct, { maxLength: 40 }), (acts) => {
        const model = createModel();
        const replica = createReplica(10);
        replica.begin(SUBSCRIBED);
        for (const act of acts) {
          if (act.act === "put") model.put(act.key, act.value);
          else if (act.act === "del") model.del(act.key);
          else {
            const before = shown(replica);
            const { seq } = replica.position();
            const pages = model.since(seq, act.size, act.act === "reset" || seq === 0, act.act === "sync");
            const told = act.act === "cut" ? pages.slice(0, -1) : pages;
            for (const [index, page] of told.entries()) {
              const changed = replica.apply(page);
              if (index < pages.length - 1) {
                expect(changed.kind).toBe("page");
                expect(shown(replica)).toEqual(before);
                continue;
              }
              const after = shown(replica);
              expect(after).toEqual(Object.fromEntries(model.entries));
              expect(replica.position().seq).toBe(model.seq());
              const names = changed.kind === "applied" ? changed.changes.streams.get("entries")?.names : undefined;
              for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
                // What changed is told, and what did not is the same object.
                expect(names?.has(key) ?? false).toBe(before[key] !== after[key]);
                if (JSON.stringify(before[key]) === JSON.stringify(after[key])) expect(after[key]).toBe(before[key]);
              }
            }
            if (act.act === "cut") replica.interrupt();
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  it("asks again instead of guessing: another start, a base that is not held, rows that are not held (W-SYNC-4, W-SYNC-8)", () => {
    const replica = createReplica(10);
    replica.begin(SUBSCRIBED);
    replica.apply({ sub: "s", from: 0, to: 5, reset: "start", entries: { put: [entry("a", 3)] } });
    const before = shown(replica);
    const { value: _value, ...facts } = entry("a", 7);
    const wrong: Sync[] = [
      { sub: "s", from: 4, to: 7 },
      { sub: "s", from: 5, to: 7, entries: { put: [entry("b", 6)], patch: [{ ...facts, base: 2, patch: {} }] } },
      { sub: "s", from: 5, to: 7, entries: { put: [entry("b", 6)], window: { from: 0, total: 1, rows: [[0, 0]] } } },
      { sub: "s", from: 5, entries: { put: [entry("b", 6)] } },
    ];
    for (const sync of wrong) {
      expect(replica.apply(sync).kind).toBe("lost");
      expect(shown(replica)).toEqual(before);
      expect(replica.cursor()).toBe("e.f.5");
    }
    expect(replica.apply({ sub: "s", from: 5, to: 6, more: true }).kind).toBe("page");
    expect(replica.apply({ sub: "s", from: 6, to: 7 }).kind).toBe("lost");
  });

  it("with `all`, lets go of what it holds of a stream and of what earlier pages said of it (W-SYNC-7)", () => {
    const replica = createReplica(10);
    replica.begin(SUBSCRIBED);
    const task = (name: string, seq: number) => ({ task: name, at: 1, seq });
    replica.apply({ sub: "s", from: 0, to: 1, reset: "start", tasks: { put: [task("held", 1)] } });
    replica.apply({ sub: "s", from: 1, more: true, tasks: { put: [task("said", 2)] } });
    replica.apply({ sub: "s", from: 1, more: true, tasks: { all: true, put: [task("new", 3)] } });
    expect([...replica.items("tasks").keys()]).toEqual(["held"]);
    replica.apply({ sub: "s", from: 1, to: 4, tasks: { put: [task("last", 4)] } });
    expect([...replica.items("tasks").keys()].sort()).toEqual(["last", "new"]);
  });

  it("keeps its cursor until the snapshot of another history is there, whole (W-SYNC-5, law L7)", () => {
    const replica = createReplica(10);
    replica.begin(SUBSCRIBED);
    replica.apply({ sub: "s", from: 0, to: 5, reset: "start", entries: { put: [entry("a", 3)] } });
    replica.begin({ ...SUBSCRIBED, position: { epoch: "e2", seq: 0 }, resume: "e2.f", reset: "epoch" });
    expect(replica.cursor()).toBe("e.f.5");
    replica.apply({ sub: "s", from: 0, reset: "epoch", more: true, entries: { put: [entry("b", 1)] } });
    expect(replica.cursor()).toBe("e.f.5");
    expect(Object.keys(shown(replica))).toEqual(["a"]);
    replica.apply({ sub: "s", from: 0, to: 2 });
    expect(replica.cursor()).toBe("e2.f.2");
    expect(replica.position()).toEqual({ epoch: "e2", seq: 2 });
    expect(Object.keys(shown(replica))).toEqual(["b"]);
  });

  it("puts windows together from rows and runs, and keeps the rows that stay (W-WIN-2, W-WIN-3)", () => {
    const anyWindow = fc.uniqueArray(
      fc.tuple(fc.constantFrom("a", "b", "c", "d", "e"), fc.integer({ min: 1, max: 2 })),
      {
        selector: ([key]) => key,
      },
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(anyWindow, fc.boolean()), { maxLength: 10 }), (windows) => {
        const replica = createReplica(10);
        replica.begin(SUBSCRIBED);
        replica.apply({ sub: "s", from: 0, to: 1, reset: "start" });
        for (const [index, [wanted, whole]] of windows.entries()) {
          const rows = wanted.map(([key, seq]) => entry(key, seq));
          const before = replica.window().rows;
          const runs = diffRows(
            before.map(({ key }) => key),
            before.map(({ seq }) => seq),
            rows.map(({ key }) => key),
            rows.map(({ seq }) => seq),
          ).map((row) => (typeof row === "number" ? rows[row]! : row));
          const window = { from: 3, total: 9, rows: whole ? rows : runs, ...(whole ? { whole: true as const } : {}) };
          replica.apply({ sub: "s", from: index + 1, to: index + 2, entries: { window } });
          expect(replica.window()).toEqual({ from: 3, total: 9, rows, approximate: false });
          for (const row of replica.window().rows) {
            const held = before.find(({ key, seq }) => key === row.key && seq === row.seq);
            if (held !== undefined) expect(row).toBe(held);
          }
        }
      }),
    );
  });

  it("keeps the newest audit notes and every gap that is told (W-SYNC-10)", () => {
    const replica = createReplica(3);
    const notes = (...seqs: number[]) => seqs.map((seq) => ({ seq, note: { event: "e" } }));
    replica.begin(SUBSCRIBED);
    replica.apply({ sub: "s", from: 0, to: 4, reset: "start", audit: { add: notes(3, 4), total: 9 } });
    const missed = { count: 5, from: 4, to: 9 };
    replica.apply({ sub: "s", from: 4, to: 11, audit: { add: notes(10, 11), missed, total: 16 } });
    expect(replica.audit().notes.map(({ seq }) => seq)).toEqual([4, 10, 11]);
    expect(replica.audit()).toMatchObject({ total: 16, missed: [missed] });
    const before = replica.audit();
    replica.apply({ sub: "s", from: 11, to: 12 });
    expect(replica.audit()).toBe(before);
    replica.apply({ sub: "s", from: 0, to: 12, reset: "forgotten" });
    expect(replica.audit()).toEqual({ notes: [], total: 0, missed: [] });
  });

  it("says how many entries there are where none are told (W-SUB-2)", () => {
    const replica = createReplica(10);
    replica.begin(SUBSCRIBED);
    replica.apply({ sub: "s", from: 0, to: 5, reset: "start", entries: { over: 7000 } });
    expect(replica.over()).toBe(7000);
    replica.apply({ sub: "s", from: 0, to: 6, reset: "start", entries: { put: [] } });
    expect(replica.over()).toBeUndefined();
  });
});
