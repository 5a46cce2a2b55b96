// Owns the REST routes of entries: list, read, put, patch, delete. The key is in the path or in `?key=`.
// Does not own verdicts: conditions travel in the command and are judged by the fold.

import { setImmediate as breathe } from "node:timers/promises";
import { z } from "zod";
import type { BoardHandle } from "../../engine/contract.ts";
import { type LogRecord, type Seq, seq as seqOf } from "../../protocol/index.ts";
import { ttlMs } from "../../protocol/commands/parts.ts";
import {
  type App,
  boardOf,
  checkedName,
  type Near,
  notModified,
  type Sent,
  send,
  sendNothing,
  sendText,
} from "../near.ts";
import { Refusal } from "../problem.ts";
import { entryText, pageOfKeys } from "../views/entry-text.ts";
import { conditionOf, entryEtag, isFresh } from "../views/etag.ts";
import { empty } from "./answers.ts";
import {
  boardParams,
  entrySchema,
  epochAndSeq,
  jsonValue,
  limitQuery,
  problems,
  readHeaders,
  writeHeaders,
  writeProblems,
} from "./parts.ts";

const LIST = "/api/v1/boards/:board/entries";
const ONE = "/api/v1/boards/:board/entries/*";
/** Characters of one page besides its last entry. At the bound the page ends early and `next` says where to go on. */
const MAX_PAGE_CHARS = 8 * 1_048_576;

const tags = ["entries"];
const keyParams = boardParams.extend({
  key: z
    .string()
    .describe(
      "The key, percent-encoded: at most 512 bytes of UTF-8, unless --max-key-bytes says otherwise. Slashes may stay as they are.",
    ),
});
const keyQuery = z.object({
  key: z.string().optional().describe("The key, instead of the one in the path (for `.`, `..` and the like)."),
});
const conditionHeaders = writeHeaders.extend({
  "if-match": z
    .string()
    .optional()
    .describe('`"<rev>"`: only over this revision. `*`: only over an entry that is there.'),
  "if-none-match": z.string().optional().describe("`*`: only if there is no entry with this key."),
});
const listQuery = keyQuery.extend({
  prefix: z.string().default("").describe("Only keys that begin so."),
  limit: limitQuery.default(100),
  after: z
    .string()
    .optional()
    .describe("Only keys after this one, in order of their UTF-8 bytes: `next` of the page before."),
});
const listAnswer = z.object({
  ...epochAndSeq,
  total: z.number().int().describe("Entries on the board."),
  entries: z.array(entrySchema),
  next: z.string().nullable().describe("Pass it as `after` for the next page; null on the last."),
});
const putBody = z
  .object({ value: jsonValue, ttlMs: ttlMs.optional() })
  .meta({ description: "`value` is any JSON; without `ttlMs` the entry stays until it is deleted." });
const writtenSchema = entrySchema.partial({ value: true }).meta({
  id: "WrittenEntry",
  description: "`value` is left out of an answer to a patch whose entry has changed again since.",
});
const deletedSchema = entrySchema.pick({ key: true, rev: true, seq: true, by: true, at: true });

