// Owns the REST routes by which people stop spending: pauses of the board, a task with everything below it, or an agent.
// Does not own what a pause stops (board/rules-2/pauses): new reserves, and nothing else.

import { z } from "zod";
import { pauseSetSchema } from "../../protocol/commands/steer.ts";
import { wirePauseSchema } from "../../protocol/index.ts";
import { type App, boardOf, checkedName, type Near, notModified, send, sendNothing } from "../near.ts";
import { Refusal } from "../problem.ts";
import { done, doneSchema, empty } from "./answers.ts";
import { boardParams, epochAndSeq, problems, readHeaders, writeHeaders, writeProblems } from "./parts.ts";

const LIST = "/api/v1/boards/:board/pauses";
const tags = ["pauses"];
const pauseSchema = wirePauseSchema.meta({ id: "Pause" });
const setBody = pauseSetSchema.omit({ type: true });
const scopeQuery = z.object({
  scope: setBody.shape.scope,
  name: z.string().optional().describe("The task or agent; `board` has none."),
});

export function pauseRoutes(app: App, near: Near): void {
  /** @throws Refusal `bad_request` */
  const scopeOf = ({ scope, name }: z.infer<typeof scopeQuery>) => {
    if (scope === "board") return { scope };
    if (name !== undefined) return { scope, name: checkedName(near, name) };
    throw new Refusal("bad_request", { errors: [{ at: "name", message: `is missing: which ${scope}?` }] });
  };

  app.route({
    method: "GET",
    url: LIST,
    schema: {
      tags,
      summary: "List pauses",
      description:
        "What is paused, by whom and why. A followed workspace that is paused pauses the board, too: see its sources.",
      params: boardParams,
      headers: readHeaders,
      response: { 200: z.object({ ...epochAndSeq, pauses: z.array(pauseSchema) }), 304: empty, ...problems(404) },
    },
    async handler(request, reply) {
      const board = await boardOf(near, request.params.board);
      if (notModified(request, reply, board)) return sendNothing(reply);
      return { ...board.position, pauses: [...board.state.pauses.values()] };
    },
  });

  app.route({
    method: "POST",
    url: LIST,
    schema: {
      tags,
      summary: "Pause",
      description:
        "From now on reserves of the scope are refused with `paused`. What is held may be settled, and charges tell what was spent. Pausing again changes the reason.",
      params: boardParams,
      headers: writeHeaders,
      body: setBody,
      response: { 200: doneSchema, ...writeProblems() },
    },
    async handler(request) {
      const board = await boardOf(near, request.params.board);
      const { reason } = request.body;
      const command = {
        type: "pause.set" as const,
        ...scopeOf(request.body),
        ...(reason === undefined ? {} : { reason }),
      };
      return done((await send(near, request, board, command)).accepted);
    },
  });

  app.route({
    method: "DELETE",
    url: LIST,
    schema: {
      tags,
      summary: "Resume",
      description: "End the pause of a scope. Other pauses that cover it go on.",
      params: boardParams,
      querystring: scopeQuery,
      headers: writeHeaders,
      response: { 200: doneSchema, ...writeProblems() },
    },
    async handler(request) {
      const board = await boardOf(near, request.params.board);
      return done((await send(near, request, board, { type: "pause.clear", ...scopeOf(request.query) })).accepted);
    },
  });
}
