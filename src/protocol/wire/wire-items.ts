// Owns the items as a session tells them (docs/protocol.md, W-SYNC-9). Members may be added, never changed.
// Does not own the fold's own items (items.ts), or how their texts are made (feed/item-texts).

import { z } from "zod";
import { budgetPolicySchema, budgetRateSchema, budgetWindowSchema, unknownModelSchema } from "../commands/budget.ts";
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
};

export const wireEntrySchema = z.object({ ...entryFacts, value: z.unknown() });
export const entryPatchSchema = z.object({ ...entryFacts, base: seq, patch: z.unknown() });

const nanoUsd = z.number().describe("Integer nano-USD: 10^-9 US dollars.");

/** What an owner set of a budget. Absent on a budget that was never changed since before there were terms: the defaults hold. */
export const wireBudgetTermsSchema = z.object({
  parent: z.string().optional(),
  limitNanoUsd: nanoUsd.optional(),
  policy: budgetPolicySchema,
  overdraftTokens: z.number(),
  overdraftNanoUsd: nanoUsd,
  unknownModel: unknownModelSchema,
  window: z.object(budgetWindowSchema.shape).optional(),
  thresholds: z.array(z.number()),
  maxHolds: z.number().optional(),
  maxReserveTokens: z.number().optional(),
  maxReserveNanoUsd: nanoUsd.optional(),
  rate: z.object(budgetRateSchema.shape).optional(),
  ratePerAgent: z.object(budgetRateSchema.shape).optional(),
});

/** Figures of a budget besides `usedTokens`, those of its children too. */
export const wireBudgetAccountSchema = z.object({
  nanoUsd: nanoUsd.describe("Spent since the window began, in nano-USD."),
  everTokens: z.number(),
  everNanoUsd: nanoUsd,
  usage: z.object({
    input: z.number(),
    output: z.number(),
    cacheRead: z.number(),
    cacheWrite: z.number(),
    reasoning: z.number(),
  }),
  unpricedTokens: z.number().describe("Tokens of models without a known price: not free, but not counted in money."),
  heldTokens: z.number(),
  heldNanoUsd: nanoUsd,
  holds: z.number(),
  carriedTokens: z.number(),
  carriedNanoUsd: nanoUsd,
  window: z.object({ startsAt: ms, endsAt: ms }).optional(),
  raised: z.array(z.number()),
  exhaustsAt: ms.optional(),
});

export const wireBudgetSchema = z.object({
  task: z.string(),
  usedTokens: z.number(),
  limitTokens: z.number().optional().describe("Absent: tokens are counted, not limited."),
  percentage: z.number().describe("The fuller of tokens and money, in percent of the limit."),
  status: z.enum(["active", "warning", "critical", "exhausted"]),
  closed: z.boolean(),
  openedAt: ms,
  description: z.string(),
  lastCharge: z
    .object({
      tokens: z.number(),
      agent: z.string(),
      reason: z.string(),
      nanoUsd: z.number().optional(),
      model: z.string().optional(),
    })
    .optional(),
  terms: wireBudgetTermsSchema.optional(),
  account: wireBudgetAccountSchema.optional(),
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

export const wireHoldSchema = z.object({
  hold: z.string(),
  task: z.string().describe("The budget that it was reserved in."),
  agent: z.string(),
  by: z.string().describe("The actor that reserved."),
  model: z.string().optional(),
  operation: z.string().optional(),
  tokens: z.number(),
  nanoUsd: nanoUsd.optional(),
  state: z.enum(["open", "settled", "released", "expired"]),
  openedAt: ms,
  expiresAtClock: ms.optional().describe("Board clock at which it ends; absent once it has."),
  spent: z.object({ tokens: z.number(), nanoUsd: nanoUsd.optional() }).optional(),
  seq,
  at: ms,
});

export const wireAlertSchema = z.object({
  alert: z.string(),
  task: z.string(),
  kind: z.enum(["threshold", "projected"]),
  threshold: z.number().optional(),
  exhaustsAt: ms.optional(),
  usedTokens: z.number(),
  limitTokens: z.number().optional(),
  usedNanoUsd: nanoUsd,
  limitNanoUsd: nanoUsd.optional(),
  raisedAt: ms,
  acknowledgedBy: z.string().optional(),
  acknowledgedAt: ms.optional(),
  reason: z.string().optional(),
  seq,
  at: ms,
});

export const wirePauseSchema = z.object({
  pause: z.string().describe("`board`, `task:<name>` or `agent:<name>`."),
  scope: z.enum(["board", "task", "agent"]),
  name: z.string().optional(),
  by: z.string(),
  reason: z.string(),
  seq,
  at: ms,
});

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
export type WireHold = z.infer<typeof wireHoldSchema>;
export type WireAlert = z.infer<typeof wireAlertSchema>;
export type WirePause = z.infer<typeof wirePauseSchema>;
export type WireNote = z.infer<typeof wireNoteSchema>;
