// Owns the list of item kinds that live in plain maps, and the members that each consists of, in their canonical order.
// Does not own entries, tombstones, marks and notes, which have forms of their own. Digest and snapshots both read from
// here, so that a member can be in neither or in both, never in one.

import type { Agent, Alert, AuditNote, Budget, Claim, Hold, Pause, Request, Source, Task } from "../protocol/index.ts";
import type { Pace } from "./paces.ts";

export interface ItemOf {
  budgets: Budget;
  claims: Claim;
  requests: Request;
  agents: Agent;
  tasks: Task;
  sources: Source;
  holds: Hold;
  alerts: Alert;
  pauses: Pause;
  paces: Pace;
}
export type Kind = keyof ItemOf;

/** Members in order; it does not compile if one is missing. */
const allOf =
  <T>() =>
  <const F extends readonly (keyof T)[]>(fields: F & (Exclude<keyof T, F[number]> extends never ? unknown : never)) =>
    fields as readonly (keyof T)[];

export const FIELDS: { readonly [K in Kind]: readonly (keyof ItemOf[K])[] } = {
  budgets: allOf<Budget>()([
    "task",
    "seq",
    "at",
    "limitTokens",
    "usedTokens",
    "openedAt",
    "closed",
    "description",
    "saidExhausted",
    "source",
    "lastCharge",
    "terms",
    "account",
  ]),
  claims: allOf<Claim>()(["claim", "seq", "at", "holder", "fence", "expiresAtClock"]),
  requests: allOf<Request>()([
    "request",
    "seq",
    "at",
    "kind",
    "subject",
    "agent",
    "reason",
    "state",
    "openedAt",
    "decidedBy",
    "decisionReason",
    "grantedUntil",
    "expiresAtClock",
    "source",
    "details",
  ]),
  agents: allOf<Agent>()([
    "agent",
    "seq",
    "at",
    "firstSeenAt",
    "lastSeenAt",
    "state",
    "task",
    "trust",
    "namespaces",
    "resources",
  ]),
  tasks: allOf<Task>()(["task", "seq", "at", "status", "details", "source"]),
  sources: allOf<Source>()(["source", "seq", "at", "state", "paused", "detail"]),
  holds: allOf<Hold>()([
    "hold",
    "seq",
    "at",
    "task",
    "agent",
    "by",
    "model",
    "operation",
    "tokens",
    "nanoUsd",
    "state",
    "openedAt",
    "expiresAtClock",
    "spent",
  ]),
  alerts: allOf<Alert>()([
    "alert",
    "seq",
    "at",
    "task",
    "kind",
    "threshold",
    "exhaustsAt",
    "usedTokens",
    "limitTokens",
    "usedNanoUsd",
    "limitNanoUsd",
    "raisedAt",
    "acknowledgedBy",
    "acknowledgedAt",
    "reason",
  ]),
  pauses: allOf<Pause>()(["pause", "seq", "at", "scope", "name", "by", "reason"]),
  paces: allOf<Pace>()(["pace", "seq", "reserves", "tokens"]),
};

/** Members that later rules added at the end: left out of a row where they are undefined, so that old rows stay. */
const ADDED: { readonly [K in Kind]?: number } = { budgets: 2 };

export const KINDS = Object.keys(FIELDS) as readonly Kind[];

export const NOTE_FIELDS = allOf<AuditNote>()([
  "seq",
  "at",
  "event",
  "agent",
  "resource",
  "granted",
  "reason",
  "by",
  "source",
  "details",
]);

/** The row of an item of a kind. */
export function itemRow<K extends Kind>(kind: K, item: ItemOf[K]): unknown[] {
  const row = rowOf<ItemOf[K]>(FIELDS[kind], item);
  for (let added = ADDED[kind] ?? 0; added > 0 && row.at(-1) === undefined; added--) row.pop();
  return row;
}

/** The values of an item's members in order. JSON turns `undefined` and `Infinity` into null; see `itemFrom`. */
export function rowOf<T extends object>(fields: readonly (keyof T)[], item: T): unknown[] {
  return fields.map((field) => item[field]);
}

/** The item of a row that went through JSON. No member is ever null, so null is what JSON could not hold. */
export function itemFrom<T extends object>(fields: readonly (keyof T)[], row: readonly unknown[]): T {
  const item: Partial<Record<keyof T, unknown>> = {};
  for (let i = 0; i < fields.length; i++) {
    const field = fields[i] as keyof T;
    const missing = field === "expiresAtClock" ? Number.POSITIVE_INFINITY : undefined;
    item[field] = row[i] ?? missing;
  }
  return item as T;
}
