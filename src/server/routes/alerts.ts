// Owns the REST routes of alerts: which were raised, and minding one. Does not own who else is told (webhooks).

import { z } from "zod";
import { alertAcknowledgeSchema } from "../../protocol/commands/steer.ts";
import { wireAlertSchema } from "../../protocol/index.ts";
import { type App, boardOf, checkedName, type Near, notModified, send, sendNothing } from "../near.ts";
import { done, doneSchema, empty } from "./answers.ts";
import { boardParams, epochAndSeq, problems, readHeaders, writeHeaders, writeProblems } from "./parts.ts";

const LIST = "/api/v1/boards/:board/alerts";
const tags = ["alerts"];
const alertSchema = wireAlertSchema.meta({ id: "Alert" });

export function alertRoutes(app: App, near: Near): void {
  app.route({
    method: "GET",
    url: LIST,
    schema: {
      tags,
      summary: "List alerts",
      description: "The newest 1000, newest first: thresholds that a budget reached, and budgets that will not last.",
      params: boardParams,
      querystring: z.object({
        acknowledged: z.enum(["true", "false"]).optional().describe("Only those that somebody minds, or nobody yet."),
        task: z.string().optional().describe("Only those of this budget."),
      }),
      headers: readHeaders,
      response: { 200: z.object({ ...epochAndSeq, alerts: z.array(alertSchema) }), 304: empty, ...problems(404) },
    },
    async handler(request, reply) {
      const board = await boardOf(near, request.params.board);
      if (notModified(request, reply, board)) return sendNothing(reply);
      const { acknowledged, task } = request.query;
      const alerts = [...board.state.alerts.values()]
        .filter((alert) => task === undefined || alert.task === task)
        .filter(
          (alert) => acknowledged === undefined || (alert.acknowledgedBy !== undefined) === (acknowledged === "true"),
        )
        .sort((a, b) => b.raisedAt - a.raisedAt || b.seq - a.seq);
      return { ...board.position, alerts };
    },
  });

  app.route({
    method: "POST",
    url: `${LIST}/:alert/acknowledge`,
    schema: {
      tags,
      summary: "Acknowledge an alert",
      description: "Say that somebody minds it. Who was first stays named.",
      params: boardParams.extend({ alert: z.string().describe("The alert's name.") }),
      headers: writeHeaders,
      body: alertAcknowledgeSchema.omit({ type: true, alert: true }),
      response: { 200: doneSchema, ...writeProblems() },
    },
    async handler(request) {
      const board = await boardOf(near, request.params.board);
      const alert = checkedName(near, request.params.alert);
      const command = { type: "alert.acknowledge" as const, alert, ...request.body };
      return done((await send(near, request, board, command)).accepted);
    },
  });
}
