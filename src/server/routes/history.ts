// Owns the REST routes of a board's history: what was done, by whom and when, as far back as the log goes (rule 15).
// Does not own the looking up (log/). Bounded: pages of at most 500 commands, so many questions at once.

import { z } from "zod";
import type { BoardHandle } from "../../engine/contract.ts";
import type { HistoryAnswer, HistoryFilter } from "../../log/index.ts";
import { singleCommandSchema } from "../../protocol/index.ts";
import { type App, boardOf, checkedName, type Near, notModified, sendNothing, sendText } from "../near.ts";
import { historyText, placeOf } from "../views/history-text.ts";
import { pastOf } from "../views/audit-page.ts";
import { empty } from "./answers.ts";
import { boardParams, cursorQuery, epochAndSeq, momentOf, pastQuery, problems, readHeaders } from "./parts.ts";

const tags = ["history"];

const pageQuery = z.object({
  from: pastQuery.from,
  to: pastQuery.to,
  actor: z.string().optional().describe("Only what this writer sent."),
  limit: z.coerce.number().int().min(1).max(500).default(100),
  after: cursorQuery.describe("Only what is older than this: `next` of the page before."),
});
const types = singleCommandSchema.options.map(({ shape }) => shape.type.value);

const listQuery = pageQuery.extend({
  type: z.enum(types).optional().describe("Only commands of this type, such as `entry.put`."),
  key: z.string().optional().describe("Only what is about this key, task, claim, request, resource or source."),
  prefix: z.string().optional().describe("Only where that name begins so."),
  agent: z.string().optional().describe("Only what is about this agent."),
  event: z.string().optional().describe("Only this event (audit), state (agents) or status (tasks)."),
  granted: z.enum(["true", "false"]).optional().describe("Only grants, or only denials."),
  q: pastQuery.q,
});

const recordSchema = z
  .object({
    seq: z.number().int().describe("Position of its record."),
    part: z.number().int().describe("Which command of a batch, from 0; 0 for a single command."),
    at: z.number().describe("Wall time in ms at which it was recorded."),
    by: z.string().describe("Who sent it."),
    source: z.string().describe("Where it came in: http, socket, system, or `follow:` and a source."),
    role: z.string().optional().describe("What its sender was allowed; absent for the server's own."),
    trace: z.string().optional().describe("W3C trace id and span id, with a hyphen between."),
    task: z.string().optional().describe("The task that it was done for, as its sender says."),
    command: z.looseObject({ type: z.string() }).describe("The command as it was sent; its JSON byte for byte."),
  })
  .meta({ id: "HistoryRecord" });
const listAnswer = z.object({
  ...epochAndSeq,
  indexedTo: z.number().int().describe("What came after this position was looked through without the index."),
  first: z.number().int().describe("Position of the oldest record that is kept. What came before is gone."),
  records: z.array(recordSchema),
  next: z.string().nullable().describe("Pass it as `after` for the next page; null on the last."),
});

export function historyRoutes(app: App, near: Near): void {
  const answer = async (board: BoardHandle, filter: HistoryFilter): Promise<string> => {
    const found: HistoryAnswer = await pastOf(board, filter);
    const { seq, indexedTo, first } = found;
    const { epoch } = board.position;
    return `{"epoch":${JSON.stringify(epoch)},"seq":${seq},"indexedTo":${indexedTo},"first":${first},${historyText(found)}}`;
  };
  const shared = ({ from, to, actor, limit, after }: z.infer<typeof pageQuery>): HistoryFilter => ({
    since: momentOf(from),
    until: momentOf(to),
    actor,
    limit,
    before: placeOf(after),
  });

  app.route({
    method: "GET",
    url: "/api/v1/boards/:board/history",
    schema: {
      tags,
      summary: "Read a board's history",
      description:
        "Every command that took effect, newest first, in pages. Refused commands and repeats of an id changed nothing and are left out.",
      params: boardParams,
      querystring: listQuery,
      headers: readHeaders,
      response: { 200: listAnswer, 304: empty, ...problems(404) },
    },
    async handler(request, reply) {
      const board = await boardOf(near, request.params.board);
      const { type, key, prefix, agent, event, granted, q } = request.query;
      if (notModified(request, reply, board)) return sendNothing(reply);
      const filter: HistoryFilter = {
        ...shared(request.query),
        type,
        name: key,
        namePrefix: prefix,
        agent,
        event,
        granted: granted === undefined ? undefined : granted === "true",
        text: q,
      };
      return sendText(reply, await answer(board, filter));
    },
  });

  app.route({
    method: "GET",
    url: "/api/v1/boards/:board/history/*",
    schema: {
      tags,
      summary: "Read an entry's history",
      description: "The puts, merges, deletes and expiries of one key, newest first, in pages.",
      params: boardParams.extend({
        key: z
          .string()
          .describe(
            "The key, percent-encoded: at most 512 bytes of UTF-8, unless --max-key-bytes says otherwise. Slashes may stay as they are.",
          ),
      }),
      querystring: pageQuery.extend({
        key: z.string().optional().describe("The key, instead of the one in the path (for `.`, `..` and the like)."),
      }),
      headers: readHeaders,
      response: { 200: listAnswer, 304: empty, ...problems(404) },
    },
    async handler(request, reply) {
      const board = await boardOf(near, request.params.board);
      const name = checkedName(near, request.query.key ?? request.params.key);
      if (notModified(request, reply, board)) return sendNothing(reply);
      return sendText(reply, await answer(board, { ...shared(request.query), entriesOnly: true, name }));
    },
  });
}
