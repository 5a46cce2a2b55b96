// Owns the one filter of the audit of records: as a query of addresses, and as what the history is asked. Pages, the live tail and
// exports take it alike. Does not own pages' order or bounds (routes).

import { z } from "zod";
import type { HistoryFilter } from "../../log/index.ts";
import { CODES, singleCommandSchema } from "../../protocol/index.ts";
import { momentOf, pastQuery } from "../routes/parts.ts";

const TYPES: ReadonlySet<string> = new Set(singleCommandSchema.options.map(({ shape }) => shape.type.value));
const text = z.string().max(1000);

export const auditRecordsQuery = {
  actor: text.optional().describe("Only what this one sent."),
  action: text
    .optional()
    .describe("Only commands of this type, such as `entry.put`, or events of this name, such as `permission_granted`."),
  outcome: z
    .string()
    .refine((word) => ["ok", "refused", "repeat"].includes(word) || Object.hasOwn(CODES, word), "is no outcome")
    .optional()
    .describe("`ok`, `refused` (any code), `repeat` (an id that was sent again), or a code such as `rev_mismatch`."),
  key: text.optional().describe("Only what is about this key, task, claim, request, resource or source."),
  prefix: text.optional().describe("Only where that name begins so."),
  task: text.optional().describe("Only what is about this task, or was done for it."),
  agent: text.optional().describe("Only what is about this agent."),
  granted: z.enum(["true", "false"]).optional().describe("Only grants, or only denials."),
  trace: z
    .string()
    .regex(/^[0-9a-f]{32}$/, "is no W3C trace id: 32 hex digits in lower case")
    .optional()
    .describe("Only what belongs to this W3C trace."),
  ...pastQuery,
};

const schema = z.object(auditRecordsQuery);
export type AuditRecordsQuery = z.output<typeof schema>;

/** Every record that the query asks for, refused ones too unless it names an outcome. */
export function auditFilterOf(query: AuditRecordsQuery): HistoryFilter {
  const { action, granted } = query;
  const isType = action !== undefined && TYPES.has(action);
  return {
    actor: query.actor,
    // An event is a note's; states of agents and tasks are no actions.
    type: action === undefined || isType ? action : "audit.note",
    event: isType ? undefined : action,
    outcome: query.outcome ?? "any",
    name: query.key,
    namePrefix: query.prefix,
    task: query.task,
    agent: query.agent,
    granted: granted === undefined ? undefined : granted === "true",
    trace: query.trace,
    since: momentOf(query.from),
    until: momentOf(query.to),
    text: query.q,
  };
}
