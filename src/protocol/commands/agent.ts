// Owns the commands that tell of agents and tasks. Nothing here grants anything: trust is shown, not enforced.

import { z } from "zod";
import { name, prose, text, wallTime } from "./parts.ts";

/** What is known of an agent. Members left out stay as they are; `null` clears. */
export const agentReportSchema = z.object({
  type: z.literal("agent.report"),
  agent: name,
  /** When it was last seen alive; left out where the report does not show that (a trust table). */
  seenAt: wallTime.optional(),
  state: prose.nullable().optional(),
  task: name.nullable().optional(),
  /** 0 to 1. */
  trust: z.number().min(0).max(1).nullable().optional(),
  namespaces: z.array(name).max(256).optional(),
  resources: z.array(name).max(256).optional(),
});

/** What is known of a task besides its budget: its status and, as text, its handoffs and artifacts. */
export const taskReportSchema = z.object({
  type: z.literal("task.report"),
  task: name,
  status: prose.nullable().optional(),
  details: text.optional(),
  at: wallTime.optional(),
});
