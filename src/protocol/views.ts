// Owns the JSON that readers get: the seed's frame, and agents, requests, tasks and sources as the API lists them.
// Does not own the items themselves (items.ts). Members of the seed's part never change; ours may grow.

import { z } from "zod";

const failed = z.object({ success: z.literal(false), error: z.string() });
const ms = z.number();

export const classicBudgetSchema = z.object({
  task_id: z.string(),
  tokens_used: z.number(),
  budget_limit: z.number(),
  percentage: z.number(),
  status: z.enum(["active", "warning", "critical", "exhausted"]),
  last_updated: z.string(),
});

/** One audit event with the member names that the seed's page reads, whatever file or route it came from. */
export const classicAuditSchema = z.looseObject({
  timestamp: z.string(),
  event: z.string(),
  granted: z.boolean().nullable(),
  agent_id: z.string(),
  resource_type: z.string().nullable(),
  reason: z.string().nullable(),
});

/** What `/ws/blackboard` sends at once and then every 2 s (docs/protocol.md, "Classic"). */
export const classicFrameSchema = z.looseObject({
  timestamp: z.string(),
  blackboard: z.union([
    z.object({ success: z.literal(true), entries: z.record(z.string(), z.unknown()), key_count: z.number() }),
    failed,
  ]),
  budget: z.union([
    z.object({
      success: z.literal(true),
      tasks: z.array(classicBudgetSchema),
      total_used: z.number(),
      total_limit: z.number(),
      global_percentage: z.number(),
    }),
    failed,
  ]),
  audit: z.union([
    z.object({ success: z.literal(true), entries: z.array(classicAuditSchema), total_count: z.number() }),
    failed,
  ]),
});

export const agentViewSchema = z.object({
  agent: z.string(),
  state: z.string().optional(),
  task: z.string().optional(),
  trust: z.number().optional(),
  /** Last sign of life in wall time: a report, a write or an audited event. */
  lastSeenAt: ms.optional(),
  firstSeenAt: ms.optional(),
  /** Records that it wrote on this board. */
  writes: z.number(),
  /** Claims that it holds. */
  claims: z.array(z.string()),
});

export const requestViewSchema = z.object({
  request: z.string(),
  kind: z.enum(["permission", "change"]),
  subject: z.string(),
  agent: z.string(),
  reason: z.string(),
  state: z.enum(["open", "granted", "denied", "closed", "expired"]),
  openedAt: ms,
  decidedBy: z.string().optional(),
  grantedUntil: ms.optional(),
});

export const taskViewSchema = z.object({
  task: z.string(),
  status: z.string().optional(),
  at: ms,
  details: z.unknown().optional(),
});

export const sourceViewSchema = z.object({
  source: z.string(),
  state: z.enum(["ok", "stale", "missing", "error"]),
  paused: z.boolean(),
  detail: z.string(),
  at: ms,
});

export type ClassicFrame = z.infer<typeof classicFrameSchema>;
export type ClassicBudget = z.infer<typeof classicBudgetSchema>;
export type ClassicAudit = z.infer<typeof classicAuditSchema>;
export type AgentView = z.infer<typeof agentViewSchema>;
export type RequestView = z.infer<typeof requestViewSchema>;
export type TaskView = z.infer<typeof taskViewSchema>;
export type SourceView = z.infer<typeof sourceViewSchema>;
