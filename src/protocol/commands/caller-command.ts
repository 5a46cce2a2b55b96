// Owns what a caller may send: any command, alone or as a batch. Its JSON values are plain JSON on the wire.
// Does not take what only the engine and followers send: expiry, rules, imported figures, stated times and writers.

import { z } from "zod";
import { agentReportSchema, taskReportSchema } from "./agent.ts";
import { auditNoteSchema } from "./audit.ts";
import { budgetChargeSchema, budgetCloseSchema, budgetLimitSchema, budgetOpenSchema } from "./budget.ts";
import { claimAcquireSchema, claimReleaseSchema, claimRenewSchema } from "./claim.ts";
import { entryDeleteSchema, entryMergeSchema, entryPutSchema } from "./entry.ts";
import { requestCloseSchema, requestDecideSchema, requestOpenSchema } from "./request.ts";

const singles = [
  entryPutSchema.omit({ by: true, at: true }),
  entryMergeSchema,
  entryDeleteSchema.omit({ owned: true }),
  budgetOpenSchema,
  budgetLimitSchema,
  budgetChargeSchema,
  budgetCloseSchema,
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
