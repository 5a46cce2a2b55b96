// Owns the scenarios that every way to follow a board must bring to the same end (docs/protocol.md, sections 4 to 6, 11).
// Does not own how they are run (streams.test.ts). Each is data alone, so that other clients can be held against it.

import type { Command, FilterInput, JsonText } from "../../src/protocol/index.ts";

export interface Step {
  readonly command: Command;
  readonly actor: string;
  readonly source: string;
}

export interface Vector {
  readonly title: string;
  readonly filter: FilterInput;
  /** Done before the client comes for the first time. */
  readonly before?: readonly Step[];
  /** Done while it is there; it hears of each before the next. */
  readonly live?: readonly Step[];
  /** Done while it is away; it then comes back with its cursor. */
  readonly away?: readonly Step[];
  /** What has become of the cursor by then. */
  readonly spoil?: (cursor: string) => string;
  /** The filter that it comes back with, where that is another. */
  readonly filterThen?: FilterInput;
  /** Why it starts over when it comes back; left out: it does not. */
  readonly reset?: string;
  /** Entries are too many to be told, so many. */
  readonly over?: number;
  /** Notes that it holds in the end: the newest so many that its filter sees. */
  readonly notes?: number;
  /** Those who are told each change as it comes are told two patches. */
  readonly isPatched?: boolean;
}

const by = (actor: string, command: Command): Step => ({ command, actor, source: "http" });
const put = (key: string, value: unknown = key, ttlMs?: number): Step =>
  by("planner", {
    type: "entry.put",
    key,
    value: JSON.stringify(value) as JsonText,
    ...(ttlMs === undefined ? {} : { ttlMs }),
  });
const merge = (key: string, patch: unknown): Step =>
  by("planner", { type: "entry.merge", key, patch: JSON.stringify(patch) as JsonText });
const remove = (key: string): Step => by("writer", { type: "entry.delete", key });
const note = (event: string, agent: string, granted?: boolean): Step =>
  by(agent, { type: "audit.note", event, agent, ...(granted === undefined ? {} : { granted }), reason: "ünder 😀" });
const source = (state: "ok" | "stale"): Step => ({
  command: { type: "source.report", source: "follow:w", state, detail: `it is ${state}` },
  actor: "follow:w",
  source: "follow:w",
});

const some = (prefix: string, from: number, count: number): Step[] =>
  Array.from({ length: count }, (_, i) => put(`${prefix}${String(from + i).padStart(3, "0")}`, { n: from + i }));
const LARGE = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`member${i}`, `value ${i} of a large one`]));

