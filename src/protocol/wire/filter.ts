// Owns what a subscription may ask for: the streams of a board and what of each (docs/protocol.md, W-SUB-2, W-WIN-1).
// Does not own what is told of it (down.ts).

import { z } from "zod";
import { name } from "../commands/parts.ts";
import { AUDIT_TAIL_COUNT } from "../limits.ts";
import { SESSION_LIMITS } from "./session-limits.ts";

const rowNumber = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const rowCount = z.number().int().min(1).max(SESSION_LIMITS.windowRows);
const keyPart = z.string().max(512).describe("Text that keys begin with, or hold.");
const searchText = z.string().max(200);

export const windowSchema = z.strictObject({
  sort: z.enum(["key", "changed"]).default("key"),
  from: rowNumber.default(0),
  count: rowCount,
  prefix: keyPart.optional(),
  search: searchText.optional(),
});

const entriesFilterSchema = z.union([
  z.strictObject({ window: windowSchema }),
  z.strictObject({ keys: z.array(name).min(1).max(SESSION_LIMITS.keys) }),
  z.strictObject({ prefix: keyPart.optional(), atMost: rowNumber.optional() }),
]);

const auditFilterSchema = z.strictObject({
  event: name.optional(),
  agent: name.optional(),
  granted: z.boolean().optional(),
  tail: z.number().int().min(0).max(AUDIT_TAIL_COUNT).default(0),
});

const whole = z.literal(true).optional();

export const filterShape = {
  entries: entriesFilterSchema.optional(),
  budgets: whole,
  agents: whole,
  tasks: whole,
  requests: whole,
  claims: whole,
  sources: whole,
  holds: whole,
  alerts: whole,
  pauses: whole,
  audit: auditFilterSchema.optional(),
};

/** Streams of items by name that are told whole; entries and audit have filters of their own. */
export const ITEM_STREAMS = [
  "budgets",
  "agents",
  "tasks",
  "requests",
  "claims",
  "sources",
  "holds",
  "alerts",
  "pauses",
] as const;
export type ItemStream = (typeof ITEM_STREAMS)[number];

const asksSomething = (filter: object): boolean => Object.keys(filterShape).some((stream) => stream in filter);
const NOTHING_ASKED =
  "names no stream: give at least one of entries, budgets, agents, tasks, requests, claims, sources, holds, alerts, pauses, audit";

export const filterSchema = z.strictObject(filterShape).refine(asksSomething, NOTHING_ASKED);

export type Filter = z.output<typeof filterSchema>;
export type FilterInput = z.input<typeof filterSchema>;
export type WindowSpec = z.output<typeof windowSchema>;
export type EntriesFilter = NonNullable<Filter["entries"]>;
export type AuditFilter = NonNullable<Filter["audit"]>;

export { asksSomething, NOTHING_ASKED, rowCount, rowNumber, searchText };
