// Owns what the fold says it changed: names only, never values, because state conflates (law L5).

import { z } from "zod";

export const changeSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("entry.changed"), name: z.string() }),
  z.object({ type: z.literal("entry.deleted"), name: z.string(), expired: z.boolean() }),
  z.object({ type: z.literal("budget.changed"), name: z.string() }),
  z.object({ type: z.literal("claim.changed"), name: z.string() }),
  z.object({ type: z.literal("request.changed"), name: z.string() }),
  z.object({ type: z.literal("agent.changed"), name: z.string() }),
  z.object({ type: z.literal("task.changed"), name: z.string() }),
  z.object({ type: z.literal("source.changed"), name: z.string() }),
  z.object({ type: z.literal("hold.changed"), name: z.string() }),
  z.object({ type: z.literal("alert.changed"), name: z.string() }),
  z.object({ type: z.literal("pause.changed"), name: z.string() }),
  z.object({ type: z.literal("audit.added"), name: z.string() }),
]);
export type Change = z.infer<typeof changeSchema>;
