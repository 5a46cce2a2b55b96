// Owns the commands by which people stop and mind spending: pauses, and alerts that somebody has seen.

import { z } from "zod";
import { name, prose } from "./parts.ts";

const scope = {
  /** `board` has no name; a `task` is paused with everything below its budget. */
  scope: z.enum(["board", "task", "agent"]),
  name: name.optional(),
};

/** From now on reserves of this scope are refused with `paused`. What is held may still be settled. */
export const pauseSetSchema = z.object({ type: z.literal("pause.set"), ...scope, reason: prose.optional() });
export const pauseClearSchema = z.object({ type: z.literal("pause.clear"), ...scope });

/** Somebody has seen an alert and minds it. */
export const alertAcknowledgeSchema = z.object({
  type: z.literal("alert.acknowledge"),
  alert: name,
  reason: prose.optional(),
});
