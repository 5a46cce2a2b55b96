// Owns the seed's HTTP routes, which answer for ever as listed in docs/protocol.md, "Classic".
// Does not own the parts' texts (views/). Failures have the seed's form: `success: false` and an `error`, plus our code.

import { z } from "zod";
import type { BoardHandle } from "../../engine/contract.ts";
import { classicFrameSchema, CODES } from "../../protocol/index.ts";
import { type App, boardOf, checkedName, type Near, notModified, sendNothing, sendText } from "../near.ts";
import { Refusal } from "../problem.ts";
import { CLASSIC_PATH } from "../socket/classic-socket.ts";
import { classicBudgetAnswer, classicBudgetAnswerSchema } from "../views/budget-view.ts";
import { entryEtag, isFresh } from "../views/etag.ts";
import { auditPart, blackboardAnswer, budgetPart } from "../views/frames.ts";
import { empty } from "./answers.ts";
import { problems, readHeaders } from "./parts.ts";

const tags = ["classic"];
/** Notes in one answer, as the seed has it. */
const ANSWER_NOTES = 100;

const boardQuery = z.object({ board: z.string().default("default").describe("Name of the board.") });
const keyQuery = boardQuery.extend({ key: z.string().optional().describe("The key, instead of the one in the path.") });
const failure = z.object({ success: z.literal(false), error: z.string(), code: z.string() });
const mapAnswer = z.object({
  success: z.literal(true),
  entries: z.record(z.string(), z.unknown()),
  state: z.record(z.string(), z.unknown()).describe("The same map again, as older clients read it."),
  key_count: z.number(),
});
const valueAnswer = z.object({ success: z.literal(true), key: z.string(), value: z.unknown() });

export function classicRoutes(app: App, near: Near): void {
  const one = (
    board: BoardHandle,
    name: string,
    request: { headers: { "if-none-match"?: string | undefined } },
    reply: Parameters<typeof sendText>[0],
  ): never => {
    const key = checkedName(near, name);
    const entry = board.state.entries.get(key);
    if (entry === undefined) {
      void reply.code(404);
      return reply.send({ success: false, error: CODES.no_such_entry.meaning, code: "no_such_entry" }) as never;
    }
    const etag = entryEtag(entry.rev);
    void reply.header("ETag", etag);
    if (isFresh(request.headers["if-none-match"], etag)) return sendNothing(reply.code(304));
    return sendText(reply, `{"success":true,"key":${JSON.stringify(key)},"value":${entry.value}}`);
  };

  app.route({
    method: "GET",
    url: CLASSIC_PATH,
    schema: { hide: true },
    handler: (_request, reply) => {
      void reply.header("Upgrade", "websocket").header("Connection", "Upgrade");
      throw new Refusal("bad_request", { status: 426, detail: "This is the address of a WebSocket. Open it as one." });
    },
  });

  app.route({
    method: "GET",
    url: "/api/swarm/blackboard",
    schema: {
      tags,
      summary: "Read the blackboard",
      description: "All keys with their values, as the seed's dashboard read them. With `key`, that one value.",
      querystring: keyQuery,
      headers: readHeaders,
      response: { 200: z.union([mapAnswer, valueAnswer, failure]), 304: empty, ...problems(), 404: failure },
    },
    async handler(request, reply) {
      const board = await boardOf(near, request.query.board);
      if (request.query.key !== undefined) return one(board, request.query.key, request, reply);
      if (notModified(request, reply, board)) return sendNothing(reply);
      return sendText(reply, blackboardAnswer(board));
    },
  });

  app.route({
    method: "GET",
    url: "/api/swarm/blackboard/*",
    schema: {
      tags,
      summary: "Read one value",
      description: "The value of one key.",
      params: z.object({ key: z.string() }),
      querystring: keyQuery,
      headers: readHeaders,
      response: { 200: valueAnswer, 304: empty, ...problems(), 404: failure },
    },
    handler: async (request, reply) =>
      one(await boardOf(near, request.query.board), request.query.key ?? request.params.key, request, reply),
  });

  // A fixed address, so that no task's budget can swallow it (and a task called "global" is read by REST).
  app.route({
    method: "GET",
    url: "/api/swarm/budget/global",
    schema: {
      tags,
      summary: "Read all budgets",
      description: "A row per task by percentage, the fullest first, and the totals.",
      querystring: boardQuery,
      headers: readHeaders,
      response: { 200: classicFrameSchema.shape.budget, 304: empty, ...problems(404) },
    },
    async handler(request, reply) {
      const board = await boardOf(near, request.query.board);
      if (notModified(request, reply, board)) return sendNothing(reply);
      return sendText(reply, budgetPart(board));
    },
  });

  app.route({
    method: "GET",
    url: "/api/swarm/budget/*",
    schema: {
      tags,
      summary: "Read one budget",
      description: "The budget of one task, or `initialized: false`.",
      params: z.object({ task_id: z.string() }),
      querystring: boardQuery,
      headers: readHeaders,
      response: { 200: classicBudgetAnswerSchema, 304: empty, ...problems(404) },
    },
    async handler(request, reply) {
      const board = await boardOf(near, request.query.board);
      const task = checkedName(near, request.params.task_id);
      if (notModified(request, reply, board)) return sendNothing(reply);
      return classicBudgetAnswer(task, board.state.budgets.get(task));
    },
  });

  app.route({
    method: "GET",
    url: "/api/swarm/audit",
    schema: {
      tags,
      summary: "Read the newest audit notes",
      description: "At most 100, the newest first.",
      querystring: boardQuery,
      headers: readHeaders,
      response: { 200: classicFrameSchema.shape.audit, 304: empty, ...problems(404) },
    },
    async handler(request, reply) {
      const board = await boardOf(near, request.query.board);
      if (notModified(request, reply, board)) return sendNothing(reply);
      return sendText(reply, auditPart(board, ANSWER_NOTES));
    },
  });
}
