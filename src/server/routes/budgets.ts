// Owns the REST routes that read budgets: all of them, one with its place in the tree, and how much it would let through.
// Does not own their changes (budget-changes.ts), holds (holds.ts) or spending over time (budget-history.ts).

import { z } from "zod";
import { capAt } from "../../board/index.ts";
import { type App, boardOf, checkedName, type Near, notModified, sendNothing, writerOf } from "../near.ts";
import {
  boundedAmounts,
  budgetDetail,
  budgetDetailSchema,
  budgetTotals,
  budgetView,
  budgetViewSchema,
} from "../views/budget-view.ts";
import { empty } from "./answers.ts";
import { BUDGET, budgetOf, BUDGETS, taskParams } from "./budget-parts.ts";
import { boardParams, epochAndSeq, problems, readHeaders, writeHeaders } from "./parts.ts";

const tags = ["budgets"];

const boundSchema = z.object({
  budget: z.string().describe("The budget on the path that allows no more."),
  by: z.enum(["limit", "maxReserve", "rate"]).describe("What of it: what is left, its largest reserve, or its rate."),
});
const capSchema = z
  .object({
    task: z.string(),
    agent: z.string(),
    tokens: z.number().nullable().describe("Tokens that one reserve may state now; null where nothing limits them."),
    nanoUsd: z.number().nullable().describe("The same in nano-USD."),
    tightest: z.object({ tokens: boundSchema.optional(), nanoUsd: boundSchema.optional() }),
    stoppedBy: z
      .object({
        code: z.string(),
        facts: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
      })
      .optional()
      .describe("Why nothing may be reserved, whatever its size: the code and facts of the refusal."),
    seq: z.number().int(),
  })
  .meta({ id: "BudgetCap" });

export function budgetRoutes(app: App, near: Near): void {
  app.route({
    method: "GET",
    url: BUDGETS,
    schema: {
      tags,
      summary: "List budgets",
      description:
        "All budgets, closed ones too, and the totals over the open ones that have no parent: what a child spends its parent spends, too.",
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
    url: BUDGET,
    schema: {
      tags,
      summary: "Read a budget",
      description:
        "One task's budget with its figures and its latest charge, where it is in the tree, and what it spent and holds itself, without its children.",
      params: taskParams,
      headers: readHeaders,
      response: { 200: budgetDetailSchema, 304: empty, ...problems(404) },
    },
    async handler(request, reply) {
      const board = await boardOf(near, request.params.board);
      const budget = budgetOf(board, checkedName(near, request.params.task));
      if (notModified(request, reply, board)) return sendNothing(reply);
      const { exhaustsAt, ...rate } = board.rateOf(budget.task);
      return budgetDetail(board.state, budget, { ...rate, ...(exhaustsAt === undefined ? {} : { exhaustsAt }) });
    },
  });

  app.route({
    method: "GET",
    url: `${BUDGET}/cap`,
    schema: {
      tags,
      summary: "How much could be reserved now",
      description:
        "The most that one reserve may state, by dimension, what bounds it, or what stops any reserve. A moment later it may be less: only a reserve is certain.",
      params: taskParams,
      headers: writeHeaders.pick({ "x-swarmboard-agent": true }),
      querystring: z.object({
        agent: z.string().optional().describe("Who would spend; by default the X-Swarmboard-Agent."),
      }),
      response: { 200: capSchema, ...problems(404) },
    },
    async handler(request) {
      const board = await boardOf(near, request.params.board);
      const { task } = budgetOf(board, checkedName(near, request.params.task));
      const actor = writerOf(near, request);
      const agent = request.query.agent === undefined ? actor : checkedName(near, request.query.agent);
      const cap = capAt(board.state, { task, agent, actor }, board.clockNow());
      const asked = { task, agent, seq: board.state.seq };
      if (!cap.ok) {
        const { code, detail } = cap;
        return { ...asked, tokens: 0, nanoUsd: 0, tightest: {}, stoppedBy: { code, facts: { ...detail } } };
      }
      const { tokens, nanoUsd } = cap;
      return {
        ...asked,
        ...boundedAmounts({ tokens: tokens.most, nanoUsd: nanoUsd.most }),
        tightest: {
          ...(tokens.budget === undefined || tokens.by === undefined
            ? {}
            : { tokens: { budget: tokens.budget, by: tokens.by } }),
          ...(nanoUsd.budget === undefined || nanoUsd.by === undefined
            ? {}
            : { nanoUsd: { budget: nanoUsd.budget, by: nanoUsd.by } }),
        },
      };
    },
  });
}
