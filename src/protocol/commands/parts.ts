// Owns the schema parts that several commands share: names, texts, amounts, times.
// A text member holds JSON as text (JsonText); on the wire it is plain JSON, and the edge cuts it out.

import { z } from "zod";
import type { JsonText } from "../json-text.ts";
import { MAX_AMOUNT } from "../limits.ts";
import { nameSchema } from "../names.ts";

export const name = nameSchema();
export const text = z.custom<JsonText>((value) => typeof value === "string", {
  error: ({ input }) => (input === undefined ? "is missing" : "must be JSON text"),
});
/** Whole tokens, 0 to 2^53-1. */
export const amount = z.number().int().min(0).max(MAX_AMOUNT);
/** Wall time in ms since 1970 (UTC), resolved at the edge. */
export const wallTime = z.number().int().min(0).max(8.64e15);
/** Lifetime in ms, 1 ms to 100 years, counted from the record's board clock. */
export const ttlMs = z
  .number()
  .int()
  .min(1)
  .max(100 * 365 * 86_400_000);
/** Short prose: a reason, a description. */
export const prose = z.string().max(4096);
