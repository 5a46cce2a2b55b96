// Owns what a sender is told of a command: accepted with what it made, or rejected with a code.
// Does not own how it is delivered.

import { z } from "zod";
import { CODES, type Code } from "./codes.ts";

const codeSchema = z.enum(Object.keys(CODES) as [Code, ...Code[]]);

/** What an accepted command made: only the members that its kind has. */
export const madeSchema = z.object({
  /** entry.put, entry.merge, entry.delete: the entry's new revision. */
  rev: z.number().int().optional(),
  /** claim.acquire, claim.renew: the fencing number to present to what the claim protects. */
  fence: z.number().int().optional(),
  /** claim.acquire, claim.renew, budget.reserve, hold.extend, entry.put with a TTL: board clock in ms at which it expires. */
  expiresAtClock: z.number().int().optional(),
  /** budget.reserve: the name of the hold, to settle, extend or release. */
  hold: z.string().optional(),
  /** hold.settle: true where the hold had ended already, so that a charge was made of it (rule 6). */
  late: z.boolean().optional(),
});
export type Made = z.infer<typeof madeSchema>;

const acceptedSchema = z.object({
  ok: z.literal(true),
  /** The record's position; for a repeated id, that of the first. */
  seq: z.number().int(),
  /** True when the id was seen before and nothing was applied again. */
  duplicate: z.boolean().optional(),
  made: madeSchema,
  /** batch: what each command made, in order. */
  parts: z.array(madeSchema).optional(),
});

const rejectedSchema = z.object({
  ok: z.literal(false),
  /** Position of the record of the refusal; absent where none was written. */
  seq: z.number().int().optional(),
  duplicate: z.boolean().optional(),
  code: codeSchema,
  /** Facts about this case, such as the current `rev` or `holder`. Short: at most 2 KiB as JSON. */
  detail: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])).optional(),
});

export const outcomeSchema = z.discriminatedUnion("ok", [acceptedSchema, rejectedSchema]);
export type Accepted = z.infer<typeof acceptedSchema>;
export type Rejected = z.infer<typeof rejectedSchema>;
export type Outcome = Accepted | Rejected;
export type Detail = NonNullable<Rejected["detail"]>;
