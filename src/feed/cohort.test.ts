// Guards law L4: one answer for all who ask the same from the same place, and each of them a true one (L3).

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
import { ReferenceReplica } from "../../test/live/reference-replica.ts";
import type { Filter, JsonText } from "../protocol/index.ts";
import { auditText } from "../server/views/audit-text.ts";
import { Cohort, type Pages } from "./cohort.ts";
import type { Page } from "./sync-pages.ts";
import { viewOf } from "./view.ts";

const cohortOf = (world: FeedWorld, filter: Filter): Cohort<Page> =>
  new Cohort({
    feed: world.feed,
    view: viewOf(filter),
    sub: "s",
    window: undefined,
    wrap: (page) => page,
    noteText: auditText,
  });

/** A member of a cohort as a channel keeps it. */
class Asker {
  readonly replica = new ReferenceReplica();
  readonly #world: FeedWorld;
  readonly #filter: Filter;
  cohort: Cohort<Page>;
  #pages: Pages<Page> | undefined;
  #isLive = false;
  #reset: "start" | "forgotten" | undefined = "start";

  constructor(world: FeedWorld, filter: Filter, cohort: Cohort<Page>) {
    this.#world = world;
    this.#filter = filter;
    this.cohort = cohort;
  }

  join(cohort: Cohort<Page>): void {
    this.#pages?.return();
    this.#pages = undefined;
    this.replica.disconnect();
    this.cohort = cohort;
    this.#isLive = false;
    const { at } = this.replica;
    this.#reset = at === undefined ? "start" : this.#world.feed.reaches(at) ? undefined : "forgotten";
  }

