// Owns what a view should show of a board at a position, found the plain way: by looking at all of it.
// Does not own how it is told. Independent of feed/: members are those of docs/protocol.md, W-SYNC-9.

import type { BoardState } from "../../src/board/index.ts";
import type { AuditNote, Filter } from "../../src/protocol/index.ts";
import { auditText } from "../../src/server/views/audit-text.ts";
import { type Json, NAMED_STREAMS, type NamedStream } from "./reference-replica.ts";

/** A state as it was: items are immutable, so that a copy of the maps is enough. */
export type Moment = Omit<BoardState, "audit" | "marks" | "tombstones" | "revFloor"> & { readonly total: number };

export function momentOf(state: BoardState): Moment {
  const activity = new Map([...state.activity].map(([name, one]) => [name, { ...one }]));
  const { seq, clock, rules, entries, budgets, claims, requests, agents, tasks, sources } = state;
  const { holds, alerts, pauses, children } = state;
  return {
    seq,
    clock,
    rules,
    entries: new Map(entries),
    budgets: new Map(budgets),
    claims: new Map(claims),
    requests: new Map(requests),
    agents: new Map(agents),
    tasks: new Map(tasks),
    sources: new Map(sources),
    holds: new Map(holds),
    alerts: new Map(alerts),
    pauses: new Map(pauses),
    children: new Map(children),
    activity,
    total: state.audit.total,
  };
}

/** Members that are undefined are left out, at any depth, as is an expiry that never comes. */
function plain(item: object): Json {
  const said = Object.entries(item).filter(([, value]) => value !== undefined && value !== Number.POSITIVE_INFINITY);
  const told = (value: unknown): Json =>
    typeof value === "object" && value !== null && !Array.isArray(value) ? plain(value) : (value as Json);
  return Object.fromEntries(said.map(([name, value]) => [name, told(value)]));
}

const parsed = (text: string | undefined): Json => (text === undefined ? undefined : JSON.parse(text));
const isAgent = (name: string): boolean => name !== "system" && !name.startsWith("follow:");

const SHOWN: Readonly<Record<NamedStream, (moment: Moment) => [string, Json][]>> = {
  entries: ({ entries }) =>
    [...entries.values()].map(({ key, value, rev, seq, by, at, expiresAtClock, source }) => [
      key,
      plain({ key, value: parsed(value), rev, seq, by, at, expiresAtClock, source }),
    ]),
  budgets: ({ budgets }) =>
    [...budgets.values()].map(({ saidExhausted, ...budget }) => {
      const { usedTokens, limitTokens } = budget;
      const carried = budget.account?.carriedTokens ?? 0;
      const share = (used: number, limit: number | undefined): number =>
        limit === undefined ? 0 : limit > 0 ? (used / limit) * 100 : used > 0 ? 100 : 0;
      const money = budget.terms?.limitNanoUsd;
      const percentage = Math.max(
        share(usedTokens, limitTokens === undefined ? undefined : limitTokens + carried),
        share(
          budget.account?.nanoUsd ?? 0,
          money === undefined ? undefined : money + (budget.account?.carriedNanoUsd ?? 0),
        ),
      );
      const isExhausted = saidExhausted || limitTokens === 0 || money === 0 || percentage >= 100;
      const status = isExhausted
        ? "exhausted"
        : percentage >= 90
          ? "critical"
          : percentage >= 80
            ? "warning"
            : "active";
      return [budget.task, plain({ ...budget, percentage, status })];
    }),
  agents: ({ agents, activity }) =>
    [...new Set([...agents.keys(), ...activity.keys()])].filter(isAgent).map((name) => {
      const own = agents.get(name);
      const life = activity.get(name);
      const { state, task, trust, namespaces, resources, firstSeenAt } = own ?? {};
      const seen = [own?.lastSeenAt, life?.lastAt].filter((at) => at !== undefined);
      const lastSeenAt = seen.length === 0 ? undefined : Math.max(...seen);
      const seq = Math.max(own?.seq ?? 0, life?.seq ?? 0);
      const facts = { state, task, trust, namespaces, resources, firstSeenAt, lastSeenAt };
      return [name, plain({ agent: name, ...facts, writes: life?.writes ?? 0, seq })];
    }),
  tasks: ({ tasks }) =>
    [...tasks.values()].map((task) => [task.task, plain({ ...task, details: parsed(task.details) })]),
  requests: ({ requests }) =>
    [...requests.values()].map(({ expiresAtClock: _, ...request }) => [
      request.request,
      plain({ ...request, details: parsed(request.details) }),
    ]),
  claims: ({ claims }) => [...claims.values()].map((claim) => [claim.claim, plain(claim)]),
  sources: ({ sources }) => [...sources.values()].map((source) => [source.source, plain(source)]),
  holds: ({ holds }) => [...holds.values()].map((hold) => [hold.hold, plain(hold)]),
  alerts: ({ alerts }) => [...alerts.values()].map((alert) => [alert.alert, plain(alert)]),
  pauses: ({ pauses }) => [...pauses.values()].map((pause) => [pause.pause, plain(pause)]),
};

/** What each named stream of a filter holds at that moment, by name. Entries without a window. */
export function shownAt(moment: Moment, filter: Filter): Readonly<Record<NamedStream, Map<string, Json>>> {
  const streams = NAMED_STREAMS.map((stream) => {
    if (filter[stream] === undefined) return [stream, new Map()];
    const all = SHOWN[stream](moment);
    return [stream, new Map(stream === "entries" ? all.filter(([key]) => asksFor(filter, key)) : all)];
  });
  return Object.fromEntries(streams) as Readonly<Record<NamedStream, Map<string, Json>>>;
}

export function asksFor({ entries }: Filter, key: string): boolean {
  if (entries === undefined || "window" in entries) return false;
  if ("keys" in entries) return entries.keys.includes(key);
  return key.startsWith(entries.prefix ?? "");
}

/** Notes that a filter asks for, as a replica holds them. */
export function notesFor(notes: readonly AuditNote[], { audit }: Filter): { seq: number; note: Json }[] {
  if (audit === undefined) return [];
  const { event, agent, granted } = audit;
  return notes
    .filter((note) => event === undefined || note.event === event)
    .filter((note) => agent === undefined || note.agent === agent)
    .filter((note) => granted === undefined || note.granted === granted)
    .map((note) => ({ seq: note.seq, note: JSON.parse(auditText(note)) }));
}
