// Owns the small answers that several routes give. Does not own refusals (problem.ts).

import { z } from "zod";

/** An answer without a body. */
export const empty = z.undefined().describe("No body.");

/** What a write is answered with where there is nothing more to say than that it is durable. */
export const doneSchema = z
  .object({
    seq: z.number().int().describe("Position of its record, which is durable."),
    duplicate: z.boolean().optional().describe("The id was seen before: nothing was done again."),
  })
  .meta({ id: "Done" });

export function done(accepted: { seq: number; duplicate?: boolean | undefined }): z.infer<typeof doneSchema> {
  return { seq: accepted.seq, ...(accepted.duplicate === true ? { duplicate: true } : {}) };
}