export function entryRoutes(app: App, near: Near): void {
  const page = async (board: BoardHandle, query: z.infer<typeof listQuery>): Promise<string> => {
    const { entries } = board.state;
    const keys = await pageOfKeys(entries.keys(), query.prefix, query.after, query.limit + 1, breathe);
    const clockNow = board.clockNow();
    let text = "";
    let seen = 0;
    for (const key of keys.slice(0, query.limit)) {
      seen++;
      const entry = entries.get(key);
      if (entry === undefined) continue;
      text += (text === "" ? "" : ",") + entryText(entry, clockNow);
      if (text.length > MAX_PAGE_CHARS) break;
    }
    const next = seen < keys.length ? JSON.stringify(keys[seen - 1]) : "null";
    return `{"epoch":${JSON.stringify(board.position.epoch)},"seq":${board.position.seq},"total":${entries.size},"entries":[${text}],"next":${next}}`;
  };

  /** The entry that a write made; from its record where the entry has moved on since, or this is a repeat. */
  const written = async (board: BoardHandle, key: string, sent: Sent, value: string | undefined): Promise<string> => {
    const { accepted } = sent;
    const entry = board.state.entries.get(key);
    if (entry !== undefined && entry.seq === accepted.seq) return entryText(entry, board.clockNow());
    const record = await recordAt(board, seqOf(accepted.seq));
    const shown = value === undefined ? "" : `"value":${value},`;
    return (
      `{"key":${JSON.stringify(key)},${shown}"rev":${accepted.made.rev ?? 0},"seq":${accepted.seq}` +
      `,"by":${JSON.stringify(record?.actor ?? sent.actor)},"at":${record?.at ?? near.now()}}`
    );
  };

  app.route({
    method: "GET",
    url: LIST,
    schema: {
      tags,
      summary: "List entries",
      description: "A page of entries in order of their keys. With `key`, that one entry, as if it were in the path.",
      params: boardParams,
      querystring: listQuery,
      headers: readHeaders,
      response: { 200: z.union([listAnswer, entrySchema]), 304: empty, ...problems(404) },
    },
    async handler(request, reply) {
      const board = await boardOf(near, request.params.board);
      if (request.query.key !== undefined) return one(board, request.query.key, request, reply);
      if (notModified(request, reply, board)) return sendNothing(reply);
      return sendText(reply, await page(board, request.query));
    },
  });

  const one = (
    board: BoardHandle,
    name: string,
    request: { headers: { "if-none-match"?: string | undefined } },
    reply: Parameters<typeof sendText>[0],
  ): never => {
    const entry = board.state.entries.get(checkedName(near, name));
    if (entry === undefined) throw new Refusal("no_such_entry", { facts: { key: name } });
    const etag = entryEtag(entry.rev);
    void reply.header("ETag", etag);
    if (isFresh(request.headers["if-none-match"], etag)) return sendNothing(reply.code(304));
    return sendText(reply, entryText(entry, board.clockNow()));
  };

  app.route({
    method: "GET",
    url: ONE,
    schema: {
      tags,
      summary: "Read an entry",
      description: "The entry with its revision, which is also its ETag.",
      params: keyParams,
      querystring: keyQuery,
      headers: readHeaders,
      response: { 200: entrySchema, 304: empty, ...problems(404) },
    },
    handler: async (request, reply) =>
      one(await boardOf(near, request.params.board), request.query.key ?? request.params.key, request, reply),
  });

  const describe = (params: typeof keyParams | typeof boardParams) => ({
    tags,
    params,
    querystring: keyQuery,
    headers: conditionHeaders,
  });
  const keyOf = (request: { params: object; query: z.infer<typeof keyQuery> }): string =>
    checkedName(near, request.query.key ?? ("key" in request.params ? String(request.params.key) : undefined));

  for (const [url, params] of [
    [ONE, keyParams],
    [LIST, boardParams],
  ] as const) {
    const note = url === LIST ? " The key is in `?key=`." : "";
    app.route({
      method: "PUT",
      url,
      schema: {
        ...describe(params),
        summary: `Put an entry${url === LIST ? " by query" : ""}`,
        description: `Set the whole value. 201 where there was no entry.${note}`,
        body: putBody,
        response: { 200: writtenSchema, 201: writtenSchema, ...writeProblems(412, 428) },
      },
      async handler(request, reply) {
        const board = await boardOf(near, request.params.board);
        const key = keyOf(request);
        const { value } = request.body;
        const existed = board.state.entries.has(key);
        const sent = await send(near, request, board, {
          type: "entry.put",
          key,
          value,
          ttlMs: request.body.ttlMs,
          if: conditionOf(request.headers, board.state.entries.get(key)?.rev),
        });
        // A repeat is answered as the first was: that made the entry where it made revision 1.
        const made = sent.accepted.made.rev === 1 || (!existed && sent.accepted.duplicate !== true);
        void reply.code(made ? 201 : 200).header("ETag", entryEtag(sent.accepted.made.rev ?? 0));
        return sendText(reply, await written(board, key, sent, value));
      },
    });

    app.route({
      method: "PATCH",
      url,
      config: { mediaTypes: ["application/merge-patch+json"] },
      schema: {
        ...describe(params),
        summary: `Merge into an entry${url === LIST ? " by query" : ""}`,
        description: `The body is a merge patch (RFC 7396, content type application/merge-patch+json). An absent entry counts as {}.${note}`,
        consumes: ["application/merge-patch+json"],
        body: jsonValue,
        response: { 200: writtenSchema, ...writeProblems(412, 428) },
      },
      async handler(request, reply) {
        const board = await boardOf(near, request.params.board);
        const key = keyOf(request);
        const sent = await send(near, request, board, {
          type: "entry.merge",
          key,
          patch: request.body,
          if: conditionOf(request.headers, board.state.entries.get(key)?.rev),
        });
        void reply.header("ETag", entryEtag(sent.accepted.made.rev ?? 0));
        return sendText(reply, await written(board, key, sent, undefined));
      },
    });

    app.route({
      method: "DELETE",
      url,
      schema: {
        ...describe(params),
        summary: `Delete an entry${url === LIST ? " by query" : ""}`,
        description: `The revision goes on where the key is written again.${note}`,
        response: { 200: deletedSchema, ...writeProblems(412, 428) },
      },
      async handler(request, reply) {
        const board = await boardOf(near, request.params.board);
        const key = keyOf(request);
        const sent = await send(near, request, board, {
          type: "entry.delete",
          key,
          if: conditionOf(request.headers, board.state.entries.get(key)?.rev),
        });
        const record = await recordAt(board, seqOf(sent.accepted.seq));
        return reply.send({
          key,
          rev: sent.accepted.made.rev ?? 0,
          seq: sent.accepted.seq,
          by: sent.actor,
          at: record?.at ?? near.now(),
        });
      },
    });
  }
}

/** One record from the log. */
async function recordAt(board: BoardHandle, seq: Seq): Promise<LogRecord | undefined> {
  for await (const records of board.read(seq)) return records.find((record) => record.seq === seq);
  return undefined;
}
