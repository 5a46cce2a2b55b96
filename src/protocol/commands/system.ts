// Owns the commands that only the engine itself sends.

import { z } from "zod";
import { amount, name } from "./parts.ts";

/** From this record on, `apply` follows these rules (rule 1). The first record of every board. */
export const rulesChangeSchema = z.object({ type: z.literal("rules.change"), version: z.number().int().min(1) });

/** End what is due by the record's clock, if it is still the one named (rule 6). `rev` is a rev, a fence, or a seq. */
export const itemsExpireSchema = z.object({
  type: z.literal("items.expire"),
  items: z
    .array(z.object({ kind: z.enum(["entry", "claim", "request"]), name, rev: amount }))
    .min(1)
    .max(10_000),
});
