// Owns what a client sends over a session: the parameters of each request and notification (docs/protocol.md, W-CONN-5).
// Does not own commands' texts: `command` is cut out of the message as it came, so that values keep their bytes (rule 19).

import { z } from "zod";
import { callerCommandSchema } from "../commands/caller-command.ts";
import { name } from "../commands/parts.ts";
import { boardNameSchema } from "../names.ts";
import { asksSomething, filterShape, NOTHING_ASKED, rowCount, rowNumber, searchText } from "./filter.ts";
import { DEFAULT_RATE_MS, MAX_RATE_MS } from "./session-limits.ts";

const sub = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, "is 1 to 64 of A-Z a-z 0-9 _ -");
const count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

export const rateMsSchema = z.number().int().min(0).max(MAX_RATE_MS).default(DEFAULT_RATE_MS);
export const cursorTextSchema = z.string().min(1).max(200);

export const subscribeSchema = z
  .strictObject({
    sub,
    board: boardNameSchema,
    ...filterShape,
    cursor: cursorTextSchema.optional(),
    rateMs: rateMsSchema,
  })
  .refine(asksSomething, NOTHING_ASKED);

export const windowMoveSchema = z.strictObject({
  sub,
  from: rowNumber,
  count: rowCount,
  search: searchText.optional(),
});
export const unsubscribeSchema = z.strictObject({ sub });
export const authenticateSchema = z.strictObject({ token: z.string().min(1).max(8192) });
export const pingSchema = z.strictObject({});
export const ackSchema = z.strictObject({ syncs: count });

/** Read with the values of `command` as text. The id is what `Idempotency-Key` is over HTTP. */
export const commandRequestSchema = z.strictObject({
  board: boardNameSchema,
  id: z
    .string()
    .regex(/^[\x21-\x7e]{1,255}$/, "must be 1 to 255 visible ASCII characters")
    .optional(),
  command: callerCommandSchema,
  /** A W3C `traceparent`: kept with the record. One that is not valid is passed over. */
  trace: z.string().max(512).optional(),
  /** The task that it is done for: kept with the record. */
  task: name.optional(),
});

export type Subscribe = z.output<typeof subscribeSchema>;
export type SubscribeInput = z.input<typeof subscribeSchema>;
export type WindowMove = z.output<typeof windowMoveSchema>;

/** Requests by their method; `command` besides, whose parameters hold text. */
export const UP = {
  subscribe: subscribeSchema,
  window: windowMoveSchema,
  unsubscribe: unsubscribeSchema,
  authenticate: authenticateSchema,
  ping: pingSchema,
  ack: ackSchema,
} as const;
