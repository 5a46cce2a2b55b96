// Owns a board for tests of the feed: the real fold over random commands, everything that was ever true of it, and
// replicas that a test lets fall behind. Does not own any expectation but that a replica equals the plain view.

import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { expect } from "vitest";
import { apply, type BoardState, createBoardState, dueItems } from "../../src/board/index.ts";
import { BoardFeed } from "../../src/feed/index.ts";
import type { AppliedRecord } from "../../src/feed/board-feed.ts";
import { notesKeptAfter, type PastNotes } from "../../src/feed/sync-pages.ts";
import {
  type AuditNote,
  type Command,
  elementsOf,
  type Filter,
  filterSchema,
  type JsonText,
  membersOf,
} from "../../src/protocol/index.ts";
import { auditText } from "../../src/server/views/audit-text.ts";
import { actors, commands, names, recordOf, type Sent, sha256 } from "../law/records.ts";
import { type Moment, momentOf, notesFor, shownAt } from "./moments.ts";
import { NAMED_STREAMS, type ReferenceReplica } from "./reference-replica.ts";

/** Printed with each title; FUZZ_SEED repeats a run. */
export const seed = process.env["FUZZ_SEED"] === undefined ? Date.now() % 2 ** 31 : Number(process.env["FUZZ_SEED"]);

export class FeedWorld {
  readonly state: BoardState = createBoardState(sha256);
  feed = new BoardFeed(this.state);
  /** All notes that ever were. */
  readonly notes: AuditNote[] = [];
  readonly #moments = new Map<number, Moment>([[0, momentOf(this.state)]]);
  #clock = 0;

  /** Apply a group of records, and only then tell the feed, as the engine does. */
  write(...group: readonly (Sent | Flood)[]): void {
    this.feed.applied(this.fold(group));
  }

