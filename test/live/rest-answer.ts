// Owns what the REST API says of a board, brought into the form in which a replica holds it, to hold one against the other.
// Does not own replicas. Only members that both have are compared: each form has some of its own.

import { expect } from "vitest";
import type { FilterInput } from "../../src/protocol/index.ts";
import { ask } from "../server/harness.ts";
import { type Json, NAME_OF, type NamedStream, type ReferenceReplica } from "./reference-replica.ts";
import type { Vector } from "./vectors.ts";

const SHARED: Readonly<Record<string, readonly string[]>> = {
  entries: ["key", "value", "rev", "seq", "by", "at", "source"],
  budgets: "task limitTokens usedTokens percentage status closed description openedAt at seq source lastCharge".split(
    " ",
  ),
  agents: ["agent", "state", "task", "trust", "lastSeenAt", "firstSeenAt", "writes"],
  tasks: ["task", "status", "at", "details"],
  requests: "request kind subject agent reason state openedAt decidedBy grantedUntil".split(" "),
  claims: ["claim", "holder", "fence", "seq"],
  sources: ["source", "state", "paused", "detail", "at"],
};

const shared = (stream: string, item: Json): Json => {
  const names = SHARED[stream] ?? [];
  return Object.fromEntries(names.filter((name) => item[name] !== undefined).map((name) => [name, item[name]]));
};

const byName = (stream: string, items: Iterable<Json>): Json[] => {
  const named = NAME_OF[stream as NamedStream];
  const text = (item: Json): string => String(item[named]);
  return [...items]
    .map((item) => shared(stream, item))
    .sort((a, b) => Buffer.compare(Buffer.from(text(a)), Buffer.from(text(b))));
};

/** Expects that the replica holds what the REST API answers, for all that the filter asks for. */
export async function expectAsRest(
  port: number,
  board: string,
  filter: FilterInput,
  replica: ReferenceReplica,
  vector: Vector,
) {
  const get = async (path: string): Promise<Json> =>
    (await ask({ port }, "GET", `/api/v1/boards/${board}${path}`)).json;
  const all: Json[] = (await get("/entries?limit=1000"))["entries"];
  const { entries } = filter;
  if (entries === undefined) expect(replica.held.streams.entries.size).toBe(0);
  else if ("window" in entries) expectWindow(all, entries.window, replica);
  else {
    const sees = ({ key }: Json): boolean =>
      "keys" in entries ? entries.keys.includes(key) : String(key).startsWith(entries.prefix ?? "");
    const expected = vector.over === undefined ? all.filter(sees) : [];
    expect(replica.held.over).toBe(vector.over);
    expect(byName("entries", replica.held.streams.entries.values())).toStrictEqual(byName("entries", expected));
    for (const { key, ttlLeftMs } of expected)
      expect(replica.held.streams.entries.get(key)?.["expiresAtClock"] === undefined).toBe(ttlLeftMs === undefined);
  }
  const rest: Record<string, Json[]> = {
    budgets: (await get("/budgets"))["budgets"],
    agents: (await get("/agents"))["agents"],
    requests: (await get("/requests"))["requests"],
    claims: (await get("/claims"))["claims"],
    tasks: (await get("/tasks"))["tasks"],
    sources: (await get("/sources"))["sources"],
  };
  for (const [stream, items] of Object.entries(rest)) {
    const isAsked = filter[stream as "budgets"] === true;
    // A claim that is free is told, with its fence, and not listed.
    const held = [...replica.held.streams[stream as NamedStream].values()].filter(
      (item) => stream !== "claims" || item["holder"] !== undefined,
    );
    expect(byName(stream, held)).toStrictEqual(byName(stream, isAsked ? items : []));
  }
  await expectNotes(get, filter, replica, vector.notes ?? 0);
}

type WindowInput = Extract<NonNullable<FilterInput["entries"]>, { window: unknown }>["window"];

function expectWindow(
  all: readonly Json[],
  { sort, from = 0, count, prefix = "" }: WindowInput,
  replica: ReferenceReplica,
) {
  const rows = byName("entries", all).filter(({ key }) => String(key).startsWith(prefix));
  if (sort === "changed") rows.sort((a, b) => b["seq"] - a["seq"]);
  expect(replica.held.window?.from).toBe(from);
  expect(replica.held.window?.total).toBe(rows.length);
  expect(replica.held.window?.rows.map((row) => shared("entries", row))).toStrictEqual(rows.slice(from, from + count));
}

async function expectNotes(
  get: (path: string) => Promise<Json>,
  { audit }: FilterInput,
  replica: ReferenceReplica,
  count: number,
) {
  if (audit === undefined) return;
  const query = new URLSearchParams({ limit: "1000" });
  for (const name of ["event", "agent", "granted"] as const)
    if (audit[name] !== undefined) query.set(name, String(audit[name]));
  const page = await get(`/audit?${query}`);
  expect(replica.held.notes.map(({ note }) => note)).toStrictEqual(page["entries"].slice(0, count).reverse());
  expect(replica.held.notes.length).toBe(count);
}
