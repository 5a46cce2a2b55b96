// Owns the REST routes of budgets: list, read, open or change, charge, close.
// Does not own the arithmetic: a charge is recorded as it happened, also beyond the limit (law L8).

import type { FastifyRequest } from "fastify";
import { z } from "zod";
import { amount, name, prose } from "../../protocol/commands/parts.ts";
import type { BoardHandle } from "../../engine/contract.ts";
import {
  type App,
  boardOf,
  checkedName,
  hasId,
  type Near,
  notModified,
  resolved,
  type Sent,
  send,
  sendNothing,
} from "../near.ts";
import { Refusal } from "../problem.ts";
import { budgetTotals, budgetView, budgetViewSchema } from "../views/budget-view.ts";
import { done, doneSchema, empty } from "./answers.ts";
import { boardParams, epochAndSeq, problems, readHeaders, writeHeaders, writeProblems } from "./parts.ts";

const LIST = "/api/v1/boards/:board/budgets";
const ONE = `${LIST}/:task`;
const tags = ["budgets"];
const taskParams = boardParams.extend({
  task: z
    .string()
    .describe("The task, percent-encoded: at most 512 bytes of UTF-8, unless --max-key-bytes says otherwise."),
});
const budgetAnswer = budgetViewSchema.extend({ seq: z.number().int() });

export function budgetRoutes(app: App, near: Near): void {
  app.route({
    method: "GET",
    url: LIST,
    schema: {
      tags,
      summary: "List budgets",
      description: "All budgets, closed ones too, and the totals over the open ones.",
      params: boardParams,
      headers: readHeaders,
      response: {
        200: z.object({
          ...epochAndSeq,
          budgets: z.array(budgetViewSchema),
          usedTokens: z.number(),
          limitTokens: z.number(),
          percentage: z.number(),
        }),
        304: empty,
        ...problems(404),
      },
    },
    async handler(request, reply) {
      const board = await boardOf(near, request.params.board);
      if (notModified(request, reply, board)) return sendNothing(reply);
      const totals = budgetTotals(board.state);
      return {
        ...board.position,
        budgets: Array.from(board.state.budgets.values(), budgetView),
        usedTokens: totals.total_used,
        limitTokens: totals.total_limit,
        percentage: totals.global_percentage,
      };
    },
  });

  app.route({
    method: "GET",
    url: ONE,
    schema: {
      tags,
      summary: "Read a budget",
      description: "One task's budget with its figures and its latest charge.",
      params: taskParams,
      headers: readHeaders,
      response: { 200: budgetViewSchema, 304: empty, ...problems(404) },
    },
    async handler(request, reply) {
      const board = await boardOf(near, request.params.board);
      const answer = shown(board, checkedName(near, request.params.task));
      if (notModified(request, reply, board)) return sendNothing(reply);
      return answer;
    },
  });

  const shown = (board: BoardHandle, task: string): z.infer<typeof budgetAnswer> => {
    const budget = board.state.budgets.get(task);
    if (budget === undefined) throw new Refusal("no_such_budget", { facts: { task } });
    return budgetView(budget);
  };

  /**
   * Open the budget, or change its limit where it is open.
   * Without an id the state tells which; with one the order is fixed, so that a retry takes the same way (law L9).
   */
  const openOrChange = async (
    request: FastifyRequest,
    board: BoardHandle,
    task: string,
    body: { limitTokens: number; description?: string | undefined },
  ): Promise<Sent & { readonly opened: boolean }> => {
    const open = () => send(near, request, board, { type: "budget.open", task, ...body });
    const change = () =>
      send(near, request, board, { type: "budget.limit", task, limitTokens: body.limitTokens }, "/limit");
    const budget = board.state.budgets.get(task);
    if (!hasId(request) && budget !== undefined && !budget.closed) return { ...(await change()), opened: false };
    try {
      return { ...(await open()), opened: true };
    } catch (error) {
      if (!(error instanceof Refusal && error.code === "budget_exists")) throw error;
      return { ...(await change()), opened: false };
    }
  };

  app.route({
    method: "POST",
    url: ONE,
    schema: {
      tags,
      summary: "Open a budget, or change its limit",
      description:
        "201 where it was opened (a closed one opens again with its spend), 200 where the limit was changed.",
      params: taskParams,
      headers: writeHeaders,
      body: z.object({ limitTokens: amount, description: prose.optional() }),
      response: { 200: budgetAnswer, 201: budgetAnswer, ...writeProblems() },
    },
    async handler(request, reply) {
      const board = await boardOf(near, request.params.board);
      const task = checkedName(near, request.params.task);
      const { opened } = await openOrChange(request, board, task, request.body);
      return reply.code(opened ? 201 : 200).send(shown(board, task));
    },
  });

  app.route({
    method: "POST",
    url: `${ONE}/charge`,
    schema: {
      tags,
      summary: "Charge a budget",
      description: "Record what was spent, also beyond the limit.",
      params: taskParams,
      headers: writeHeaders,
      body: z.object({ tokens: amount, agent: name.optional(), reason: prose.optional() }),
      response: { 200: budgetAnswer, ...writeProblems() },
    },
    async handler(request) {
      const board = await boardOf(near, request.params.board);
      const task = checkedName(near, request.params.task);
      const command = resolved(near, request, board, { type: "budget.charge", task, ...request.body });
      await send(near, request, board, command);
      return shown(board, task);
    },
  });

  app.route({
    method: "DELETE",
    url: ONE,
    schema: {
      tags,
      summary: "Close a budget",
      description: "Its spend is kept, and counts again if the budget is opened again.",
      params: taskParams,
      headers: writeHeaders,
      response: { 200: doneSchema, ...writeProblems() },
    },
    async handler(request) {
      const board = await boardOf(near, request.params.board);
      const task = checkedName(near, request.params.task);
      try {
        return done((await send(near, request, board, { type: "budget.close", task })).accepted);
      } catch (error) {
        if (!(error instanceof Refusal && error.code === "budget_closed")) throw error;
        throw new Refusal(error.code, { ...error.told, detail: "It was closed already. There is nothing left to do." });
      }
    },
  });
}
