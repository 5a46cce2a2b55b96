// Owns the proof that a sync replaces only what it changes on the screen, and never good data by nothing.
// Does not own drawing.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Agent, Budget, Claim, Entry, Note, Status } from "../../client/index.ts";
import { auditRows } from "./audit-rows.ts";
import { nextView, type Told } from "./board-view.ts";
import { sameContent } from "./keep-same.ts";
import { createScreenStore } from "./screen-store.ts";

type Entries = Readonly<Record<string, { readonly value: unknown; readonly rev: number }>>;

interface More {
  readonly epoch?: string;
  readonly seq?: number;
  readonly budgets?: readonly Budget[];
  readonly agents?: readonly Agent[];
  readonly claims?: readonly Claim[];
}
const collection = <Item>(items: readonly Item[]) => ({ items: () => items });

/** What the client holds, as far as a view reads it. */
function told(entries: Entries, { epoch = "e1", seq = 1, budgets = [], agents = [], claims = [] }: More = {}): Told {
  const held = new Map<string, Entry>(
    Object.entries(entries).map(([key, { value, rev }]) => [
      key,
      { key, value, rev, seq: rev, by: "tester", at: 1000 },
    ]),
  );
  const none = collection([]);
  return {
    board: "default",
    position: { epoch, seq },
    entries: { get: (key: string) => held.get(key), keys: () => [...held.keys()] },
    budgets: collection(budgets),
    agents: collection(agents),
    claims: collection(claims),
    tasks: none,
    requests: none,
    sources: none,
    holds: none,
    alerts: none,
    pauses: none,
    clock: () => 0,
    audit: { current: NO_NOTES },
    condition: { unwritable: undefined },
  } as unknown as Told;
}
const NO_NOTES = { notes: [], total: 0, missed: [] };
const rowsOf = (view: ReturnType<typeof nextView>) => view.groups.flatMap((group) => group.rows);
const note = (seq: number, event: string): Note => ({ seq, note: { event } });

const keyed = fc.dictionary(
  fc.oneof(fc.string({ minLength: 1 }), fc.constantFrom("a:1", "a:2", "b:1", "__proto__", "constructor", "toString")),
  fc.record({ value: fc.jsonValue(), rev: fc.integer({ min: 1, max: 3 }) }),
);
/** Keys that differ between two states, as a client would tell them. */
const changedBetween = (a: Entries, b: Entries): Set<string> =>
  new Set(
    [...Object.keys(a), ...Object.keys(b)].filter(
      (key) => !Object.hasOwn(a, key) || !Object.hasOwn(b, key) || a[key]?.rev !== b[key]?.rev,
    ),
  );

describe("board view", () => {
  it("holds exactly the entries of the board, in groups by the first segment of the key, told by names or whole", () => {
    fc.assert(
      fc.property(keyed, keyed, (first, second) => {
        const before = nextView(undefined, told(first), undefined, 0);
        const whole = nextView(before, told(second), undefined, 1);
        expect(new Set(rowsOf(whole).map((row) => row.key))).toEqual(new Set(Object.keys(second)));
        expect(whole.keyCount).toBe(Object.keys(second).length);
        for (const group of whole.groups) {
          expect(group.rows.map((row) => row.key)).toEqual(group.rows.map((row) => row.key).toSorted(asText));
          for (const row of group.rows)
            expect(row.key.startsWith(group.name === "" ? "" : `${group.name}:`)).toBe(true);
        }
        const byNames = nextView(before, told(second), changedBetween(first, second), 1);
        expect(byNames.groups).toEqual(whole.groups);
      }),
    );
  });

  it("keeps every unchanged row, group and list the same object", () => {
    fc.assert(
      fc.property(keyed, (entries) => {
        const now = told(entries);
        const before = nextView(undefined, now, undefined, 0);
        for (const changed of [undefined, new Set(Object.keys(entries)), new Set<string>()]) {
          const after = nextView(before, { ...now, position: { epoch: "e1", seq: 2 } }, changed, 1);
          expect(after.groups).toBe(before.groups);
          expect(after.budgets).toBe(before.budgets);
          expect(after.audit).toBe(before.audit);
          expect(after.agents).toBe(before.agents);
        }
      }),
    );
  });

  it("replaces one row and one group when one key changes, and marks it as changed", () => {
    const first = { "a:1": { value: 1, rev: 1 }, "a:2": { value: 1, rev: 1 }, "b:1": { value: 1, rev: 1 } };
    const before = nextView(undefined, told(first), undefined, 0);
    const after = nextView(before, told({ ...first, "a:2": { value: 2, rev: 2 } }), new Set(["a:2"]), 5);
    expect(after.groups[1]).toBe(before.groups[1]);
    expect(after.groups[0]?.rows[0]).toBe(before.groups[0]?.rows[0]);
    expect(after.groups[0]?.rows[1]).toMatchObject({ value: 2, changedAtMs: 5 });
    expect(rowsOf(before).every((row) => row.changedAtMs === undefined)).toBe(true);
  });

  it("starts afresh, without highlights, when the history of the board is another one (L7)", () => {
    const before = nextView(undefined, told({ a: { value: 1, rev: 1 } }), undefined, 0);
    const after = nextView(before, told({ a: { value: 2, rev: 2 } }, { epoch: "e2" }), new Set(["a"]), 1);
    expect(rowsOf(after)).toMatchObject([{ value: 2, changedAtMs: undefined }]);
  });

  it("shows open budgets only, the fullest first, and counts their totals", () => {
    const budget = (task: string, usedTokens: number, limitTokens: number, closed = false): Budget => ({
      task,
      usedTokens,
      limitTokens,
      percentage: (usedTokens / limitTokens) * 100,
      status: "active",
      closed,
      openedAt: 0,
      description: "",
      seq: 1,
      at: 0,
    });
    const budgets = [budget("a", 10, 100), budget("b", 90, 100), budget("shut", 500, 1000, true)];
    const view = nextView(undefined, told({}, { budgets }), undefined, 0);
    expect(view.budgets.rows.map(({ task }) => task)).toEqual(["b", "a"]);
    expect(view.budgets).toMatchObject({ used: 100, limit: 200, percentage: 50 });
  });

  it("joins claims to their holders, and knows a holder who did nothing else", () => {
    const agents = [{ agent: "z", writes: 2, seq: 1 }];
    const claims = [
      { claim: "two", holder: "z", fence: 2, seq: 2, at: 0 },
      { claim: "one", holder: "z", fence: 1, seq: 2, at: 0 },
      { claim: "free", fence: 3, seq: 2, at: 0 },
      { claim: "own", holder: "a", fence: 4, seq: 2, at: 0 },
    ];
    const view = nextView(undefined, told({}, { agents, claims }), undefined, 0);
    expect(view.agents).toMatchObject([
      { agent: "a", claims: ["own"] },
      { agent: "z", claims: ["one", "two"], writes: 2 },
    ]);
  });
});

