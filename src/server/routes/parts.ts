// Owns the schema parts that several routes share. Does not own the answers' texts (views/).

import { STATUS_CODES } from "node:http";
import { z } from "zod";
import { MOST_PARTS } from "../../log/index.ts";
import { text as jsonText } from "../../protocol/commands/parts.ts";
import { problemSchema } from "../../protocol/index.ts";

export const boardParams = z.object({ board: z.string().describe("Name of the board.") });

/** Any JSON; in requests cut out as text, in answers spliced in. */
export const jsonValue = jsonText;

export const epochAndSeq = {
  epoch: z.string(),
  seq: z.number().int().describe("Position of the last record that is in this answer."),
};

export const entrySchema = z
  .object({
    key: z.string(),
    value: z.unknown().describe("Any JSON, byte for byte as it was written."),
    rev: z.number().int().describe("Version of this key. Send it as If-Match to write only over this one."),
    seq: z.number().int(),
    by: z.string().describe("Who wrote it."),
    at: z.number().describe("Wall time in ms."),
    ttlLeftMs: z.number().optional(),
    source: z.string().optional().describe("The followed source that owns it."),
    erased: z.literal(true).optional().describe("The value was erased: it reads as null."),
  })
  .meta({ id: "Entry" });

/** Refusals of a route: one response per status, all problems. */
export function problems(...statuses: readonly number[]) {
  const all = new Set([400, 403, 503, ...statuses]);
  return Object.fromEntries(Array.from(all, (status) => [status, problemAnswer(status)])) as Record<
    number,
    ReturnType<typeof problemAnswer>
  >;
}

const problemAnswer = (status: number) => ({
  description: STATUS_CODES[status] ?? "Refused",
  content: { "application/problem+json": { schema: problemSchema } },
});

/** What a write may meet besides: no board, a bad media type, a large body, a full log. */
export const writeProblems = (...statuses: readonly number[]) => problems(404, 409, 413, 415, 422, 507, ...statuses);

export const writeHeaders = z.object({
  "x-swarmboard-agent": z.string().optional().describe("Name of the writer, in UTF-8. Default: anonymous."),
  "x-swarmboard-task": z.string().optional().describe("The task that it is done for, in UTF-8: kept with the record."),
  traceparent: z
    .string()
    .optional()
    .describe("W3C Trace Context: the trace and span are kept with the record. One that is not valid is passed over."),
  "idempotency-key": z
    .string()
    .optional()
    .describe(
      "Id of this command, 1 to 255 visible ASCII characters: sent again, it gives the first outcome and the header `Idempotency-Replayed: true`.",
    ),
});

export const readHeaders = z.object({
  "if-none-match": z.string().optional().describe("An ETag of an earlier answer: 304 if it still holds."),
});

export const limitQuery = z.coerce.number().int().min(1).max(1000);

/** Whether a place ends with a part that a record may have. */
export const hasPart = (place: string): boolean => Number(place.slice(place.lastIndexOf(".") + 1)) < MOST_PARTS;

/** Where the next page of something in the past begins. */
export const cursorQuery = z
  .string()
  .regex(/^\d{1,12}\.\d{1,5}$/, "is no `next` of a page")
  .refine(hasPart, "is no `next` of a page")
  .optional();

const NO_MOMENT = "is no moment: send ms since 1970, or ISO 8601 such as 2026-11-22T20:30:00Z";
const moment = z
  .string()
  .regex(/^(\d{1,15}|\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d))?)$/, NO_MOMENT)
  .refine((text) => Number.isFinite(momentOf(text)), NO_MOMENT)
  .optional();

/** What may be asked of anything in the past. */
export const pastQuery = {
  from: moment.describe("Only from this moment on: ms since 1970, or ISO 8601 such as 2026-11-22T20:30:00Z."),
  to: moment.describe("Only up to and with this moment."),
  q: z
    .string()
    .max(1000)
    .optional()
    .describe("Only where names, events or reasons hold all these words; the last may be a beginning."),
};

/** A moment of a query in ms. A day alone is its beginning in UTC. */
export function momentOf(text: string): number;
export function momentOf(text: string | undefined): number | undefined;
export function momentOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : /^\d+$/.test(text) ? Number(text) : Date.parse(text);
}
