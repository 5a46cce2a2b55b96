// Owns the REST routes of holds: reserve, list, read, settle, extend, release.
// Does not own the verdicts (board/rules-2) or prices. A refused reserve is 402, and names the budget that stopped it.

import { z } from "zod";
import { leftOnPath, tryReserve } from "../../board/index.ts";
import type { BoardHandle } from "../../engine/contract.ts";
import { callerUsageSchema } from "../../protocol/commands/budget.ts";
import {
  budgetReserveSchema,
  holdExtendSchema,
  holdReleaseSchema,
  holdSettleSchema,
} from "../../protocol/commands/hold.ts";
import type { CallerCommand, CommandOf, Hold } from "../../protocol/index.ts";
import {
  type App,
  boardOf,
  checkedName,
  type Near,
  notModified,
  resolved,
  send,
  sendNothing,
  writerOf,
} from "../near.ts";
import { Refusal, refusalOf } from "../problem.ts";
import { amountsSchema, boundedAmounts } from "../views/budget-view.ts";
import { holdView, holdViewSchema, type Moment, wallAt } from "../views/hold-view.ts";
import { done, doneSchema, empty } from "./answers.ts";
import { BUDGET, taskParams } from "./budget-parts.ts";
import { boardParams, epochAndSeq, limitQuery, problems, readHeaders, writeHeaders, writeProblems } from "./parts.ts";

const LIST = "/api/v1/boards/:board/holds";
const ONE = `${LIST}/:hold`;
const tags = ["holds"];
const holdParams = boardParams.extend({ hold: z.string().describe("The hold, as its reserve named it.") });
const resolvedMembers = { price: true, unpriced: true } as const;
const usage = { usage: callerUsageSchema.optional() };

const reserveBody = budgetReserveSchema
  .omit({ type: true, task: true, ...resolvedMembers })
  .extend({ ...usage, dryRun: z.boolean().optional().describe("Judge it, and reserve nothing.") });
const settleBody = holdSettleSchema.omit({ type: true, hold: true, ...resolvedMembers }).extend(usage);
const extendBody = holdExtendSchema.omit({ type: true, hold: true, ...resolvedMembers }).extend(usage);

const amounts = {
  tokens: z.number().optional().describe("Tokens that are held."),
  nanoUsd: z.number().optional().describe("Money that is held, stated or computed from the model's price."),
};
const left = amountsSchema.describe("What may be reserved after it, on the whole path; null where nothing limits it.");
const expiry = {
  expiresAt: z.number().describe("Wall time in ms at which it ends by itself."),
  expiresAtClock: z.number().int().describe("The same in board clock, which no jump of the wall clock moves."),
};
const heldSchema = doneSchema.extend({ hold: z.string(), ...expiry, ...amounts, left });
const dryRunSchema = z
  .object({ dryRun: z.literal(true), ...amounts, left: amountsSchema.describe("What is left now.") })
  .describe("It would be accepted now. Nothing was reserved.");
const settledSchema = doneSchema.extend({
  hold: z.string(),
  spent: z.object({ tokens: z.number(), nanoUsd: z.number().optional() }).optional(),
  late: z.boolean().optional().describe("The hold had ended: a charge was made of it."),
});

const listQuery = z.object({
  state: z.enum(["open", "settled", "released", "expired", "all"]).default("open"),
  task: z.string().optional().describe("Only those reserved in this budget itself."),
  agent: z.string().optional().describe("Only those of this agent."),
  limit: limitQuery.default(100),
  after: z
    .string()
    .regex(/^h\d{1,16}(\.\d{1,5})?$/, "is no `next` of a page")
    .optional()
    .describe("Only those reserved after this one: `next` of the page before."),
});

