// Owns the union of all commands, and which member of each holds JSON text.

import { z } from "zod";
import { agentReportSchema, taskReportSchema } from "./agent.ts";
import { auditNoteSchema } from "./audit.ts";
import {
  budgetChangeSchema,
  budgetChargeSchema,
  budgetCloseSchema,
  budgetLimitSchema,
  budgetMirrorSchema,
  budgetMoveSchema,
  budgetOpenSchema,
  budgetUnmirrorSchema,
} from "./budget.ts";
import { claimAcquireSchema, claimReleaseSchema, claimRenewSchema } from "./claim.ts";
import { entryDeleteSchema, entryMergeSchema, entryPutSchema } from "./entry.ts";
import { budgetReserveSchema, holdExtendSchema, holdReleaseSchema, holdSettleSchema } from "./hold.ts";
import { requestCloseSchema, requestDecideSchema, requestOpenSchema } from "./request.ts";
import { sourceMarkSchema, sourceReportSchema } from "./source.ts";
import { alertAcknowledgeSchema, pauseClearSchema, pauseSetSchema } from "./steer.ts";
import { budgetProjectSchema, budgetResetSchema, itemsExpireSchema, rulesChangeSchema } from "./system.ts";

export const singleCommandSchema = z.discriminatedUnion("type", [
  entryPutSchema,
  entryMergeSchema,
  entryDeleteSchema,
  budgetOpenSchema,
  budgetLimitSchema,
  budgetChangeSchema,
  budgetMoveSchema,
  budgetChargeSchema,
  budgetCloseSchema,
  budgetMirrorSchema,
  budgetUnmirrorSchema,
  budgetReserveSchema,
  holdSettleSchema,
  holdExtendSchema,
  holdReleaseSchema,
  pauseSetSchema,
  pauseClearSchema,
  alertAcknowledgeSchema,
  claimAcquireSchema,
  claimRenewSchema,
  claimReleaseSchema,
  requestOpenSchema,
  requestDecideSchema,
  requestCloseSchema,
  agentReportSchema,
  taskReportSchema,
  auditNoteSchema,
  sourceReportSchema,
  sourceMarkSchema,
  rulesChangeSchema,
  itemsExpireSchema,
  budgetResetSchema,
  budgetProjectSchema,
]);

/** Several commands as one record: all are applied, or none. A batch holds no batch. */
export const batchSchema = z.object({
  type: z.literal("batch"),
  commands: z.array(singleCommandSchema).min(1).max(10_000),
});

export const commandSchema = z.discriminatedUnion("type", [...singleCommandSchema.options, batchSchema]);

export type SingleCommand = z.infer<typeof singleCommandSchema>;
export type Batch = z.infer<typeof batchSchema>;
export type Command = SingleCommand | Batch;
export type CommandType = Command["type"];
/** The command of one type, such as `CommandOf<"entry.put">`. */
export type CommandOf<T extends CommandType> = Extract<Command, { type: T }>;

/** The member of a command that holds JSON as text; commands not listed have none. */
export const TEXT_MEMBER: { readonly [T in CommandType]?: string } = {
  "entry.put": "value",
  "entry.merge": "patch",
  "request.open": "details",
  "task.report": "details",
  "audit.note": "details",
};
