// Owns the route that takes any command, alone or as a batch, as plain JSON.
// Does not take what only the engine and followers send: expiry, rules, imported figures, stated times and writers.

import { z } from "zod";
import { agentReportSchema, taskReportSchema } from "../../protocol/commands/agent.ts";
import { auditNoteSchema } from "../../protocol/commands/audit.ts";
import {
  budgetChargeSchema,
  budgetCloseSchema,
  budgetLimitSchema,
  budgetOpenSchema,
} from "../../protocol/commands/budget.ts";
import { claimAcquireSchema, claimReleaseSchema, claimRenewSchema } from "../../protocol/commands/claim.ts";
import { entryDeleteSchema, entryMergeSchema, entryPutSchema } from "../../protocol/commands/entry.ts";
import { requestCloseSchema, requestDecideSchema, requestOpenSchema } from "../../protocol/commands/request.ts";
import { madeSchema } from "../../protocol/index.ts";
import { type App, boardOf, type Near, send } from "../near.ts";
import { done, doneSchema } from "./answers.ts";
import { boardParams, writeHeaders, writeProblems } from "./parts.ts";

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

/** What a caller may send. Values are plain JSON on the wire. */
export const callerCommandSchema = z.discriminatedUnion("type", [
  ...singles,
  z.object({ type: z.literal("batch"), commands: z.array(z.discriminatedUnion("type", singles)).min(1) }),
]);

export function commandRoutes(app: App, near: Near): void {
  app.route({
    method: "POST",
    url: "/api/v1/boards/:board/commands",
    // A batch of values is larger than one value.
    bodyLimit: near.settings.maxBodyBytes * 4,
    schema: {
      tags: ["commands"],
      summary: "Send a command",
      description:
        'Any command, such as `{"type": "entry.put", "key": "k", "value": {}}`, or `{"type": "batch", "commands": […]}`: all of them, or none. The answer comes when the record is durable and applied.',
      params: boardParams,
      headers: writeHeaders,
      body: callerCommandSchema,
      response: {
        200: doneSchema.extend({ ok: z.literal(true), made: madeSchema, parts: z.array(madeSchema).optional() }),
        ...writeProblems(412),
      },
    },
    async handler(request) {
      const board = await boardOf(near, request.params.board);
      const { accepted } = await send(near, request, board, request.body);
      return {
        ok: true as const,
        ...done(accepted),
        made: accepted.made,
        ...(accepted.parts === undefined ? {} : { parts: accepted.parts }),
      };
    },
  });
}
