// Guards windows against the naive answer: all entries sorted and sliced, whatever happened in between, and while orders
// are being built.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { recordOf, sha256 } from "../../test/law/records.ts";
import { apply, createBoardState } from "../board/index.ts";
import { type Command, compareNames, type JsonText, type SingleCommand, type WindowSpec } from "../protocol/index.ts";
import { type AppliedRecord, BoardFeed } from "./board-feed.ts";
import { Cohort } from "./cohort.ts";
import { type FoundRows, MAX_FOUND } from "./found-rows.ts";
import { RowSources } from "./row-sources.ts";
import { viewOf } from "./view.ts";
import { applyRows, type KeptRows } from "./window-rows.ts";
import { WindowView } from "./window-view.ts";

interface Row {
  readonly key: string;
  readonly value: unknown;
  readonly seq: number;
}

interface WindowText {
  readonly from: number;
  readonly total: number;
  readonly rows: (Row | KeptRows)[];
  readonly whole?: true;
  readonly approximate?: true;
}

/** A board whose work on rows goes on only when the test says so. */
class Stage {
  readonly state = createBoardState(sha256);
  readonly feed = new BoardFeed(this.state);
  readonly sources: RowSources;
  readonly works: { readonly work: Generator<void, void, void>; readonly done: () => void }[] = [];
  readonly searches = new Map<FoundRows, string[]>();

  constructor(atOnceEntries: number) {
    this.sources = new RowSources(this.feed, {
      atOnceEntries,
      stepEntries: 4,
      run: (work, done) => void this.works.push({ work, done }),
      search: (feed, rows) => {
        this.searches.set(rows, [...feed.state.entries.keys()]);
        return () => this.searches.delete(rows);
      },
    });
  }

  commit(commands: readonly Command[]): void {
    const group: AppliedRecord[] = commands.map((command) => {
      const record = recordOf(this.state.seq + 1, { command, id: "" });
      return { record, ...apply(this.state, record) };
    });
    this.feed.applied(group);
  }

  put(...keys: string[]): void {
    this.commit(keys.map((key) => ({ type: "entry.put", key, value: "1" as JsonText })));
  }

  delete(...keys: string[]): void {
    this.commit(keys.map((key) => ({ type: "entry.delete", key })));
  }

  /** One step of each piece of work, and a few keys of each search. Returns false once there is nothing left to do. */
  step(): boolean {
    for (const one of this.works.splice(0)) {
      if (one.work.next().done === true) one.done();
      else this.works.push(one);
    }
    for (const [rows, keys] of this.searches) {
      const some = keys.splice(0, 3);
      if (some.length > 0) rows.found(some.filter((key) => rows.holds(key)));
      else {
        rows.complete();
        this.searches.delete(rows);
      }
    }
    return this.works.length + this.searches.size > 0;
  }

  finish(): void {
    while (this.step());
  }

  naive(spec: WindowSpec): { readonly total: number; readonly rows: Row[] } {
    const { prefix = "", search = "" } = spec;
    const all = [...this.state.entries.values()].filter(
      ({ key }) => key.startsWith(prefix) && key.toLowerCase().includes(search.toLowerCase()),
    );
    all.sort((a, b) => (spec.sort === "changed" ? b.seq - a.seq : compareNames(a.key, b.key)));
    const rows = all.slice(spec.from, spec.from + spec.count);
    return { total: all.length, rows: rows.map(({ key, value, seq }) => ({ key, value: JSON.parse(value), seq })) };
  }

  cohort(spec: WindowSpec): Cohort<string> {
    const source = this.sources.open(spec);
    if (source === undefined) throw new Error("refused");
    return new Cohort({
      feed: this.feed,
      view: viewOf({ entries: { window: spec } }),
      sub: "w",
      window: new WindowView(this.feed, spec, source),
      wrap: ({ params }) => params,
      noteText: () => "{}",
    });
  }
}

/** A replica that applies what it is told as a client would, and looks at it as a client cannot. */
class Client {
  readonly stage: Stage;
  spec: WindowSpec;
  cohort: Cohort<string>;
  told = 0;
  isFresh = true;
  version = 0;
  rows: Row[] = [];
  total = 0;
  isApproximate = false;
  /** How it was told last: undefined if nothing was. */
  last: WindowText | undefined;

  constructor(stage: Stage, spec: WindowSpec, cohort = stage.cohort(spec)) {
    this.stage = stage;
    this.spec = spec;
    this.cohort = cohort;
  }

  move(spec: WindowSpec): void {
    const before = this.cohort;
    this.cohort = this.stage.cohort(spec);
    before.close();
    this.spec = spec;
    this.version = 0;
  }