  /** What it is told now; false where it is nothing. A long answer comes page by page. */
  hear(): boolean {
    if (this.#pages !== undefined) return this.#pull(this.#pages);
    const from = this.#reset === undefined ? this.replica.at! : 0;
    const stand = { from, reset: this.#reset, rows: 0, isLive: this.#isLive };
    const answer = this.cohort.answer(stand);
    switch (answer.kind) {
      case "frames":
        // L4: whoever stands there too gets the very same.
        expect((this.cohort.answer(stand) as typeof answer).frames).toBe(answer.frames);
        for (const page of answer.frames) this.#take(page);
        expect(this.replica.at).toBe(answer.to);
        return true;
      case "pages":
        this.#pages = answer.pages;
        return this.#pull(answer.pages);
      case "notes":
        this.cohort.putPast(answer.from, this.#world.pastAfter(answer.from, this.#filter)!);
        return this.hear();
      case "nothing":
        return false;
      case "wait":
        throw new Error("there is no window to wait for");
      default:
        return answer satisfies never;
    }
  }

  #pull(pages: Pages<Page>): boolean {
    const next = pages.next();
    if (next.done === true) this.#pages = undefined;
    else this.#take(next.value);
    return true;
  }

  #take({ params }: Page): void {
    expectPage(this.#world, params, this.#isLive);
    if (!this.replica.take(JSON.parse(params))) return;
    this.#isLive = true;
    this.#reset = undefined;
    expectTrue(this.#world, this.#filter, this.replica);
    expectNotes(this.#world, this.#filter, this.replica, this.replica.startedAt!, 0);
  }
}

function run(filter: Filter, script: readonly Step[], fill: number): void {
  const world = new FeedWorld();
  world.fill(fill);
  let cohort = cohortOf(world, filter);
  const askers = Array.from({ length: 4 }, () => new Asker(world, filter, cohort));
  for (const step of script) {
    switch (step.do) {
      case "write":
        world.wait(step.pause);
        world.write(...step.group);
        break;
      case "expire":
        world.wait(step.pause);
        world.expire();
        cohort.settle();
        break;
      case "restart":
        world.restart();
        cohort = cohortOf(world, filter);
        for (const asker of askers) asker.join(cohort);
        break;
      case "disconnect":
        askers[step.who]?.join(cohort);
        break;
      case "pull":
        for (let i = 0; i < step.pages; i++) askers[step.who]?.hear();
        break;
      default:
        step satisfies never;
    }
  }
  for (const asker of askers) {
    while (asker.hear());
    const moved = new ReferenceReplica();
    moved.held = asker.replica.held;
    moved.at = world.state.seq;
    expectTrue(world, filter, moved);
  }
}

describe(`L4: encode once (seed ${seed})`, () => {
  it("L3, L4: members of a cohort share what they are told, and all of it is true wherever they stand", () => {
    fc.assert(fc.property(filters, steps(4), fc.nat({ max: 12 }), run), {
      seed,
      numRuns: 250,
      plugins: [fc.interruptAfterTimeLimit(4000)],
    });
  });

  it("W-SYNC-8: a resume holds no patch, so that a client that cannot apply one gets the value", () => {
    const world = new FeedWorld();
    const cohort = cohortOf(world, { entries: {} });
    const value = JSON.stringify({ text: "x".repeat(9000), n: 0 }) as JsonText;
    world.write({ command: { type: "entry.put", key: "k", value } });
    const from = world.state.seq;
    world.write({ command: { type: "entry.merge", key: "k", patch: '{"n":1}' as JsonText } });
    const told = (isLive: boolean): string => {
      const answer = cohort.answer({ from, reset: undefined, rows: 0, isLive });
      return answer.kind === "frames" ? answer.frames.map(({ params }) => params).join("\n") : answer.kind;
    };
    expect(told(true)).toContain('"patch":[{"key":"k","base":1,"patch":{"n":1},"rev":2,"seq":2');
    expect(told(false)).toContain('"put":[{"key":"k","value":{"text":"xx');
    expect(told(true)).not.toContain('"put"');
  });

  it("W-SYNC-10: notes from disk that memory has moved on from are fetched on, not called missed", () => {
    const world = new FeedWorld();
    const filter: Filter = { audit: { tail: 0 } };
    const cohort = cohortOf(world, filter);
    world.write({ flood: 1, event: "e", granted: true });
    const stand = { from: 1, reset: undefined, rows: 0, isLive: true };
    for (let i = 0; i < 3; i++) world.write({ flood: 600, event: "e", granted: true });
    expect(cohort.answer(stand)).toEqual({ kind: "notes", from: 1 });
    const past = world.pastAfter(1, filter)!;
    for (let i = 0; i < 3; i++) world.write({ flood: 600, event: "e", granted: true });
    cohort.putPast(1, past);
    expect(cohort.answer(stand)).toEqual({ kind: "notes", from: 1 });
    cohort.putPast(1, world.pastAfter(1, filter)!);
    const answer = cohort.answer(stand);
    if (answer.kind !== "frames") throw new Error(answer.kind);
    const replica = new ReferenceReplica();
    replica.at = 1;
    for (const { params } of answer.frames) replica.take(JSON.parse(params));
    expect([replica.held.notes.length, replica.held.missed]).toEqual([3600, []]);
  });

  it.each([0, 1, 3, 1000])("L6: pages that are given up after %d of them leave no listener behind", (pulled) => {
    const world = new FeedWorld();
    const cohort = cohortOf(world, { entries: {}, audit: { tail: 10 } });
    for (let i = 0; i < 60; i++) {
      const value = JSON.stringify("x".repeat(40_000)) as JsonText;
      world.write({ command: { type: "entry.put", key: `k${i}`, value } });
    }
    let counting = 0;
    const { feed } = world;
    const countNotes = feed.countNotes.bind(feed);
    feed.countNotes = (counts) => {
      const counter = countNotes(counts);
      counting++;
      return { ...counter, stop: () => (counting--, counter.stop()) };
    };
    const answer = cohort.answer({ from: 0, reset: "start", rows: 0, isLive: false });
    if (answer.kind !== "pages") throw new Error(answer.kind);
    expect(counting).toBe(1);
    for (let i = 0; i < pulled; i++) answer.pages.next();
    answer.pages.return();
    expect(counting).toBe(0);
    expect(answer.pages.next().done).toBe(true);
  });
});
