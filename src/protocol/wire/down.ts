// Owns what a server sends over a session: results and pushes (docs/protocol.md, sections 3 to 10).
// Does not own who gets what (feed/). A client that meets a member or a push it does not know ignores it (W-VER-1).

import { z } from "zod";
import { madeSchema } from "../outcome.ts";
import {
  entryPatchSchema,
  wireAgentSchema,
  wireBudgetSchema,
  wireClaimSchema,
  wireEntrySchema,
  wireNoteSchema,
  wireRequestSchema,
  wireHoldSchema,
  wireAlertSchema,
  wirePauseSchema,
  wireSourceSchema,
  wireTaskSchema,
} from "./wire-items.ts";

const ms = z.number();
const seq = z.number().int();
const sub = z.string();

export const RESET_REASONS = ["start", "epoch", "filter", "ahead", "unreadable", "forgotten"] as const;
const resetReason = z.enum(RESET_REASONS);
export type ResetReason = z.infer<typeof resetReason>;

const stream = <T extends z.ZodType>(item: T) =>
  z.object({ put: z.array(item).optional(), del: z.array(z.string()).optional(), all: z.literal(true).optional() });

const windowRowsSchema = z.object({
  from: z.number().int(),
  total: z.number().int(),
  /** A row, or a run `[a,b]` of rows that were in the window before. */
  rows: z.array(z.union([wireEntrySchema, z.tuple([z.number().int(), z.number().int()])])),
  whole: z.literal(true).optional(),
  /** On a later page of the same sync: these rows follow those of the page before. */
  append: z.literal(true).optional(),
  approximate: z.literal(true).optional(),
});

export const syncSchema = z.object({
  sub,
  from: seq,
  /** Absent on pages with `more`. */
  to: seq.optional(),
  more: z.literal(true).optional(),
  reset: resetReason.optional(),
  entries: stream(wireEntrySchema)
    .extend({
      patch: z.array(entryPatchSchema).optional(),
      window: windowRowsSchema.optional(),
      /** There are so many that none are told (`atMost`). */
      over: z.number().int().optional(),
    })
    .optional(),
  budgets: stream(wireBudgetSchema).optional(),
  agents: stream(wireAgentSchema).optional(),
  tasks: stream(wireTaskSchema).optional(),
  requests: stream(wireRequestSchema).optional(),
  claims: stream(wireClaimSchema).optional(),
  sources: stream(wireSourceSchema).optional(),
  holds: stream(wireHoldSchema).optional(),
  alerts: stream(wireAlertSchema).optional(),
  pauses: stream(wirePauseSchema).optional(),
  audit: z
    .object({
      add: z.array(wireNoteSchema).optional(),
      missed: z.object({ count: z.number().int(), from: seq, to: seq }).optional(),
      /** On the last page; one with `more` may leave it out. */
      total: z.number().int().optional(),
    })
    .optional(),
});

export const subscribedSchema = z.object({
  sub,
  position: z.object({ epoch: z.string(), seq }),
  resume: z.string(),
  clock: ms,
  reset: resetReason.optional(),
});

export const welcomeSchema = z.object({
  protocol: z.string(),
  revision: z.number().int(),
  server: z.string(),
  session: z.string(),
  agent: z.string(),
  role: z.string(),
  at: ms,
  beatMs: ms,
  limits: z.record(z.string(), z.number()),
});

export const beatSchema = z.object({
  at: ms,
  boards: z.record(z.string(), z.object({ seq, clock: ms, unwritable: z.string().optional() })),
});

export const drainSchema = z.object({ afterMs: ms, spreadMs: ms });

export const commandResultSchema = z.object({
  seq,
  made: madeSchema,
  parts: z.array(madeSchema).optional(),
  duplicate: z.boolean().optional(),
});

/** Pushes by their method. */
export const PUSHES = { welcome: welcomeSchema, sync: syncSchema, beat: beatSchema, drain: drainSchema } as const;

/** Results by the request that they answer. */
export const RESULTS = {
  subscribe: subscribedSchema,
  window: z.object({ sub }),
  unsubscribe: z.object({ sub }),
  command: commandResultSchema,
  authenticate: z.object({ role: z.string() }),
  ping: z.object({ at: ms }),
} as const;

/** The answer of a long poll (W-HTTP-2). */
export const pollAnswerSchema = z.object({
  open: subscribedSchema.extend({ beatMs: ms }),
  syncs: z.array(syncSchema),
  beat: beatSchema,
  cursor: z.string(),
});

export type Sync = z.infer<typeof syncSchema>;
export type WindowRows = z.infer<typeof windowRowsSchema>;
export type Subscribed = z.infer<typeof subscribedSchema>;
export type Welcome = z.infer<typeof welcomeSchema>;
export type Beat = z.infer<typeof beatSchema>;
export type Drain = z.infer<typeof drainSchema>;
export type CommandResult = z.infer<typeof commandResultSchema>;
export type PollAnswer = z.infer<typeof pollAnswerSchema>;
