// Owns the routes of boards themselves: list, create, delete, and where they stand.

import { z } from "zod";
import { type App, boardOf, type Near } from "../near.ts";
import { DEFAULT_BOARD } from "../options.ts";
import { Refusal } from "../problem.ts";
import { empty } from "./answers.ts";
import { boardParams, epochAndSeq, problems, writeProblems } from "./parts.ts";

const tags = ["boards"];
const boardSchema = z.object({ name: z.string(), ...epochAndSeq }).meta({ id: "Board" });

export function boardRoutes(app: App, near: Near): void {
  app.route({
    method: "GET",
    url: "/api/v1/boards",
    schema: {
      tags,
      summary: "List boards",
      description: "The names of all boards, in order.",
      response: { 200: z.object({ boards: z.array(z.object({ name: z.string() })) }), ...problems() },
    },
    handler: async () => ({ boards: near.engine.list().map((name) => ({ name })) }),
  });

  app.route({
    method: "POST",
    url: "/api/v1/boards",
    schema: {
      tags,
      summary: "Create a board",
      description: "A board has its own log, order and budgets. Its name is 1 to 64 of a-z 0-9 - _.",
      body: z.object({ name: z.string() }),
      response: { 201: boardSchema, ...writeProblems() },
    },
    async handler(request, reply) {
      const made = await near.engine.create(request.body.name);
      if ("code" in made) throw new Refusal(made.code);
      return reply
        .code(201)
        .header("Location", `/api/v1/boards/${made.name}`)
        .send({ name: made.name, ...made.position });
    },
  });

  app.route({
    method: "GET",
    url: "/api/v1/boards/:board",
    schema: {
      tags,
      summary: "Read a board's position",
      description: "The epoch and the position of the last record that is durable and applied.",
      params: boardParams,
      response: { 200: boardSchema, ...problems(404) },
    },
    async handler(request) {
      const board = await boardOf(near, request.params.board);
      return { name: board.name, ...board.position };
    },
  });

  app.route({
    method: "GET",
    url: "/api/v1/boards/:board/position",
    schema: {
      tags,
      summary: "Read a position",
      description: "The epoch and the position alone: the cheapest way to see whether anything changed.",
      params: boardParams,
      response: { 200: z.object(epochAndSeq), ...problems(404) },
    },
    handler: async (request) => ({ ...(await boardOf(near, request.params.board)).position }),
  });

  app.route({
    method: "DELETE",
    url: "/api/v1/boards/:board",
    schema: {
      tags,
      summary: "Delete a board",
      description:
        "Removes the board and its whole log for good, so `confirm` must repeat its name. The board `default`, and one that a workspace is followed onto, stay.",
      params: boardParams,
      querystring: z.object({
        confirm: z.string().optional().describe("The board's name again. Needed: without it nothing is deleted."),
      }),
      response: { 204: empty, ...problems(404, 409, 428) },
    },
    async handler(request, reply) {
      const board = await boardOf(near, request.params.board);
      if (board.name === DEFAULT_BOARD) throw new Refusal("default_board");
      if (near.followed.has(board.name)) throw new Refusal("board_followed");
      const { confirm } = request.query;
      const detail = `Deleting a board removes its whole log for good. To confirm, add ?confirm=${board.name} to the address.`;
      if (confirm === undefined) throw new Refusal("precondition_required", { detail });
      if (confirm !== board.name) throw new Refusal("bad_condition", { detail });
      await near.engine.delete(board.name);
      await near.webhooks.forget(board.name);
      return reply.code(204).send();
    },
  });
}
