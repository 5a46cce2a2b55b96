// Owns the REST routes that change budgets: open or change, change, move, charge, close.
// Does not own the arithmetic: a charge is recorded as it happened, also beyond the limit (law L8).

import type { FastifyRequest } from "fastify";
import { z } from "zod";
import type { BoardHandle } from "../../engine/contract.ts";
import {
  budgetChangeSchema,
  budgetChargeSchema,
  budgetMoveSchema,
  budgetOpenSchema,
  callerUsageSchema,
} from "../../protocol/commands/budget.ts";
import { amount } from "../../protocol/commands/parts.ts";
import { type App, boardOf, checkedName, hasId, type Near, resolved, type Sent, send } from "../near.ts";
import { Refusal } from "../problem.ts";
import { budgetView, budgetViewSchema } from "../views/budget-view.ts";
import { done, doneSchema } from "./answers.ts";
import { BUDGET, budgetOf, taskParams } from "./budget-parts.ts";
import { writeHeaders, writeProblems } from "./parts.ts";

const tags = ["budgets"];
const budgetAnswer = budgetViewSchema.extend({ seq: z.number().int() });
const openBody = budgetOpenSchema.omit({ type: true, task: true });
const changeBody = budgetChangeSchema
  .omit({ type: true, task: true })
  .refine((body) => Object.keys(body).length > 0, "changes nothing: state at least one member");
const chargeBody = budgetChargeSchema
  .omit({ type: true, task: true, price: true, unpriced: true })
  .extend({ tokens: amount.optional(), usage: callerUsageSchema.optional() })
  .refine(
    ({ tokens, nanoUsd, usage }) => tokens !== undefined || nanoUsd !== undefined || usage !== undefined,
    "states no amount: give tokens, usage or nanoUsd",
  );

export function budgetChangeRoutes(app: App, near: Near): void {
  const shown = (board: BoardHandle, task: string): z.infer<typeof budgetAnswer> => budgetView(budgetOf(board, task));

  /**
   * Open the budget, or change its terms where it is open.
   * Without an id the state tells which; with one the order is fixed, so that a retry takes the same way (law L9).
   */
  const openOrChange = async (
    request: FastifyRequest,
    board: BoardHandle,
    task: string,
    body: z.infer<typeof openBody>,
  ): Promise<Sent & { readonly opened: boolean }> => {
    const { parent, ...terms } = body;
    const budget = board.state.budgets.get(task);
    const isOpen = budget !== undefined && !budget.closed;
    const open = () =>
      send(near, request, board, resolved(near, request, board, { type: "budget.open", task, ...body }));
    const change = () => {
      const { limitTokens, ...others } = terms;
      // As before there were terms: a limit alone is stated as such.
      if (limitTokens !== undefined && Object.keys(others).length === 0)
        return send(near, request, board, { type: "budget.limit", task, limitTokens }, "/limit");
      const command = resolved(near, request, board, { type: "budget.change", task, ...terms });
      return send(near, request, board, command, "/limit");
    };
    if (isOpen && parent !== undefined && parent !== budget.terms?.parent && !hasId(request)) {
      const detail = "It is open already, below another parent or none. To put it elsewhere: POST …/move {parent}.";
      throw new Refusal("budget_exists", { facts: { task, parent: budget.terms?.parent ?? null }, detail });
    }
    if (!hasId(request) && isOpen) return { ...(await change()), opened: false };
    try {
      return { ...(await open()), opened: true };
    } catch (error) {
      const isThere = error instanceof Refusal && error.code === "budget_exists";
      if (!isThere || (parent !== undefined && parent !== board.state.budgets.get(task)?.terms?.parent)) throw error;
      return { ...(await change()), opened: false };
    }
  };

  app.route({
    method: "POST",
    url: BUDGET,
    schema: {
      tags,
      summary: "Open a budget, or change its terms",
      description:
        "201 where it was opened (a closed one opens again with its spend), 200 where it was open already and what is stated was changed.",
      params: taskParams,
      headers: writeHeaders,
      body: openBody,
      response: { 200: budgetAnswer, 201: budgetAnswer, ...writeProblems(402) },
    },
    async handler(request, reply) {
      const board = await boardOf(near, request.params.board);
      const task = checkedName(near, request.params.task);
      const { opened } = await openOrChange(request, board, task, request.body);
      return reply.code(opened ? 201 : 200).send(shown(board, task));
    },
  });

  app.route({
    method: "PATCH",
    url: BUDGET,
    config: { mediaTypes: ["application/json", "application/merge-patch+json"] },
    schema: {
      tags,
      summary: "Change the terms of a budget",
      description:
        "What is left out stays, and null clears. A limit may be lowered below what is spent. Another window begins anew.",
      params: taskParams,
      headers: writeHeaders,
      body: changeBody,
      response: { 200: budgetAnswer, ...writeProblems() },
    },
    async handler(request) {
      const board = await boardOf(near, request.params.board);
      const task = checkedName(near, request.params.task);
      const command = resolved(near, request, board, { type: "budget.change", task, ...request.body });
      await send(near, request, board, command);
      return shown(board, task);
    },
  });

  app.route({
    method: "POST",
    url: `${BUDGET}/move`,
    schema: {
      tags,
      summary: "Move a budget to another parent",
      description:
        "With everything below it. Its holds count in the new path, and what it ever spent in budgets without a window. Refused with 402 where a budget of the new path has not so much left.",
      params: taskParams,
      headers: writeHeaders,
      body: budgetMoveSchema.omit({ type: true, task: true }),
      response: { 200: budgetAnswer, ...writeProblems(402) },
    },
    async handler(request) {
      const board = await boardOf(near, request.params.board);
      const task = checkedName(near, request.params.task);
      await send(near, request, board, { type: "budget.move", task, ...request.body });
      return shown(board, task);
    },
  });

  app.route({
    method: "POST",
    url: `${BUDGET}/charge`,
    schema: {
      tags,
      summary: "Charge a budget",
      description:
        "Record what was spent, also beyond the limit: tokens, tokens by kind (`usage`), or money. With a model the money is computed from its price.",
      params: taskParams,
      headers: writeHeaders,
      body: chargeBody,
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
    url: BUDGET,
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