  fold(group: readonly (Sent | Flood)[]): AppliedRecord[] {
    const applied = group.map((asked): AppliedRecord => {
      const sent = "flood" in asked ? flood(asked) : asked;
      const { total } = this.state.audit;
      const seq = this.state.seq + 1;
      const record = recordOf(seq, { ...sent, clock: this.#clock });
      const before = this.state.audit.notes.at(-1);
      const { outcome, changes } = apply(this.state, record);
      const { notes } = this.state.audit;
      // A record of more notes than are kept leaves only their newest behind.
      if (this.state.audit.total - total > notes.length) throw new Error("too many notes in one record for this test");
      if (notes.at(-1) !== before) this.notes.push(...notes.slice(notes.length - (this.state.audit.total - total)));
      return { record, outcome, changes };
    });
    this.#moments.set(this.state.seq, momentOf(this.state));
    return applied;
  }

  /** Entries that make a snapshot of several pages. */
  fill(count: number): void {
    for (let i = 0; i < count; i++) {
      const value = JSON.stringify(filler(20_000 + 9000 * (i % 9), i % 2 === 0)) as JsonText;
      this.write({ command: { type: "entry.put", key: i % 3 === 0 ? `a${i}` : `large/${i}`, value } });
    }
  }

  wait(ms: number): void {
    this.#clock += ms;
  }

  /** What a timer of the engine would send now. False where nothing is due. */
  expire(): boolean {
    const items = dueItems(this.state, this.#clock, 1000);
    if (items.length > 0) this.write({ command: { type: "items.expire", items }, source: "system", actor: "system" });
    return items.length > 0;
  }

  /** The server starts anew: the state is what it was, and nothing is known of what changed when. */
  restart(): void {
    this.feed = new BoardFeed(this.state);
  }

  momentAt(seq: number): Moment {
    const moment = this.#moments.get(seq);
    if (moment === undefined) throw new Error(`no group of records ends at ${seq}`);
    return moment;
  }

  /** What a fetch from disk brings: `most` notes at most. */
  pastAfter(from: number, filter: Filter, most = Number.POSITIVE_INFINITY): PastNotes | undefined {
    const { audit } = filter;
    const to = notesKeptAfter(this.feed);
    if (audit === undefined || from >= to) return undefined;
    const all = this.notes.filter(({ seq }) => seq <= to);
    const seen = all.filter((note) => note.seq > from && notesFor([note], filter).length === 1);
    const told = seen.slice(Math.max(0, seen.length - most));
    const left = seen.slice(0, seen.length - told.length);
    return {
      to,
      texts: told.map((note) => `{"seq":${note.seq},"note":${auditText(note)}}`),
      missed: left.length === 0 ? undefined : { count: left.length, from, to: left.at(-1)!.seq },
    };
  }
}

/** The replica equals the plain view of the position where it stands. Notes are another matter. */
export function expectTrue(world: FeedWorld, filter: Filter, replica: ReferenceReplica): void {
  const moment = world.momentAt(replica.at ?? 0);
  const shown = shownAt(moment, filter);
  for (const stream of NAMED_STREAMS) {
    if (stream === "entries" && replica.held.over !== undefined) continue;
    const held = replica.held.streams[stream];
    if (isDeepStrictEqual(held, shown[stream])) continue;
    const differing = [...new Set([...held.keys(), ...shown[stream].keys()])].filter(
      (name) => !isDeepStrictEqual(held.get(name), shown[stream].get(name)),
    );
    const [name = ""] = differing;
    const what = `${differing.length} ${stream} differ at ${replica.at}, among them ${name}`;
    expect([what, held.get(name)]).toEqual([what, shown[stream].get(name)]);
    throw new Error(what);
  }
}

/** Every note after `since` is held once and in order, or lies in a gap that is named; before it the newest `tail`. */
export function expectNotes(
  world: FeedWorld,
  filter: Filter,
  replica: ReferenceReplica,
  since: number,
  tail: number,
): void {
  const { notes, missed, total } = replica.held;
  if (filter.audit === undefined) {
    expect([notes, missed, total]).toEqual([[], [], undefined]);
    return;
  }
  const to = replica.at ?? 0;
  const all = notesFor(world.notes, filter).filter(({ seq }) => seq <= to);
  expect(total).toBeLessThanOrEqual(world.notes.filter(({ seq }) => seq <= to).length);
  const isGap = (seq: number): boolean => missed.some((gap) => seq > gap.from && seq <= gap.to);
  const isHeld = new Set(notes.map((note) => JSON.stringify(note)));
  const lost = all.filter((note) => note.seq > since && !isHeld.has(JSON.stringify(note)));
  expect(lost.filter(({ seq }) => !isGap(seq))).toEqual([]);
  const counted = missed.reduce((sum, { count }) => sum + count, 0);
  if (counted !== lost.length) expect([counted, missed]).toEqual([lost.length, missed]);
  const expected = all.filter((note) => !lost.includes(note));
  const own = expected.slice(Math.max(0, expected.length - notes.length));
  if (!isDeepStrictEqual(notes, own)) expect(notes).toEqual(own);
  // The tail is of the notes that the board keeps at hand.
  const kept = notesFor(world.state.audit.notes, filter).filter(({ seq }) => seq <= to);
  expect(notes.length).toBeGreaterThanOrEqual(Math.min(tail, kept.length));
}

const MAX_FRAME_BYTES = 262_144;
const ENVELOPE_BYTES = Buffer.byteLength(`{"jsonrpc":"2.0","method":"sync","params":}`);

/** W-SYNC-6 and rule 24: a page is a frame's worth, or one item. W-SYNC-8: patches only where they are worth it. */
export function expectPage(world: FeedWorld, params: string, mayPatch: boolean): void {
  let items = 0;
  for (const member of membersOf(params)?.values() ?? []) {
    const parts = membersOf(member);
    for (const part of ["put", "del", "patch", "add"]) items += elementsOf(parts?.get(part) ?? "[]")?.length ?? 0;
  }
  const bytes = Buffer.byteLength(params) + ENVELOPE_BYTES;
  if (items > 1) expect(bytes).toBeLessThanOrEqual(MAX_FRAME_BYTES);
  const entries = membersOf(params)?.get("entries");
  for (const told of elementsOf((entries && membersOf(entries)?.get("patch")) ?? "[]") ?? []) {
    expect(mayPatch).toBe(true);
    const members = membersOf(told) as Map<string, JsonText>;
    const now = world.state.entries.get(JSON.parse(members.get("key")!) as string);
    const seq = Number(members.get("seq"));
    // An answer that is kept for others may be of a moment ago: whether it was true then, the replica shows.
    if (now === undefined || now.seq > seq) continue;
    expect(now.seq).toBe(seq);
    expect(now.value.length).toBeGreaterThan(4096);
    expect(members.get("patch")!.length).toBeLessThanOrEqual(now.value.length * 0.7);
  }
}

const LARGE_KEYS = ["large/1", "large/2", "large/3", "large/ключ", "huge"];
const filler = (units: number, wide: boolean): string => (wide ? "板" : "x").repeat(units);

/** Documents of some kilobytes up to more than a page, and small changes of them. */
const largeCommands: fc.Arbitrary<Command> = fc.oneof(
  fc
    .tuple(fc.constantFrom(...LARGE_KEYS), fc.integer({ min: 1, max: 12 }), fc.boolean(), fc.nat({ max: 30_000 }))
    .map(([key, members, wide, units]) => {
      const each = key === "huge" ? Math.ceil(100_000 / members) : Math.ceil(units / members);
      const own = Array.from({ length: members }, (_, i): [string, string] => [
        `m${i}`,
        filler(each, wide && i % 2 === 0),
      ]);
      return { type: "entry.put", key, value: JSON.stringify(Object.fromEntries(own)) as JsonText } as const;
    }),
  {
    weight: 3,
    arbitrary: fc
      .tuple(fc.constantFrom(...LARGE_KEYS), fc.nat({ max: 14 }), fc.jsonValue({ maxDepth: 2 }))
      .map(([key, member, value]) => {
        const patch = JSON.stringify({ [`m${member}`]: value }) as JsonText;
        return { type: "entry.merge", key, patch } as const;
      }),
  },
  fc.constantFrom(...LARGE_KEYS).map((key) => ({ type: "entry.delete", key }) as const),
);

/** So many notes in one record: short in a report, long on the board. */
export interface Flood {
  readonly flood: number;
  readonly event: string;
  readonly granted: boolean;
}

const floods: fc.Arbitrary<Flood> = fc.record({
  flood: fc.integer({ min: 1, max: 700 }),
  event: names,
  granted: fc.boolean(),
});

export function flood({ flood, event, granted }: Flood): Sent {
  const commands = Array.from({ length: flood }, (_, i) => ({
    type: "audit.note" as const,
    event: i % 3 === 0 ? event : "a",
    granted: i % 2 === 0 ? granted : !granted,
    reason: String(i),
  }));
  return { command: { type: "batch", commands } };
}

const sents: fc.Arbitrary<Sent> = fc.record(
  {
    command: fc.oneof({ weight: 6, arbitrary: commands }, { weight: 4, arbitrary: largeCommands }),
    actor: actors,
    source: fc.constantFrom("http", "system", "follow:ws"),
    id: fc.constantFrom("one", "two", "three"),
  },
  { requiredKeys: ["command"] },
);

export type Step =
  | { readonly do: "write"; readonly group: readonly (Sent | Flood)[]; readonly pause: number }
  | { readonly do: "expire"; readonly pause: number }
  | { readonly do: "restart" }
  /** So many pages for that replica. */
  | { readonly do: "pull"; readonly who: number; readonly pages: number }
  | { readonly do: "disconnect"; readonly who: number };

export const steps = (replicas: number, maxLength = 40): fc.Arbitrary<Step[]> => {
  const who = fc.nat({ max: replicas - 1 });
  const pause = fc.nat({ max: 8 });
  const step: fc.Arbitrary<Step> = fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({
        do: fc.constant("write"),
        group: fc.array(fc.oneof({ weight: 10, arbitrary: sents }, floods), { minLength: 1, maxLength: 4 }),
        pause,
      }),
    },
    { weight: 8, arbitrary: fc.record({ do: fc.constant("pull"), who, pages: fc.integer({ min: 1, max: 4 }) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("expire"), pause }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("disconnect"), who }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("restart") }) },
  );
  return fc.array(step, { minLength: 5, maxLength });
};