const asText = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

describe("audit rows", () => {
  it("keep their objects and ids when newer notes come above and older ones are forgotten, also within one record", () => {
    const notes = [note(1, "x"), note(4, "y"), note(4, "y"), note(9, "z")];
    const before = auditRows({ notes, missed: [] });
    expect(before.map(({ event }) => event)).toEqual(["z", "y", "y", "x"]);
    expect(new Set(before.map(({ id }) => id)).size).toBe(4);
    const after = auditRows({ notes: [...notes.slice(2), note(10, "new")], missed: [] });
    expect(after.slice(1)).toEqual(before.slice(0, 2));
    expect(after[1]).toBe(before[0]);
  });

  it("show nothing from behind a gap", () => {
    const rows = auditRows({ notes: [note(1, "old"), note(90, "new")], missed: [{ count: 70, from: 1, to: 80 }] });
    expect(rows.map(({ event }) => event)).toEqual(["new"]);
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
  const withKey = (value: number, seq: number, epoch = "e1") => told({ a: { value, rev: value } }, { seq, epoch });
  const live: Status = { phase: "live", sinceMs: 0, transport: "socket" };
  const changed = () => new Set(["a"]);

  it("freezes the view while live updates are off, counts what waits, and catches up with the newest", () => {
    const store = createScreenStore(live);
    store.confirm(0);
    store.accept({ subscription: withKey(1, 10), changed: undefined }, 0);
    store.setLiveUpdates(false);
    store.confirm(1);
    store.accept({ subscription: withKey(2, 13), changed: changed() }, 1);
    store.confirm(2);
    store.accept({ subscription: withKey(3, 14), changed: new Set(["b"]) }, 2);
    expect(store.read()).toMatchObject({ waiting: 4, freshAtMs: 0, knownAtMs: 2, view: { seq: 10 } });
    store.setLiveUpdates(true);
    expect(store.read()).toMatchObject({ waiting: 0, freshAtMs: 2, view: { seq: 14 } });
    expect(store.read().view?.groups[0]?.rows[0]).toMatchObject({ key: "a", value: 3 });
  });

  it("counts everything as waiting when the history became another one behind a pause", () => {
    const store = createScreenStore(live);
    store.accept({ subscription: withKey(1, 10), changed: undefined }, 0);
    store.setLiveUpdates(false);
    store.accept({ subscription: withKey(1, 7, "e2"), changed: undefined }, 1);
    expect(store.read().waiting).toBe(7);
  });

  it("is cut off from the loss of a connection until what it has is known to be whole", () => {
    const store = createScreenStore(live);
    store.accept({ subscription: withKey(1, 10), changed: undefined }, 0);
    const phases: readonly [Status, boolean][] = [
      [{ phase: "offline", sinceMs: 0, reason: "test", retryAtMs: 0 }, true],
      [{ phase: "connecting", sinceMs: 0 }, true],
      [{ phase: "catching-up", sinceMs: 0, transport: "socket", reason: "test" }, true],
      [{ phase: "polling", sinceMs: 0, transport: "poll", reason: "test", behind: true }, true],
      [live, false],
      [{ phase: "catching-up", sinceMs: 0, transport: "socket", reason: "test" }, false],
    ];
    for (const [status, isCutOff] of phases) {
      store.setStatus(status, 5);
      expect(store.read().isCutOff).toBe(isCutOff);
    }
  });

  it("takes a beat for fresh data only where nothing is known to be missing", () => {
    const store = createScreenStore(live);
    store.accept({ subscription: withKey(1, 10), changed: undefined }, 0);
    store.setBeat({ heardAtMs: 10, serverAtMs: 5010 }, live);
    expect(store.read()).toMatchObject({ freshAtMs: 10, clockOffsetMs: 5000 });
    store.setBeat(
      { heardAtMs: 20, serverAtMs: 5020 },
      { phase: "catching-up", sinceMs: 0, transport: "socket", reason: "test" },
    );
    expect(store.read().freshAtMs).toBe(10);
  });
});
