// Owns the items as a session tells them (docs/protocol.md, W-SYNC-9). Members may be added, never changed.
// Does not own the fold's own items (items.ts), or how their texts are made (feed/item-texts).

import { z } from "zod";
import { agentViewSchema, requestViewSchema, sourceViewSchema, taskViewSchema } from "../views.ts";

const ms = z.number();
const seq = z.number().int();

const entryFacts = {
  key: z.string(),
  rev: seq,
  seq,
  by: z.string(),
  at: ms,
  /** Board clock in ms; the subscription's `clock` and every beat say what it is now. */
  expiresAtClock: ms.optional(),
  source: z.string().optional(),
  /** The value was erased: it is null, and stays so until the key is written anew. */
  erased: z.literal(true).optional(),
};

export const wireEntrySchema = z.object({ ...entryFacts, value: z.unknown() });
export const entryPatchSchema = z.object({ ...entryFacts, base: seq, patch: z.unknown() });

export const wireBudgetSchema = z.object({
  task: z.string(),
  usedTokens: z.number(),
  limitTokens: z.number(),
  percentage: z.number(),
  status: z.enum(["active", "warning", "critical", "exhausted"]),
  closed: z.boolean(),
  openedAt: ms,
  description: z.string(),
  lastCharge: z.object({ tokens: z.number(), agent: z.string(), reason: z.string() }).optional(),
  source: z.string().optional(),
  seq,
  at: ms,
});

export const wireAgentSchema = agentViewSchema.omit({ claims: true }).extend({
  namespaces: z.array(z.string()).optional(),
  resources: z.array(z.string()).optional(),
  seq,
});

export const wireTaskSchema = taskViewSchema.extend({ source: z.string().optional(), seq });

export const wireRequestSchema = requestViewSchema.extend({
  decisionReason: z.string().optional(),
  details: z.unknown().optional(),
  source: z.string().optional(),
  seq,
  at: ms,
});

export const wireClaimSchema = z.object({
  claim: z.string(),
  holder: z.string().optional(),
  fence: z.number(),
  expiresAtClock: ms.optional(),
  seq,
  at: ms,
});

export const wireSourceSchema = sourceViewSchema.extend({ seq });

/** A note under the names of the seed's page, with whatever its source said besides. */
export const wireNoteSchema = z.object({ seq, note: z.record(z.string(), z.unknown()) });

export type WireEntry = z.infer<typeof wireEntrySchema>;
export type EntryPatch = z.infer<typeof entryPatchSchema>;
export type WireBudget = z.infer<typeof wireBudgetSchema>;
export type WireAgent = z.infer<typeof wireAgentSchema>;
export type WireTask = z.infer<typeof wireTaskSchema>;
export type WireRequest = z.infer<typeof wireRequestSchema>;
export type WireClaim = z.infer<typeof wireClaimSchema>;
export type WireSource = z.infer<typeof wireSourceSchema>;
export type WireNote = z.infer<typeof wireNoteSchema>;