export const VECTORS: readonly Vector[] = [
  { title: "W-SYNC-1: an empty board", filter: { entries: {} } },
  {
    title: "W-SUB-3: a snapshot",
    filter: { entries: {} },
    before: [put("a"), put("b", { x: [1, null, "ü"] }), put("c")],
  },
  {
    title: "W-SYNC-7: a change of a key that is there, and a new one",
    filter: { entries: {} },
    before: [put("a"), put("b")],
    live: [put("a", 2), put("new\n\r\u2028", "line\nbreak")],
  },
  {
    title: "W-SYNC-7: a delete, and the key again",
    filter: { entries: {} },
    before: [put("a"), put("b")],
    live: [remove("a"), remove("b"), put("a", "again")],
  },
  {
    title: "W-SYNC-2: a resume tells the newest form of what changed, and deletes",
    filter: { entries: {} },
    before: some("k", 0, 20),
    away: [put("k003", 1), put("k003", 2), remove("k004"), put("z"), remove("z"), put("k005", null)],
  },
  { title: "W-SUB-5: a resume to an unchanged board", filter: { entries: {}, budgets: true }, before: some("k", 0, 5) },
  {
    title: "W-SYNC-8: a large value is patched while live, and told whole after an absence, and so to polls",
    filter: { entries: {} },
    before: [put("large", LARGE)],
    live: [
      put("large", { ...LARGE, more: 1 }),
      merge("large", { member7: "another", member9: null }),
      merge("large", { member8: { deep: [1] } }),
    ],
    away: [merge("large", { member10: 10 })],
    isPatched: true,
  },
  {
    title: "W-SUB-5: reset epoch",
    filter: { entries: {} },
    before: some("k", 0, 5),
    away: [remove("k001")],
    spoil: (cursor) => cursor.replace(/^[^.]+/, "AnotherEpoch1234"),
    reset: "epoch",
  },
  {
    title: "W-SUB-5: reset filter",
    filter: { entries: { prefix: "a" } },
    before: [...some("a", 0, 3), ...some("b", 0, 3)],
    filterThen: { entries: { prefix: "b" } },
    reset: "filter",
  },
  {
    title: "W-SUB-5: reset ahead",
    filter: { entries: {} },
    before: some("k", 0, 5),
    away: [remove("k001")],
    spoil: (cursor) => cursor.replace(/\d+$/, "4000000"),
    reset: "ahead",
  },
  {
    title: "W-SUB-5: reset unreadable",
    filter: { entries: {}, tasks: true },
    before: some("k", 0, 5),
    away: [remove("k001")],
    spoil: () => "no cursor at all",
    reset: "unreadable",
  },
  {
    title: "W-SUB-2: exact keys",
    filter: { entries: { keys: ["a", "b", "not there", "__proto__"] } },
    before: [put("a"), put("b"), put("c"), put("__proto__", { polluted: true })],
    live: [put("c", 2), remove("a"), put("not there")],
    away: [put("b", 9), remove("__proto__"), put("other")],
  },
  {
    title: "W-SUB-2: a prefix",
    filter: { entries: { prefix: "task:" } },
    before: [put("task:1"), put("other"), put("task:2")],
    live: [put("other", 2), put("task:3"), remove("task:1")],
    away: [remove("other"), put("task:4"), remove("task:2")],
  },
  {
    title: "W-SUB-2: at most so many, and they are no more",
    filter: { entries: { prefix: "k", atMost: 5 } },
    before: some("k", 0, 5),
  },
  {
    title: "W-SUB-2: more than that are counted, not told",
    filter: { entries: { prefix: "k", atMost: 5 } },
    before: some("k", 0, 6),
    over: 6,
  },
  {
    title: "W-SYNC-9: entries with a lifetime",
    filter: { entries: {} },
    before: [put("long", 1, 3_600_000), put("gone", 1, 30)],
    live: [put("later", 1, 3_600_000)],
  },
  {
    title: "W-SYNC-10: audit notes with a tail, each once and in order",
    filter: { audit: { tail: 2 } },
    before: [note("a", "x"), note("b", "x"), note("c", "y")],
    live: [note("d", "x"), note("e", "y", true)],
    away: [note("f", "y"), note("f", "y"), put("unseen")],
    notes: 6,
  },
  {
    title: "W-SUB-2: audit notes by event, agent and grant",
    filter: { audit: { event: "permission", agent: "x", granted: true, tail: 100 } },
    before: [note("permission", "x", true), note("permission", "y", true), note("permission", "x", false)],
    live: [note("permission", "x", true), note("other", "x", true)],
    away: [note("permission", "x"), note("permission", "x", true)],
    notes: 3,
  },
  {
    title: "W-SUB-2: audit notes from now on",
    filter: { audit: {} },
    before: [note("a", "x")],
    live: [note("b", "x")],
    away: [note("c", "x")],
    notes: 2,
  },
  {
    title: "W-SYNC-9: budgets",
    filter: { budgets: true },
    before: [by("p", { type: "budget.open", task: "t1", limitTokens: 1000, description: "first" })],
    live: [
      by("p", { type: "budget.charge", task: "t1", tokens: 850, agent: "writer", reason: "draft" }),
      by("p", { type: "budget.open", task: "t2", limitTokens: 10 }),
    ],
    away: [
      by("p", { type: "budget.charge", task: "t2", tokens: 11 }),
      by("p", { type: "budget.close", task: "t1" }),
      by("p", { type: "budget.limit", task: "t2", limitTokens: 100 }),
    ],
  },
  {
    title: "W-SYNC-9: agents, also those that only wrote",
    filter: { agents: true },
    before: [by("x", { type: "agent.report", agent: "x", state: "busy", task: "t", trust: 0.5, namespaces: ["a:"] })],
    live: [put("k"), by("x", { type: "agent.report", agent: "x", state: null, trust: 1, seenAt: 1_795_000_000_000 })],
    away: [remove("k"), by("y", { type: "agent.report", agent: "z", resources: ["*"] })],
  },
  {
    title: "W-SYNC-9: tasks",
    filter: { tasks: true },
    before: [by("x", { type: "task.report", task: "t1", status: "active", details: '{"h":[1]}' as JsonText })],
    live: [by("x", { type: "task.report", task: "t1", status: null }), by("x", { type: "task.report", task: "t2" })],
    away: [by("x", { type: "task.report", task: "t2", status: "done" })],
  },
  {
    title: "W-SYNC-9: requests",
    filter: { requests: true },
    before: [by("x", { type: "request.open", request: "r1", kind: "permission", subject: "DB", reason: "to read" })],
    live: [
      by("person", { type: "request.decide", request: "r1", decision: "granted", grantedUntil: 1_900_000_000_000 }),
      by("x", { type: "request.open", request: "r2", kind: "change", subject: "k" }),
    ],
    away: [
      by("x", { type: "request.close", request: "r2" }),
      by("x", { type: "request.open", request: "r3", kind: "change", subject: "k", ttlMs: 20 }),
    ],
  },
  {
    // A fence is the position of its record; the board's own first record is 1.
    title: "W-SYNC-9: claims",
    filter: { claims: true },
    before: [by("x", { type: "claim.acquire", claim: "c1", ttlMs: 3_600_000 })],
    live: [
      by("x", { type: "claim.renew", claim: "c1", fence: 2, ttlMs: 7_200_000 }),
      by("y", { type: "claim.acquire", claim: "c2", ttlMs: 20 }),
    ],
    away: [
      by("x", { type: "claim.release", claim: "c1", fence: 2 }),
      by("y", { type: "claim.acquire", claim: "c3", ttlMs: 3_600_000 }),
    ],
  },
  {
    title: "W-SYNC-9: sources",
    filter: { sources: true },
    before: [source("ok")],
    live: [source("stale")],
    away: [source("ok")],
  },
  {
    title: "W-WIN-1: a window by key",
    filter: { entries: { window: { from: 2, count: 3, prefix: "k" } } },
    before: [...some("k", 0, 8), put("a"), put("z")],
    live: [put("k003", "changed"), put("k0025"), put("unseen"), remove("k000")],
    away: [remove("k003"), put("k004", "changed"), put("k0001")],
  },
  {
    title: "W-WIN-1: a window by last change",
    filter: { entries: { window: { sort: "changed", count: 4 } }, budgets: true },
    before: some("k", 0, 8),
    live: [put("k003", "changed"), put("new"), remove("k007")],
    away: [put("k000", "newest"), remove("new")],
  },
  {
    title: "W-WIN-3, W-HTTP-4: a window that moves while away",
    filter: { entries: { window: { from: 0, count: 3 } } },
    before: some("k", 0, 10),
    filterThen: { entries: { window: { from: 4, count: 5 } } },
  },
  {
    title: "W-WIN-1: a window beyond the end",
    filter: { entries: { window: { from: 100, count: 3 } } },
    before: some("k", 0, 4),
    away: [put("k9")],
  },
  {
    title: "W-SYNC-6: more than a page of everything at once",
    filter: {
      entries: {},
      budgets: true,
      agents: true,
      tasks: true,
      requests: true,
      claims: true,
      sources: true,
      audit: { tail: 1000 },
    },
    before: [
      ...Array.from({ length: 12 }, (_, i) => put(`page${i}`, "x".repeat(60_000) + i)),
      source("ok"),
      note("a", "x"),
      by("x", { type: "task.report", task: "t" }),
      by("x", { type: "claim.acquire", claim: "c", ttlMs: 3_600_000 }),
    ],
    live: [put("page3", "y".repeat(90_000)), note("b", "x")],
    away: [
      ...Array.from({ length: 12 }, (_, i) => put(`page${i}`, "z".repeat(70_000) + i)),
      remove("page5"),
      note("c", "x"),
    ],
    notes: 3,
  },
];
