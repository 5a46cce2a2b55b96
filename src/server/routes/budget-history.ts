// Owns the REST route of a budget's spending over time: buckets, and who and what spent it, as JSON or CSV.
// Does not own the sums (log/spending). Bounded: at most 2000 buckets, 50 names of each kind.

import { z } from "zod";
import type { BoardHandle } from "../../engine/contract.ts";
import { HistoryError, type SpendingAnswer } from "../../log/index.ts";
import type { Budget } from "../../protocol/index.ts";
import { type App, boardOf, checkedName, type Near, sendText } from "../near.ts";
import { Refusal } from "../problem.ts";
import { boardParams, momentOf, pastQuery, problems, readHeaders } from "./parts.ts";
import { pastOf } from "../views/audit-page.ts";
import { csvCell } from "../views/audit-record-text.ts";

const MINUTE_MS = 60_000;
const BUCKET_MS = { minute: MINUTE_MS, hour: 60 * MINUTE_MS, day: 24 * 60 * MINUTE_MS } as const;
const MOST_BUCKETS = 2000;
/** Buckets where the caller names no beginning: two hours, two days, two months. */
const USUAL_BUCKETS = { minute: 120, hour: 48, day: 60 } as const;

const query = z.object({
  bucket: z.enum(["minute", "hour", "day"]).default("hour").describe("Length of a bucket; days are those of UTC."),
  from: pastQuery.from,
  to: pastQuery.to,
  format: z.enum(["json", "csv"]).default("json").describe("`csv`: the buckets as RFC 4180 with a header line."),
});

const sums = z.object({
  tokens: z.number().int(),
  nanoUsd: z.number().int(),
  unpricedTokens: z.number().int().describe("Tokens for which no money is known."),
});
const named = z.array(sums.extend({ name: z.string().describe("Empty where none was stated.") }));

const answer = z
  .object({
    task: z.string(),
    bucket: query.shape.bucket,
    from: z.number().describe("Wall time in ms at which the first bucket begins."),
    to: z.number().describe("Wall time in ms at which the last one ends."),
    points: z.array(
      sums.extend({
        at: z.number().describe("When the bucket begins."),
        cumTokens: z.number().int().describe("Spent up to the bucket's end since spending began, windows or not."),
        cumNanoUsd: z.number().int(),
      }),
    ),
    byAgent: named,
    byModel: named,
    byOperation: named,
    limitTokens: z.number().optional(),
    limitNanoUsd: z.number().optional(),
    resets: z.array(z.number()).describe("Moments at which a window began, at most 500."),
    indexedTo: z.number().int().describe("Spends up to this position are counted."),
    first: z.number().int().describe("Position of the oldest record that could be counted."),
  })
  .meta({ id: "BudgetHistory" });

export function budgetHistoryRoute(app: App, near: Near): void {
  app.route({
    method: "GET",
    url: "/api/v1/boards/:board/budgets/:task/history",
    schema: {
      tags: ["budgets"],
      summary: "Read what was spent of a budget over time",
      description:
        "Charges and settlements of the budget and of those below it, where they were made: a budget that is moved later leaves its past behind.",
      params: boardParams.extend({ task: z.string().describe("The task, percent-encoded.") }),
      querystring: query,
      headers: readHeaders,
      response: {
        200: {
          description: "The buckets.",
          content: { "application/json": { schema: answer }, "text/csv": { schema: z.string() } },
        },
        ...problems(404),
      },
    },
    async handler(request, reply) {
      const board = await boardOf(near, request.params.board);
      const task = checkedName(near, request.params.task);
      const budget = board.state.budgets.get(task);
      if (budget === undefined) throw new Refusal("no_such_budget", { facts: { task } });
      const { bucket, format } = request.query;
      const edges = edgesOf(bucket, momentOf(request.query.from), momentOf(request.query.to));
      const found = await spent(() => board.spending({ task, edges }));
      const points = pointsOf(edges, found);
      if (format === "csv") {
        const lines = points.map(({ at, tokens, nanoUsd, unpricedTokens, cumTokens, cumNanoUsd }) =>
          csvLine([new Date(at).toISOString(), tokens, nanoUsd, unpricedTokens, cumTokens, cumNanoUsd]),
        );
        const head = csvLine(["at", "tokens", "nanoUsd", "unpricedTokens", "cumTokens", "cumNanoUsd"]);
        return reply.type("text/csv; charset=utf-8").send(head + lines.join("")) as never;
      }
      const from = edges[0] ?? 0;
      const to = edges.at(-1) ?? 0;
      return sendText(
        reply,
        JSON.stringify({
          task,
          bucket,
          from,
          to,
          points,
          byAgent: found.byAgent,
          byModel: found.byModel,
          byOperation: found.byOperation,
          ...limitsOf(budget),
          resets: await resetsOf(board, task, from, to),
          indexedTo: found.indexedTo,
          first: found.first,
        }),
      );
    },
  });
}

async function spent<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof HistoryError)) throw error;
    throw new Refusal(error.code, { facts: { reason: error.message.slice(0, 500) } });
  }
}

const csvLine = (cells: readonly (string | number)[]): string => `${cells.map(csvCell).join(",")}\r\n`;

const limitsOf = ({ limitTokens, terms }: Budget): { limitTokens?: number; limitNanoUsd?: number } => ({
  ...(limitTokens === undefined ? {} : { limitTokens }),
  ...(terms?.limitNanoUsd === undefined ? {} : { limitNanoUsd: terms.limitNanoUsd }),
});

/** Whole buckets around what was asked for. */
function edgesOf(bucket: keyof typeof BUCKET_MS, from: number | undefined, to: number | undefined): number[] {
  const length = BUCKET_MS[bucket];
  const end = Math.floor((to ?? Date.now()) / length) * length + length;
  const start = from === undefined ? end - USUAL_BUCKETS[bucket] * length : Math.floor(from / length) * length;
  const count = Math.round((end - start) / length);
  if (count < 1 || count > MOST_BUCKETS) {
    throw new Refusal("bad_request", {
      errors: [{ at: "from", message: `makes ${count} buckets of a ${bucket}: ask for 1 to ${MOST_BUCKETS}` }],
    });
  }
  return Array.from({ length: count + 1 }, (_, i) => start + i * length);
}

function pointsOf(edges: readonly number[], found: SpendingAnswer): z.infer<typeof answer>["points"] {
  let cumTokens = found.before.tokens;
  let cumNanoUsd = found.before.nanoUsd;
  return found.buckets.map(({ tokens, nanoUsd, unpricedTokens }, i) => {
    cumTokens += tokens;
    cumNanoUsd += nanoUsd;
    return { at: edges[i] ?? 0, tokens, nanoUsd, unpricedTokens, cumTokens, cumNanoUsd };
  });
}

async function resetsOf(board: BoardHandle, task: string, since: number, until: number): Promise<number[]> {
  const { hits } = await pastOf(board, {
    type: "budget.reset",
    name: task,
    since,
    until,
    order: "oldest",
    limit: 500,
  });
  return hits.flatMap(({ command }) =>
    command.type === "budget.reset" ? command.resets.filter((one) => one.task === task).map((one) => one.startsAt) : [],
  );
}