const stream = fc.constantFrom<true | undefined>(true, undefined);
const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(arbitrary, { nil: undefined });

/** Any filter but a window. */
export const filters: fc.Arbitrary<Filter> = fc
  .record({
    entries: fc.oneof(
      fc.constant(undefined),
      { weight: 2, arbitrary: fc.constant({}) },
      fc.record({ prefix: fc.constantFrom("", "a", "large/", "ключ", "none") }),
      fc.record({ atMost: fc.nat({ max: 8 }) }),
      fc.record({ keys: fc.array(fc.oneof(names, fc.constantFrom(...LARGE_KEYS)), { minLength: 1, maxLength: 5 }) }),
    ),
    budgets: stream,
    agents: stream,
    tasks: stream,
    requests: stream,
    claims: stream,
    sources: stream,
    holds: stream,
    alerts: stream,
    pauses: stream,
    audit: maybe(
      fc.record(
        { event: names, agent: actors, granted: fc.boolean(), tail: fc.constantFrom(0, 3, 1000) },
        { requiredKeys: ["tail"] },
      ),
    ),
  })
  .map((filter) => Object.fromEntries(Object.entries(filter).filter(([, asked]) => asked !== undefined)))
  .filter((filter) => Object.keys(filter).length > 0)
  .map((filter) => filterSchema.parse(filter));
