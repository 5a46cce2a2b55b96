// Guards law L3: what changed since a position is one answer, whoever asks, and after it the replica is true.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  expectNotes,
  expectPage,
  expectTrue,
  FeedWorld,
  filters,
  seed,
  type Step,
  steps,
} from "../../test/live/feed-world.ts";
import { notesFor, shownAt } from "../../test/live/moments.ts";
import { type Json, NAME_OF, NAMED_STREAMS, ReferenceReplica } from "../../test/live/reference-replica.ts";
import { type Filter, type JsonText, type SingleCommand, syncSchema } from "../protocol/index.ts";
import { auditText } from "../server/views/audit-text.ts";

import { type Page, syncPages } from "./sync-pages.ts";
import { viewOf } from "./view.ts";

/** One who asks by hand: joins, pulls page by page, loses the connection and comes back with the position. */
class Asker {
  readonly filter: Filter;
  readonly replica = new ReferenceReplica();
  readonly #world: FeedWorld;
  #pages: Generator<Page, void, void> | undefined;
  #mayPatch = false;
  #isLive = false;
  /** Notes after this are promised. */
  #since = 0;
  #tail = 0;

  constructor(world: FeedWorld, filter: Filter) {
    this.#world = world;
    this.filter = filter;
  }

  disconnect(): void {
    this.#pages?.return(undefined);
    this.#pages = undefined;
    this.#isLive = false;
    this.replica.disconnect();
  }