export function holdRoutes(app: App, near: Near): void {
  const momentOf = (board: BoardHandle): Moment => ({ now: near.now(), clock: board.clockNow() });

  app.route({
    method: "POST",
    url: `${BUDGET}/reserve`,
    schema: {
      tags,
      summary: "Reserve in a budget",
      description:
        "Set aside what a call may cost, in the budget and in every one above it, or in none. State tokens, usage or nanoUsd; with a model, money is computed from its price. 402 names the budget that has not so much left.",
      params: taskParams,
      headers: writeHeaders,
      body: reserveBody,
      response: { 200: dryRunSchema, 201: heldSchema, ...writeProblems(402, 429) },
    },
    async handler(request, reply) {
      const board = await boardOf(near, request.params.board);
      const task = checkedName(near, request.params.task);
      const { dryRun, ...body } = request.body;
      const command = resolved(near, request, board, {
        type: "budget.reserve",
        task,
        ...body,
      } satisfies CallerCommand) as CommandOf<"budget.reserve">;
      const { tokens, nanoUsd } = command;
      const stated = { ...(tokens === undefined ? {} : { tokens }), ...(nanoUsd === undefined ? {} : { nanoUsd }) };
      if (dryRun === true) {
        const actor = writerOf(near, request);
        const ask = { task, tokens, nanoUsd, unpriced: command.unpriced === true, agent: body.agent ?? actor, actor };
        const tried = tryReserve(board.state, ask, board.clockNow());
        if (!tried.ok) throw refusalOf(tried);
        return reply.code(200).send({ dryRun: true, ...stated, left: boundedAmounts(leftOnPath(board.state, task)) });
      }
      const { accepted } = await send(near, request, board, command);
      const { hold = "", expiresAtClock = 0 } = accepted.made;
      return reply.code(201).send({
        hold,
        expiresAt: wallAt(expiresAtClock, momentOf(board)),
        expiresAtClock,
        ...stated,
        left: boundedAmounts(leftOnPath(board.state, task)),
        ...done(accepted),
      });
    },
  });

  app.route({
    method: "GET",
    url: LIST,
    schema: {
      tags,
      summary: "List holds",
      description:
        "Open ones, or those in another state, oldest first, with their age and owner. Of those that have ended the newest 10 000 are remembered.",
      params: boardParams,
      querystring: listQuery,
      response: {
        200: z.object({
          ...epochAndSeq,
          holds: z.array(holdViewSchema),
          next: z.string().nullable().describe("Pass it as `after` for the next page; null on the last."),
        }),
        ...problems(404),
      },
    },
    async handler(request) {
      const board = await boardOf(near, request.params.board);
      const { state, task, agent, limit, after } = request.query;
      const from = after === undefined ? undefined : orderOf(after);
      const found: Hold[] = [];
      for (const hold of board.state.holds.values()) {
        if (state !== "all" && hold.state !== state) continue;
        if ((task !== undefined && hold.task !== task) || (agent !== undefined && hold.agent !== agent)) continue;
        if (from === undefined || isBefore(from, orderOf(hold.hold))) found.push(hold);
      }
      found.sort((a, b) => (isBefore(orderOf(a.hold), orderOf(b.hold)) ? -1 : 1));
      const page = found.slice(0, limit);
      const moment = momentOf(board);
      return {
        ...board.position,
        holds: page.map((hold) => holdView(hold, moment)),
        next: found.length > limit ? (page.at(-1)?.hold ?? null) : null,
      };
    },
  });

  /** @throws Refusal `no_such_hold` */
  const shown = (board: BoardHandle, name: string): z.infer<typeof holdViewSchema> => {
    const hold = board.state.holds.get(name);
    if (hold === undefined) throw new Refusal("no_such_hold", { facts: { hold: name } });
    return holdView(hold, momentOf(board));
  };

  app.route({
    method: "GET",
    url: ONE,
    schema: {
      tags,
      summary: "Read a hold",
      description: "One hold, open or ended.",
      params: holdParams,
      headers: readHeaders,
      response: { 200: holdViewSchema, 304: empty, ...problems(404) },
    },
    async handler(request, reply) {
      const board = await boardOf(near, request.params.board);
      const answer = shown(board, checkedName(near, request.params.hold));
      if (notModified(request, reply, board)) return sendNothing(reply);
      return answer;
    },
  });

  app.route({
    method: "POST",
    url: `${ONE}/settle`,
    schema: {
      tags,
      summary: "Settle a hold",
      description:
        "State what the call did cost; what is left out counts as held. Less frees the rest, more is recorded as debt. After the hold's end it is recorded as a charge (`late`).",
      params: holdParams,
      headers: writeHeaders,
      body: settleBody,
      response: { 200: settledSchema, ...writeProblems() },
    },
    async handler(request) {
      const board = await boardOf(near, request.params.board);
      const hold = checkedName(near, request.params.hold);
      const command = resolved(near, request, board, { type: "hold.settle", hold, ...request.body });
      const { accepted } = await send(near, request, board, command);
      const spent = board.state.holds.get(hold)?.spent;
      return {
        hold,
        ...(spent === undefined ? {} : { spent }),
        ...(accepted.made.late === true ? { late: true } : {}),
        ...done(accepted),
      };
    },
  });

  app.route({
    method: "POST",
    url: `${ONE}/extend`,
    schema: {
      tags,
      summary: "Extend a hold",
      description: "Hold it for `ttlMs` from now on and, where stated, so much more, which is judged as a reserve is.",
      params: holdParams,
      headers: writeHeaders,
      body: extendBody,
      response: { 200: doneSchema.extend({ hold: z.string(), ...expiry, ...amounts }), ...writeProblems(402, 429) },
    },
    async handler(request) {
      const board = await boardOf(near, request.params.board);
      const hold = checkedName(near, request.params.hold);
      const command = resolved(near, request, board, { type: "hold.extend", hold, ...request.body });
      const { accepted } = await send(near, request, board, command);
      const { expiresAtClock = 0 } = accepted.made;
      const { tokens, nanoUsd } = board.state.holds.get(hold) ?? {};
      return {
        hold,
        expiresAt: wallAt(expiresAtClock, momentOf(board)),
        expiresAtClock,
        ...(tokens === undefined ? {} : { tokens }),
        ...(nanoUsd === undefined ? {} : { nanoUsd }),
        ...done(accepted),
      };
    },
  });

  app.route({
    method: "POST",
    url: `${ONE}/release`,
    schema: {
      tags,
      summary: "Release a hold",
      description: "Nothing was spent: all of it is free again.",
      params: holdParams,
      headers: writeHeaders,
      body: holdReleaseSchema.omit({ type: true, hold: true }),
      response: { 200: doneSchema, ...writeProblems() },
    },
    async handler(request) {
      const board = await boardOf(near, request.params.board);
      const hold = checkedName(near, request.params.hold);
      return done((await send(near, request, board, { type: "hold.release", hold, ...request.body })).accepted);
    },
  });
}

/** Holds are named after their record and, in a batch, the place in it: so a name tells the order. */
function orderOf(hold: string): readonly [seq: number, part: number] {
  const [seq = 0, part = 0] = hold.slice(1).split(".").map(Number);
  return [seq, part];
}

const isBefore = (a: readonly [number, number], b: readonly [number, number]): boolean =>
  a[0] < b[0] || (a[0] === b[0] && a[1] < b[1]);