  /** True once it is told what there is at present. */
  hear(): boolean {
    const reset = this.isFresh ? ("start" as const) : undefined;
    const answer = this.cohort.answer({ from: this.told, reset, rows: this.version, isLive: !this.isFresh });
    this.last = undefined;
    if (answer.kind === "wait") return false;
    if (answer.kind === "nothing") return true;
    if (answer.kind !== "frames") throw new Error(`a window is told as ${answer.kind}`);
    for (const text of answer.frames) {
      const sync = JSON.parse(text) as { from: number; to: number; reset?: string; entries: { window: WindowText } };
      expect(sync.from).toBe(this.told);
      this.told = sync.to;
      const { window } = sync.entries;
      this.last = window;
      // W-WIN-3; whoever has the rows before these gets what is new only.
      expect(window.whole === true).toBe(this.version === 0 || answer.rows !== this.version + 1);
      expect(window.from).toBe(this.spec.from);
      this.rows = window.whole === true ? (window.rows as Row[]) : applyRows(this.rows, window.rows);
      this.total = window.total;
      this.isApproximate = window.approximate === true;
    }
    this.isFresh = false;
    this.version = answer.rows;
    return true;
  }

  expectTrue(): void {
    const { rows, total } = this.stage.naive(this.spec);
    const isSearch = (this.spec.search ?? "") !== "";
    if (this.isApproximate && isSearch) {
      // What is found so far is there, and in order.
      expect(this.total).toBeLessThanOrEqual(total);
      return;
    }
    if (!this.isApproximate) expect(this.total).toBe(total);
    const told = this.rows.map(({ key, value, seq }) => ({ key, value, seq }));
    if (this.spec.sort === "key") expect(told).toEqual(rows);
    else {
      // Keys of one record may stand in any order among themselves.
      expect(told.map(({ seq }) => seq)).toEqual(rows.map(({ seq }) => seq));
      expect(new Set(told.map(({ key }) => key)).size).toBe(rows.length);
      for (const { key, value, seq } of told) {
        const entry = this.stage.state.entries.get(key);
        expect([JSON.stringify(value), seq]).toEqual([entry?.value, entry?.seq]);
      }
    }
  }
}

const LETTERS = ["a", "B", "\u07ff", "\ud7ff", "\ue000", "\uffff", "\u{10000}", "\u{1f600}", "İ"];
const keys = fc.array(fc.constantFrom(...LETTERS), { minLength: 1, maxLength: 3 }).map((parts) => parts.join(""));
const values = fc.nat({ max: 3 }).map((n) => String(n) as JsonText);
const single: fc.Arbitrary<SingleCommand> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ type: fc.constant("entry.put" as const), key: keys, value: values }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant("entry.delete" as const), key: keys }) },
  fc.record({ type: fc.constant("entry.merge" as const), key: keys, patch: values }),
);
const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 4, arbitrary: single },
  fc.array(single, { minLength: 1, maxLength: 4 }).map((commands) => ({ type: "batch" as const, commands })),
);
const specs: fc.Arbitrary<WindowSpec> = fc.record(
  {
    sort: fc.constantFrom("key" as const, "changed" as const),
    from: fc.nat({ max: 12 }),
    count: fc.integer({ min: 1, max: 12 }),
    prefix: fc.constantFrom("", "a", "aB", "\u{1f600}", "\ud83d", "\uffff"),
    search: fc.constantFrom("", "b", "A", "\u{10000}", "i̇"),
  },
  { requiredKeys: ["sort", "from", "count"] },
);

type Step =
  | { readonly kind: "commit"; readonly commands: readonly Command[] }
  | { readonly kind: "work"; readonly steps: number }
  | { readonly kind: "hear"; readonly client: number }
  | { readonly kind: "move"; readonly client: number; readonly spec: WindowSpec };

const client = fc.nat({ max: 3 });
const steps: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("commit" as const),
      commands: fc.array(command, { minLength: 1, maxLength: 3 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("work" as const), steps: fc.integer({ min: 1, max: 9 }) }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant("hear" as const), client }) },
  fc.record({ kind: fc.constant("move" as const), client, spec: specs }),
);