  /** False where there was nothing to pull. */
  pull(how?: "anyway"): boolean {
    const { replica, filter } = this;
    this.#pages ??= this.#ask(how === "anyway");
    const next = this.#pages.next();
    if (next.done === true) {
      // W-SYNC-6: pages come to an end with a position.
      expect(replica.isBetweenPages).toBe(false);
      this.#pages = undefined;
      return false;
    }
    const { params, to } = next.value;
    expectPage(this.#world, params, this.#mayPatch);
    const sync = syncSchema.parse(JSON.parse(params));
    expect([sync.to, sync.sub]).toEqual([to, "s"]);
    if (!replica.take(JSON.parse(params))) return true;
    this.#isLive = true;
    expectTrue(this.#world, filter, replica);
    expectNotes(this.#world, filter, replica, this.#since, this.#tail);
    this.#tail = 0;
    return true;
  }

  #ask(anyway: boolean): Generator<Page, void, void> {
    const { feed } = this.#world;
    const from = this.replica.at;
    const reset = from === undefined ? "start" : anyway || feed.reaches(from) ? undefined : "forgotten";
    this.#mayPatch = reset === undefined && this.#isLive;
    if (reset !== undefined) {
      this.#since = feed.head;
      this.#tail = this.filter.audit?.tail ?? 0;
    }
    return syncPages({
      feed,
      view: viewOf(this.filter),
      sub: "s",
      from: reset === undefined ? (from ?? 0) : 0,
      reset,
      patches: this.#mayPatch,
      past: reset === undefined ? this.#world.pastAfter(from ?? 0, this.filter, 500) : undefined,
      window: undefined,
      noteText: auditText,
    });
  }
}

/** Of one who stands at `from`, and holds nothing that a patch could refer to. */
const requestOf = ({ feed }: FeedWorld, filter: Filter, from: number) => ({
  feed,
  view: viewOf(filter),
  sub: "s",
  from,
  reset: undefined,
  patches: false,
  window: undefined,
  noteText: auditText,
});

function run(filters: readonly Filter[], script: readonly Step[], fill: number): void {
  const world = new FeedWorld();
  world.fill(fill);
  const askers = filters.map((filter) => new Asker(world, filter));
  for (const step of script) {
    switch (step.do) {
      case "write":
        world.wait(step.pause);
        world.write(...step.group);
        break;
      case "expire":
        world.wait(step.pause);
        world.expire();
        break;
      case "restart":
        for (const asker of askers) asker.disconnect();
        world.restart();
        break;
      case "disconnect":
        askers[step.who]?.disconnect();
        break;
      case "pull":
        for (let i = 0; i < step.pages; i++) askers[step.who]?.pull();
        break;
      default:
        step satisfies never;
    }
  }
  // Left alone, everyone comes to the head or to where nothing that they see has changed since.
  for (const asker of askers) {
    while (asker.pull());
    while (asker.pull());
    const moved = new ReferenceReplica();
    moved.held = asker.replica.held;
    moved.at = world.state.seq;
    expectTrue(world, asker.filter, moved);
  }
}

describe(`L3: one sync rule (seed ${seed})`, () => {
  it("W-SYNC-4 to 10: after each answer the replica is the plain view of its position, however slowly it pulls", () => {
    const three = fc.tuple(filters, filters, filters);
    fc.assert(fc.property(three, steps(3), fc.nat({ max: 12 }), run), {
      seed,
      numRuns: 400,
      plugins: [fc.interruptAfterTimeLimit(4000)],
    });
  });

  it("W-SYNC-1: what changed since S is one answer: in small steps, in one, after a restart or from nothing, the replica is the same", () => {
    fc.assert(
      fc.property(filters, steps(1), fc.nat({ max: 6 }), (filter, script, fill) => {
        const world = new FeedWorld();
        world.fill(fill);
        const [live, away, slow] = [new Asker(world, filter), new Asker(world, filter), new Asker(world, filter)];
        while (live.pull());
        while (away.pull());
        away.disconnect();
        for (const step of script) {
          if (step.do === "write") world.write(...step.group);
          if (step.do === "restart") {
            for (const asker of [live, away, slow]) asker.disconnect();
            world.restart();
          }
          while (live.pull());
          slow.pull();
        }
        const late = new Asker(world, filter);
        for (const asker of [away, slow, late]) {
          while (asker.pull("anyway"));
          while (asker.pull());
        }
        for (const { replica } of [away, slow, late]) expect(replica.held.streams).toEqual(live.replica.held.streams);
      }),
      { seed, numRuns: 150, plugins: [fc.interruptAfterTimeLimit(3000)] },
    );
  });

  it("W-SYNC-2: of an item only its newest form is told, once; of notes each one, in order, or the gap", () => {
    fc.assert(
      fc.property(filters, steps(1), (filter, script) => {
        const world = new FeedWorld();
        const asker = new Asker(world, filter);
        while (asker.pull());
        const since = asker.replica.at ?? 0;
        for (const step of script) if (step.do === "write") world.write(...step.group);
        const told = new Set<string>();
        const seqs: number[] = [];
        const past = world.pastAfter(since, filter);
        for (const { params } of syncPages({ ...requestOf(world, filter, since), past })) {
          const sync = JSON.parse(params) as Record<string, Json>;
          for (const stream of NAMED_STREAMS) {
            const named = NAME_OF[stream];
            const { put = [], del = [] } = sync[stream] ?? {};
            for (const name of [...put.map((item: Json) => item[named]), ...del]) {
              const what = `${stream} ${name}`;
              expect([what, told.has(what)]).toEqual([what, false]);
              told.add(what);
            }
            const now = shownAt(world.momentAt(world.state.seq), filter)[stream];
            for (const item of put) expect(item).toEqual(now.get(item[named]));
            for (const name of del) expect(now.has(name)).toBe(false);
          }
          seqs.push(...(sync["audit"]?.add ?? []).map(({ seq }: Json) => seq));
        }
        expect(seqs).toEqual(notesFor(world.notes, filter).flatMap(({ seq }) => (seq > since ? [seq] : [])));
      }),
      { seed, numRuns: 200, plugins: [fc.interruptAfterTimeLimit(3000)] },
    );
  });

  it("W-SYNC-6: pages end with a position, even where all that changed meanwhile is not seen", () => {
    const world = new FeedWorld();
    world.fill(8);
    const asker = new Asker(world, { entries: { prefix: "" } });
    asker.pull();
    world.write({ command: { type: "budget.open", task: "t", limitTokens: 1 } });
    while (asker.pull());
    expect(asker.replica.at).toBe(world.state.seq);
  });

  it("W-SYNC-6: an entry that is gone and there again while a first snapshot is pulled is told once a page", () => {
    const world = new FeedWorld();
    world.fill(8);
    const asker = new Asker(world, { entries: {} });
    asker.pull();
    const keys = Array.from(world.state.entries.keys());
    for (const key of keys) {
      world.write({ command: { type: "entry.delete", key } });
      world.write({ command: { type: "entry.put", key, value: "1" as JsonText } });
    }
    while (asker.pull());
    expect(asker.replica.at).toBe(world.state.seq);
  });

  it("W-SUB-2, L5: notes that come while a first snapshot is pulled are told, or the gap is named and counted exactly", () => {
    for (const floods of [[3], [700, 700, 300]]) {
      const world = new FeedWorld();
      world.fill(8);
      const asker = new Asker(world, { entries: {}, audit: { event: "wanted", tail: 0 } });
      asker.pull();
      for (const flood of floods) world.write({ flood, event: "wanted", granted: true });
      while (asker.pull());
      expect(asker.replica.held.notes.length).toBeGreaterThan(0);
      expect(asker.replica.held.missed).toHaveLength(floods.length === 1 ? 0 : 1);
    }
  });

  it("W-SYNC-10: each page that tells notes has the total", () => {
    const world = new FeedWorld();
    const asker = new Asker(world, { audit: { tail: 1000 } });
    const reason = "y".repeat(2000);
    for (let i = 0; i < 200; i++) world.write({ command: { type: "audit.note", event: "e", reason } });
    let pages = 0;
    while (asker.pull()) pages++;
    expect(pages).toBeGreaterThan(2);
    expect([asker.replica.held.notes.length, asker.replica.held.total]).toEqual([200, 200]);
  });

  it("W-SYNC-9, rule 19: values are told byte for byte", () => {
    const value =
      '{"big":123456789012345678901234567890,"huge":1e400,"dup":1,"dup":2,"e":1.50E+2,"s":"\\u0041"}' as JsonText;
    const world = new FeedWorld();
    world.write({ command: { type: "entry.put", key: "k", value } });
    const [page] = syncPages({
      feed: world.feed,
      view: viewOf({ entries: {} }),
      sub: "s",
      from: 0,
      reset: "start",
      patches: false,
      past: undefined,
      window: undefined,
      noteText: auditText,
    });
    expect(page?.params).toContain(`"value":${value},`);
  });

  it("L6: requests and claims that a trim drops leave replicas too", () => {
    const world = new FeedWorld();
    const filter: Filter = { requests: true, claims: true };
    const [live, away] = [new Asker(world, filter), new Asker(world, filter)];
    const claimTurns = (first: number, count: number): void => {
      const claims = Array.from({ length: count }, (_, i) => `c${first + i}`);
      world.write(...claims.map((claim) => ({ command: { type: "claim.acquire", claim, ttlMs: 1 } as const })));
      world.wait(2);
      while (world.expire());
    };
    for (let i = 0; i < 1000; i++) {
      world.write(
        { command: { type: "request.open", request: `r${i}`, kind: "change", subject: "s" } },
        { command: { type: "request.close", request: `r${i}` } },
      );
    }
    claimTurns(0, 9999);
    for (const asker of [live, away]) while (asker.pull());
    expect(live.replica.held.streams.requests.size).toBe(1000);
    world.write(
      { command: { type: "request.open", request: "last", kind: "change", subject: "s" } },
      { command: { type: "request.close", request: "last" } },
    );
    claimTurns(20_000, 2);
    while (live.pull());
    expect([world.state.requests.size, world.state.claims.size]).toEqual([900, 9000]);
    // After a restart nothing tells what was dropped: the streams are told whole.
    world.restart();
    away.disconnect();
    while (away.pull());
    for (const { replica } of [live, away]) {
      expect([replica.held.streams.requests.size, replica.held.streams.claims.size]).toEqual([900, 9000]);
    }
  });

  it("L7, rule 13: deletes that are forgotten reset whoever returns, and whoever is behind is told all there is", () => {
    const world = new FeedWorld();
    const filter: Filter = { entries: { prefix: "k" } };
    const value = "1" as JsonText;
    const keys = Array.from({ length: 110_000 }, (_, i) => `k${i}`);
    const inBatches = (make: (key: string) => SingleCommand): void => {
      for (let i = 0; i < keys.length; i += 10_000) {
        world.write({ command: { type: "batch", commands: keys.slice(i, i + 10_000).map(make) } });
      }
    };
    inBatches((key) => ({ type: "entry.put", key, value }));
    world.write({ command: { type: "entry.put", key: "kept", value } });
    const [returning, slow] = [new Asker(world, filter), new Asker(world, filter)];
    const between = new Asker(world, filter);
    for (const asker of [returning, slow]) while (asker.pull());
    between.pull();
    expect(slow.replica.held.streams.entries.size).toBe(110_001);
    inBatches((key) => ({ type: "entry.delete", key }));
    expect(world.state.revFloor).toBeGreaterThan(0);
    expect(world.feed.reaches(slow.replica.at!)).toBe(false);
    expect(world.feed.reaches(world.state.seq - 2)).toBe(true);
    // A live client is not asked whether it can be told everything.
    slow.pull("anyway");
    while (slow.pull());
    while (between.pull());
    world.restart();
    returning.disconnect();
    while (returning.pull());
    expect(returning.replica.reset).toBe("forgotten");
    for (const { replica } of [returning, slow, between]) {
      expect([...replica.held.streams.entries.keys()]).toEqual(["kept"]);
    }
  });
});
