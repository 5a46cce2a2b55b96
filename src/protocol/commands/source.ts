// Owns the commands by which a follower keeps its place (rule 21) and tells how its source fares.

import { z } from "zod";
import { name, prose } from "./parts.ts";

export const sourceReportSchema = z.object({
  type: z.literal("source.report"),
  source: name,
  state: z.enum(["ok", "stale", "missing", "error"]),
  /** The followed workspace says that its swarm is paused. */
  paused: z.boolean().optional(),
  detail: prose.optional(),
});

/** Remember (or, with null, forget) small facts of a source, in the same batch as what they account for. */
export const sourceMarkSchema = z.object({
  type: z.literal("source.mark"),
  source: name,
  marks: z.array(z.tuple([name, z.string().max(4096).nullable()])).max(100_000),
});