describe("a window", () => {
  it("rule 11, W-WIN-1 to W-WIN-4: holds the naive answer's rows and total after every sync, as orders are built too", () => {
    const runs = fc.record({
      before: fc.array(command, { maxLength: 60 }),
      specs: fc.tuple(specs, specs, specs),
      steps: fc.array(steps, { maxLength: 50, size: "max" }),
      atOnce: fc.constantFrom(0, 10, 5000),
    });
    fc.assert(
      fc.property(runs, ({ before, specs, steps, atOnce }) => {
        const stage = new Stage(atOnce);
        stage.commit(before);
        const clients = specs.map((spec) => new Client(stage, spec));
        // Two share what is made for them, and stand at different versions of it.
        clients.push(new Client(stage, clients[0]!.spec, clients[0]!.cohort));
        for (const step of steps) {
          switch (step.kind) {
            case "commit":
              stage.commit(step.commands);
              break;
            case "work":
              for (let i = 0; i < step.steps; i++) stage.step();
              break;
            case "hear": {
              const one = clients[step.client]!;
              if (one.hear()) one.expectTrue();
              break;
            }
            case "move": {
              const one = clients[step.client]!;
              // Those that share stay.
              if (one.cohort === clients[0]!.cohort) break;
              one.move(step.spec);
              if (one.hear()) {
                one.expectTrue();
                expect(one.last?.whole).toBe(true);
              }
              break;
            }
            default:
              step satisfies never;
          }
        }
        stage.finish();
        for (const one of clients) {
          expect(one.hear()).toBe(true);
          expect(one.isApproximate).toBe(false);
          one.expectTrue();
          one.hear();
          expect(one.last).toBeUndefined();
        }
      }),
      { numRuns: 400 },
    );
  });

  it("W-WIN-2: says a row that stays as a place in the window before", () => {
    const stage = new Stage(5000);
    stage.put("a", "b", "c", "d");
    const one = new Client(stage, { sort: "key", from: 0, count: 3 });
    one.hear();
    stage.delete("b");
    one.hear();
    expect(one.last).toMatchObject({ total: 3, rows: [[0, 0], [2, 2], { key: "d" }] });
    one.expectTrue();
  });

  it("shows the first rows of a large board before its order is built, as approximate", () => {
    const stage = new Stage(0);
    stage.put(...Array.from({ length: 200 }, (_, i) => `k${199 - i}`));
    for (const sort of ["key", "changed"] as const) {
      const one = new Client(stage, { sort, from: 2, count: 5 });
      let steps = 0;
      while (!one.hear()) {
        stage.step();
        steps++;
      }
      expect(steps).toBeLessThan(60);
      expect(one.isApproximate).toBe(true);
      one.expectTrue();
      stage.finish();
      one.hear();
      expect(one.isApproximate).toBe(false);
      one.expectTrue();
      one.cohort.close();
    }
  });

  it("W-WIN-5: shares a search between windows, and says when it is complete although no row changed", () => {
    const stage = new Stage(5000);
    stage.put("a1", "a2", "b1");
    const spec = { sort: "key" as const, from: 0, count: 2, search: "A" };
    const one = new Client(stage, spec);
    const other = new Client(stage, { ...spec, sort: "changed", from: 1 });
    expect(stage.searches.size).toBe(1);
    stage.step();
    one.hear();
    expect(one.rows.map(({ key }) => key)).toEqual(["a1", "a2"]);
    expect(one.isApproximate).toBe(true);
    stage.finish();
    one.hear();
    expect(one.isApproximate).toBe(false);
    expect(one.last?.rows).toEqual([[0, 1]]);
    other.hear();
    expect(other.rows.map(({ key }) => key)).toEqual(["a1"]);
  });

  it("W-WIN-5: ends at 10 000 hits, and stays approximate when some of them are deleted", () => {
    const stage = new Stage(50_000);
    const all = Array.from({ length: MAX_FOUND + 5 }, (_, i) => `k${i}`);
    stage.put(...all);
    const spec = { sort: "key" as const, from: 0, count: 2, search: "k" };
    const one = new Client(stage, spec);
    const [rows] = stage.searches.keys();
    expect(rows!.found(all.slice(0, 10))).toBe(true);
    expect(rows!.found(all)).toBe(false);
    rows!.complete();
    stage.delete(...all.slice(0, 20));
    one.hear();
    expect([one.total, one.isApproximate]).toEqual([MAX_FOUND - 20, true]);
  });

  it("L6: refuses a seventeenth search and a ninth order by last change, until one is closed", () => {
    const stage = new Stage(5000);
    stage.put("a");
    const spec = { sort: "key" as const, from: 0, count: 1 };
    const searches = Array.from({ length: 16 }, (_, i) => stage.sources.open({ ...spec, search: `s${i}` }));
    expect(stage.sources.open({ ...spec, search: "s16" })).toBeUndefined();
    expect(stage.sources.open({ ...spec, search: "S3" })).toBeDefined();
    searches[0]!.close();
    searches[0]!.close();
    expect(stage.sources.open({ ...spec, search: "s16" })).toBeDefined();
    const orders = Array.from({ length: 8 }, (_, i) =>
      stage.sources.open({ ...spec, sort: "changed", prefix: `p${i}` }),
    );
    expect(stage.sources.open({ ...spec, sort: "changed" })).toBeUndefined();
    orders[0]!.close();
    expect(stage.sources.open({ ...spec, sort: "changed" })).toBeDefined();
  });
});
