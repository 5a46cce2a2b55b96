// Owns the REST routes of what is only shown: tasks and sources. Writing tasks goes through /commands; sources are their followers'.

import { z } from "zod";
import { sourceViewSchema, taskViewSchema } from "../../protocol/index.ts";
import { type App, boardOf, type Near, notModified, sendNothing, sendText } from "../near.ts";
import { taskTexts } from "../views/task-text.ts";
import { empty } from "./answers.ts";
import { boardParams, epochAndSeq, problems, readHeaders } from "./parts.ts";

export function taskRoutes(app: App, near: Near): void {
  app.route({
    method: "GET",
    url: "/api/v1/boards/:board/tasks",
    schema: {
      tags: ["tasks"],
      summary: "List tasks",
      description: "What agents and followed files told of tasks: the status and the details of each.",
      params: boardParams,
      headers: readHeaders,
      response: { 200: z.object({ ...epochAndSeq, tasks: z.array(taskViewSchema) }), 304: empty, ...problems(404) },
    },
    async handler(request, reply) {
      const board = await boardOf(near, request.params.board);
      if (notModified(request, reply, board)) return sendNothing(reply);
      const { epoch, seq } = board.position;
      return sendText(reply, `{"epoch":${JSON.stringify(epoch)},"seq":${seq},"tasks":[${taskTexts(board.state)}]}`);
    },
  });

  app.route({
    method: "GET",
    url: "/api/v1/boards/:board/sources",
    schema: {
      tags: ["tasks"],
      summary: "List sources",
      description: "The followed files and how each fares.",
      params: boardParams,
      headers: readHeaders,
      response: { 200: z.object({ ...epochAndSeq, sources: z.array(sourceViewSchema) }), 304: empty, ...problems(404) },
    },
    async handler(request, reply) {
      const board = await boardOf(near, request.params.board);
      if (notModified(request, reply, board)) return sendNothing(reply);
      const sources = Array.from(board.state.sources.values(), ({ source, state, paused, detail, at }) => ({
        source,
        state,
        paused,
        detail,
        at,
      }));
      return { ...board.position, sources };
    },
  });
}
