// Owns what a caller may send: any command, alone or as a batch. Its JSON values are plain JSON on the wire.
// Does not take what only the engine and followers send: expiry, rules, imported figures, stated times and writers.

import { z } from "zod";
import { agentReportSchema, taskReportSchema } from "./agent.ts";
import { auditNoteSchema } from "./audit.ts";
import {
  budgetChangeSchema,
  budgetChargeSchema,
  budgetCloseSchema,
  budgetLimitSchema,
  budgetMoveSchema,
  budgetOpenSchema,
  callerUsageSchema,
} from "./budget.ts";
import { claimAcquireSchema, claimReleaseSchema, claimRenewSchema } from "./claim.ts";
import { entryDeleteSchema, entryMergeSchema, entryPutSchema } from "./entry.ts";
import { budgetReserveSchema, holdExtendSchema, holdReleaseSchema, holdSettleSchema } from "./hold.ts";
import { amount } from "./parts.ts";
import { requestCloseSchema, requestDecideSchema, requestOpenSchema } from "./request.ts";
import { alertAcknowledgeSchema, pauseClearSchema, pauseSetSchema } from "./steer.ts";

/** The edge finds the price (rule 2). */
const resolved = { price: true, unpriced: true } as const;
const usage = { usage: callerUsageSchema.optional() } as const;

const singles = [
  entryPutSchema.omit({ by: true, at: true }),
  entryMergeSchema,
  entryDeleteSchema.omit({ owned: true }),
  budgetOpenSchema,
  budgetLimitSchema,
  budgetChangeSchema,
  budgetMoveSchema,
  budgetChargeSchema.omit(resolved).extend({ tokens: amount.optional(), ...usage }),
  budgetCloseSchema,
  budgetReserveSchema.omit(resolved).extend(usage),
  holdSettleSchema.omit(resolved).extend(usage),
  holdExtendSchema.omit(resolved).extend(usage),
  holdReleaseSchema,
  pauseSetSchema,
  pauseClearSchema,
  alertAcknowledgeSchema,
  claimAcquireSchema,
  claimRenewSchema,
  claimReleaseSchema,
  requestOpenSchema.omit({ at: true }),
  requestDecideSchema,
  requestCloseSchema,
  agentReportSchema,
  taskReportSchema.omit({ at: true }),
  auditNoteSchema.omit({ at: true }),
] as const;

export const callerCommandSchema = z.discriminatedUnion("type", [
  ...singles,
  z.object({ type: z.literal("batch"), commands: z.array(z.discriminatedUnion("type", singles)).min(1) }),
]);

/** A command as a caller states it: amounts may be missing that the edge fills in. */
export type CallerCommand = z.infer<typeof callerCommandSchema>;
