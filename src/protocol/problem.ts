// Owns the shape of a refusal as callers are told it, over HTTP (RFC 9457) and in a session's errors (W-CMD-1).
// Does not own the codes (codes.ts), or how one is made.

import { z } from "zod";

export const problemSchema = z
  .object({
    type: z.string().describe("`urn:swarmboard:code:<code>`"),
    title: z.string().describe("What the code means."),
    status: z.number().int(),
    detail: z.string().describe("This case, or what to do."),
    code: z.string().describe("The code, from docs/errors.md. Programs read this."),
    retry: z
      .enum(["same", "later", "no"])
      .describe("`same`: send it again with the same id. `later`: after a pause. `no`: change something first."),
    facts: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])).optional(),
    errors: z.array(z.object({ at: z.string(), message: z.string() })).optional(),
    seq: z.number().int().optional().describe("Position of the record of the refusal, where there is one."),
  })
  .meta({ id: "Problem", description: "A refusal (RFC 9457)." });

export type Problem = z.infer<typeof problemSchema>;
