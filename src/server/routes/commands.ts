// Owns the route that takes any command, alone or as a batch, as plain JSON.
// Does not own which commands a caller may send (protocol/commands/caller-command).

import { z } from "zod";
import { callerCommandSchema, madeSchema } from "../../protocol/index.ts";
import { type App, boardOf, type Near, resolved, send } from "../near.ts";
import { done, doneSchema } from "./answers.ts";
import { boardParams, writeHeaders, writeProblems } from "./parts.ts";

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
      const { accepted } = await send(near, request, board, resolved(near, request, board, request.body));
      return {
        ok: true as const,
        ...done(accepted),
        made: accepted.made,
        ...(accepted.parts === undefined ? {} : { parts: accepted.parts }),
      };
    },
  });
}
