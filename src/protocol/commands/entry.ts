// Owns the commands that change entries. Does not own their verdicts: see board/entries.

import { z } from "zod";
import { amount, name, text, ttlMs, wallTime } from "./parts.ts";

/** Compare-and-set: on the entry's revision, or on there being none. */
export const conditionSchema = z.union([
  z.object({ rev: amount }).strict(),
  z.object({ absent: z.literal(true) }).strict(),
]);

/** Set an entry's whole value. Without `ttlMs` the entry stays until deleted (an earlier TTL is dropped). */
export const entryPutSchema = z.object({
  type: z.literal("entry.put"),
  key: name,
  value: text,
  ttlMs: ttlMs.optional(),
  if: conditionSchema.optional(),
  /** Writer and time as an imported file states them; by default the actor and time of the record. */
  by: name.optional(),
  at: wallTime.optional(),
});

/** Merge a patch into the value as RFC 7396 says; an absent entry counts as `{}`. Keeps the TTL unless given. */
export const entryMergeSchema = z.object({
  type: z.literal("entry.merge"),
  key: name,
  patch: text,
  ttlMs: ttlMs.optional(),
  if: conditionSchema.optional(),
});

/** Delete an entry. `owned` limits it to an entry that still belongs to the record's source (rule 20). */
export const entryDeleteSchema = z.object({
  type: z.literal("entry.delete"),
  key: name,
  if: conditionSchema.optional(),
  owned: z.literal(true).optional(),
});
