// Owns the REST routes of requests: permissions and proposed changes that wait for a person's decision.

import { randomUUID } from "node:crypto";
import { z } from "zod";
import { requestCloseSchema, requestDecideSchema, requestOpenSchema } from "../../protocol/commands/request.ts";
import { requestViewSchema } from "../../protocol/index.ts";
import { type App, boardOf, checkedName, type Near, notModified, send, sendNothing } from "../near.ts";
import { requestViews } from "../views/request-view.ts";
import { done, doneSchema, empty } from "./answers.ts";
import { boardParams, epochAndSeq, problems, readHeaders, writeHeaders, writeProblems } from "./parts.ts";

const tags = ["requests"];
const LIST = "/api/v1/boards/:board/requests";
const requestParams = boardParams.extend({
  request: z
    .string()
    .describe("The request, percent-encoded: at most 512 bytes of UTF-8, unless --max-key-bytes says otherwise."),
});
const openBody = requestOpenSchema
  .omit({ type: true, at: true })
  .partial({ request: true })
  .meta({ description: "`request` names it; a name is made where it is left out. `details` is any JSON." });

export function requestRoutes(app: App, near: Near): void {
  app.route({
    method: "GET",
    url: LIST,
    schema: {
      tags,
      summary: "List requests",
      description: "All requests, or those in one state.",
      params: boardParams,
      querystring: z.object({ state: requestViewSchema.shape.state.optional() }),
      headers: readHeaders,
      response: {
        200: z.object({ ...epochAndSeq, requests: z.array(requestViewSchema) }),
        304: empty,
        ...problems(404),
      },
    },
    async handler(request, reply) {
      const board = await boardOf(near, request.params.board);
      if (notModified(request, reply, board)) return sendNothing(reply);
      const { state } = request.query;
      const requests = requestViews(board.state).filter((one) => state === undefined || one.state === state);
      return { ...board.position, requests };
    },
  });

  app.route({
    method: "POST",
    url: LIST,
    schema: {
      tags,
      summary: "Open a request",
      description: "Ask a person for a permission, or propose a change of a key.",
      params: boardParams,
      headers: writeHeaders,
      body: openBody,
      response: { 201: doneSchema.extend({ request: z.string() }), ...writeProblems() },
    },
    async handler(request, reply) {
      const board = await boardOf(near, request.params.board);
      // With an id the name follows from it, so that a retry is the same command (law L9).
      const name = request.body.request ?? `req-${request.headers["idempotency-key"] ?? randomUUID()}`;
      const sent = await send(near, request, board, { type: "request.open", ...request.body, request: name });
      return reply.code(201).send({ request: name, ...done(sent.accepted) });
    },
  });

  app.route({
    method: "POST",
    url: `${LIST}/:request/decide`,
    schema: {
      tags,
      summary: "Decide a request",
      description: "Grant or deny an open request.",
      params: requestParams,
      headers: writeHeaders,
      body: requestDecideSchema.omit({ type: true, request: true }),
      response: { 200: doneSchema, ...writeProblems() },
    },
    async handler(request) {
      const board = await boardOf(near, request.params.board);
      const name = checkedName(near, request.params.request);
      return done(
        (await send(near, request, board, { type: "request.decide", request: name, ...request.body })).accepted,
      );
    },
  });

  app.route({
    method: "POST",
    url: `${LIST}/:request/close`,
    schema: {
      tags,
      summary: "Close a request",
      description: "Withdraw it, or end a grant.",
      params: requestParams,
      headers: writeHeaders,
      body: requestCloseSchema.omit({ type: true, request: true }),
      response: { 200: doneSchema, ...writeProblems() },
    },
    async handler(request) {
      const board = await boardOf(near, request.params.board);
      const name = checkedName(near, request.params.request);
      return done(
        (await send(near, request, board, { type: "request.close", request: name, ...request.body })).accepted,
      );
    },
  });
}
