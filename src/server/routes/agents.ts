// Owns the REST routes of agents: who is known, and their own reports.

import { z } from "zod";
import { agentReportSchema } from "../../protocol/commands/agent.ts";
import { agentViewSchema } from "../../protocol/index.ts";
import { type App, boardOf, checkedName, type Near, notModified, send, sendNothing } from "../near.ts";
import { agentViews } from "../views/agent-view.ts";
import { done, doneSchema, empty } from "./answers.ts";
import { boardParams, epochAndSeq, problems, readHeaders, writeHeaders, writeProblems } from "./parts.ts";

const tags = ["agents"];

export function agentRoutes(app: App, near: Near): void {
  app.route({
    method: "GET",
    url: "/api/v1/boards/:board/agents",
    schema: {
      tags,
      summary: "List agents",
      description: "Everyone who reported, wrote, or holds a claim, with the last sign of life.",
      params: boardParams,
      headers: readHeaders,
      response: { 200: z.object({ ...epochAndSeq, agents: z.array(agentViewSchema) }), 304: empty, ...problems(404) },
    },
    async handler(request, reply) {
      const board = await boardOf(near, request.params.board);
      if (notModified(request, reply, board)) return sendNothing(reply);
      return { ...board.position, agents: agentViews(board.state) };
    },
  });

  app.route({
    method: "PUT",
    url: "/api/v1/boards/:board/agents/:agent",
    schema: {
      tags,
      summary: "Report on an agent",
      description: "A sign of life. Members left out stay as they are; null clears. `seenAt` is now unless given.",
      params: boardParams.extend({
        agent: z
          .string()
          .describe("The agent, percent-encoded: at most 512 bytes of UTF-8, unless --max-key-bytes says otherwise."),
      }),
      headers: writeHeaders,
      body: agentReportSchema.omit({ type: true, agent: true }),
      response: { 200: doneSchema, ...writeProblems() },
    },
    async handler(request) {
      const board = await boardOf(near, request.params.board);
      const agent = checkedName(near, request.params.agent);
      const sent = await send(near, request, board, {
        type: "agent.report",
        agent,
        ...request.body,
        seenAt: request.body.seenAt ?? near.now(),
      });
      return done(sent.accepted);
    },
  });
}
