// Owns the REST routes of every record as audit: pages of them, their live tail, and their export, all with one filter.
// Does not own the filter (views/audit-filter), the tail (audit-tail) or what can be proven (routes/proofs).

import { Readable } from "node:stream";
import type { FastifyReply } from "fastify";
import { z } from "zod";
import type { BoardHandle } from "../../engine/contract.ts";
import { type HistoryFilter, type HistoryPlace, MOST_PARTS } from "../../log/index.ts";
import { auditPages } from "../audit-pages.ts";
import { createTail } from "../audit-tail.ts";
import { EVENTS_TYPE, LIVE_HEADERS } from "../live/event-stream.ts";
import { type App, boardOf, type Near, sendNothing, sendText } from "../near.ts";
import { Refusal } from "../problem.ts";
import { proofExport } from "../proof-export.ts";
import { auditFilterOf, auditRecordsQuery } from "../views/audit-filter.ts";
import { pastOf } from "../views/audit-page.ts";
import { auditRecordCsv, auditRecordText, CSV_HEAD } from "../views/audit-record-text.ts";
import { cursorOf, placeOf } from "../views/history-text.ts";
import { boardParams, cursorQuery, epochAndSeq, problems, hasPart } from "./parts.ts";

const tags = ["audit"];
/** Exports at once, of all boards. Beyond: `overloaded`. */
const MOST_EXPORTS = 4;

const recordSchema = z
  .object({
    seq: z.number().int().describe("Position of its record."),
    part: z.number().int().describe("Which command of a batch, from 0; 0 for a single command."),
    time: z.string().describe("When it happened: as an imported event says, else when it was recorded. ISO 8601."),
    at: z.number().describe("When it was recorded: wall time in ms."),
    by: z.string().describe("Who sent it."),
    role: z
      .string()
      .optional()
      .describe("What its sender was allowed; absent for the server's own and followed files."),
    source: z.string().describe("Where it came in: http, socket, system, or `follow:` and a source."),
    action: z.string().describe("The event of a note, else the command's type."),
    outcome: z
      .string()
      .describe("`ok`, `repeat` (an id that was sent again: nothing was done), or the code of the refusal."),
    about: z.string().optional().describe("The key, task, claim, request, resource or source that it is about."),
    agent: z.string().optional().describe("Who it is about, where that is said."),
    task: z.string().optional().describe("The task that it is about, or was done for."),
    granted: z.boolean().optional(),
    reason: z.string().optional(),
    trace: z.string().optional().describe("W3C trace id."),
    span: z.string().optional().describe("W3C span id."),
    id: z.string().optional().describe("The sender's id for it."),
    command: z.looseObject({ type: z.string() }).describe("The command as it was recorded; its JSON byte for byte."),
    erased: z.literal(true).optional().describe("Its values were erased: null stands for each."),
  })
  .meta({ id: "AuditRecord" });

const listQuery = z.object({
  ...auditRecordsQuery,
  order: z.enum(["newest", "oldest"]).default("newest").describe("Which comes first."),
  limit: z.coerce.number().int().min(1).max(500).default(100),
  after: cursorQuery.describe("Only what follows this in that order: `next` of the page before."),
});

const position = z.coerce.number().int().min(1).max(Number.MAX_SAFE_INTEGER).optional();
const exportQuery = z.object({
  ...auditRecordsQuery,
  format: z
    .enum(["jsonl", "csv", "proof"])
    .default("jsonl")
    .describe("`proof` is the log itself with what bears it out, for `swarmboard audit verify`; it takes no filter."),
  first: position.describe("With `proof`: position of the first record."),
  last: position.describe("With `proof`: position of the last record."),
});

const place = z
  .string()
  .regex(/^([A-Za-z0-9_-]{1,64}\.)?\d{1,16}\.\d{1,5}$/, "is no place")
  .refine(hasPart, "is no place");

export function auditRecordRoutes(app: App, near: Near): void {
  app.route({
    method: "GET",
    url: "/api/v1/boards/:board/audit/records",
    schema: {
      tags,
      summary: "Read every record as audit",
      description:
        "Every command that was recorded, done or refused, with who sent it, what it came to and what it belongs to. A page may be shorter than `limit`, or empty, although another follows: looking for what is rare ends after some milliseconds, and goes on with `next`.",
      params: boardParams,
      querystring: listQuery,
      response: {
        200: z.object({
          ...epochAndSeq,
          first: z.number().int().describe("Position of the oldest record that is kept. What came before is gone."),
          records: z.array(recordSchema),
          next: z.string().nullable().describe("Pass it as `after` for the next page; null on the last."),
        }),
        ...problems(404),
      },
    },
    async handler(request, reply) {
      const board = await boardOf(near, request.params.board);
      const { order, limit, after } = request.query;
      const from = placeOf(after);
      const bound = order === "oldest" ? { after: from } : { before: from };
      const page = await pastOf(board, { ...auditFilterOf(request.query), ...bound, order, limit });
      const { epoch } = board.position;
      const next = page.next === undefined ? "null" : `"${cursorOf(page.next)}"`;
      const records = page.hits.map(auditRecordText).join(",");
      return sendText(
        reply,
        `{"epoch":${JSON.stringify(epoch)},"seq":${page.seq},"first":${page.first},"records":[${records}],"next":${next}}`,
      );
    },
  });

  app.route({
    method: "GET",
    url: "/api/v1/boards/:board/audit/tail",
    schema: {
      tags,
      summary: "Follow the audit",
      description:
        "An event stream of `record` (as in the pages of records) for each one that meets the filter, from `after` or `Last-Event-ID` on, else from now. Each id is the place to go on from, so that nothing is lost or told twice. Also `open`; `reset`, where a place is of another history, and it begins from now; `missed`, for records that are not kept any more. It ends after 1 MiB or 30 s: ask again with the last id.",
      params: boardParams,
      querystring: z.object({
        ...auditRecordsQuery,
        after: place.optional().describe("Where to go on from: an event's id, or a record's `seq.part`."),
      }),
      headers: z.object({
        "last-event-id": z.string().optional().describe("As browsers send it; goes before `after`."),
      }),
      response: {
        200: { description: "Records.", content: { [EVENTS_TYPE]: { schema: z.string() } } },
        ...problems(404),
      },
    },
    async handler(request, reply) {
      const board = await boardOf(near, request.params.board);
      if (request.method === "HEAD") return sendNothing(reply.headers(LIVE_HEADERS).type(EVENTS_TYPE));
      const lastId = request.headers["last-event-id"];
      const asked = typeof lastId === "string" && lastId !== "" ? lastId : request.query.after;
      const { from, reset } = startOf(board, asked);
      const filter = auditFilterOf(request.query);
      // What cannot be read is refused with a code, while there can be one.
      await pastOf(board, { ...filter, order: "oldest", after: from, limit: 1 });
      reply.hijack();
      const tail = createTail({
        board,
        filter,
        from,
        reset,
        response: reply.raw,
        timings: near.settings.timings,
        onEnd: () => near.tails.delete(tail),
      });
      near.tails.add(tail);
      tail.run().catch((error: unknown) => request.log.warn({ err: error, board: board.name }, "an audit tail ended"));
      return reply as never;
    },
  });

  let exporting = 0;
  app.route({
    method: "GET",
    url: "/api/v1/boards/:board/audit/export",
    schema: {
      tags,
      summary: "Export the audit",
      description:
        "All records up to now that meet the filter, oldest first, as JSON lines or CSV, as a stream. In CSV a text that a spreadsheet would take for a formula has a `'` before it. The header `X-Swarmboard-First` is the position of the first record that the log still has. A stream that breaks off was not whole. `format=proof` gives the log itself with its checkpoints and keys: `swarmboard audit verify` checks the file without this server.",
      params: boardParams,
      querystring: exportQuery,
      response: {
        200: {
          description: "The file.",
          content: {
            "application/jsonl": { schema: z.string() },
            "text/csv": { schema: z.string() },
          },
        },
        ...problems(404, 410),
      },
    },
    async handler(request, reply) {
      const { format, first, last, ...query } = request.query;
      const board = await boardOf(near, request.params.board);
      const filtered = Object.entries(query).filter(([, value]) => value !== undefined);
      const misplaced = format === "proof" ? filtered.map(([name]) => name) : positionsIn({ first, last });
      if (misplaced.length > 0) {
        const message = format === "proof" ? "does not go with format=proof" : "goes with format=proof alone";
        throw new Refusal("bad_request", { errors: misplaced.map((at) => ({ at, message })) });
      }
      const isCsv = format === "csv";
      void reply.headers({
        "Cache-Control": "no-store",
        "Content-Disposition": `attachment; filename="${board.name}-audit.${isCsv ? "csv" : "jsonl"}"`,
        "Content-Type": isCsv ? "text/csv; charset=utf-8; header=present" : "application/jsonl; charset=utf-8",
      });
      if (request.method === "HEAD") return sendNothing(reply);
      if (exporting >= MOST_EXPORTS) throw new Refusal("overloaded", { facts: { retryAfterMs: 5000 } });
      exporting++;
      let pieces: AsyncIterable<string | Uint8Array>;
      try {
        pieces =
          format === "proof"
            ? await proofPieces(near, board, first, last)
            : recordPieces(board, auditFilterOf(request.query), isCsv);
      } catch (error) {
        exporting--;
        throw error;
      }
      // Never silently short (rule 15): what came before is in archives.
      if (format !== "proof") void reply.header("X-Swarmboard-First", String(board.past.first));
      const file = Readable.from(pieces, { objectMode: false, highWaterMark: 65_536 });
      file.once("close", () => exporting--);
      return sendFile(reply, file);
    },
  });
}

const positionsIn = (positions: Readonly<Record<string, number | undefined>>): string[] =>
  Object.keys(positions).filter((name) => positions[name] !== undefined);

// The stream is of the route's answer schema, which the type provider would have as an object.
const sendFile = (reply: FastifyReply, file: Readable): never => reply.send(file) as never;

function startOf(
  board: BoardHandle,
  asked: string | undefined,
): Pick<Parameters<typeof createTail>[0], "from" | "reset"> {
  const { epoch, seq } = board.position;
  const now: HistoryPlace = { seq, part: MOST_PARTS - 1 };
  if (asked === undefined) return { from: now, reset: undefined };
  if (!place.safeParse(asked).success)
    throw new Refusal("bad_request", { errors: [{ at: "after", message: "is no place" }] });
  const parts = asked.split(".");
  const [at = 0, part = 0] = parts.slice(-2).map(Number);
  if (parts.length === 3 && parts[0] !== epoch) return { from: now, reset: "epoch" };
  return at > seq ? { from: now, reset: "ahead" } : { from: { seq: at, part }, reset: undefined };
}

/** Up to the position of now, so that an export of a busy board ends. */
async function* recordPieces(board: BoardHandle, filter: HistoryFilter, isCsv: boolean): AsyncGenerator<string, void> {
  const before = { seq: board.position.seq + 1, part: 0 };
  const { first } = board.past;
  let covered = first - 1;
  if (isCsv) yield CSV_HEAD;
  for await (const page of auditPages(board, { ...filter, before }, undefined)) {
    // Retention has cut what this export had not come to: a stream that breaks off is not taken for a whole one (rule 15).
    if (page.first > first && page.first > covered + 1)
      throw new Error("records were archived while they were exported");
    covered = page.next?.seq ?? page.seq;
    for (const hit of page.hits) yield isCsv ? auditRecordCsv(hit) : `${auditRecordText(hit)}\n`;
  }
}

async function proofPieces(near: Near, board: BoardHandle, first: number | undefined, last: number | undefined) {
  const dir = near.settings.dataDir;
  if (dir === undefined || board.proofs === undefined)
    throw new Refusal("not_found", { detail: "This board is kept in memory only: nothing of it can be proven." });
  const { seq } = board.position;
  if ((first ?? 1) > Math.min(last ?? seq, seq))
    throw new Refusal("not_found", { detail: `The log has the records 1 to ${seq}: none of those asked for.` });
  const oldest = (await board.past.archives())[0]?.first ?? board.past.first;
  if ((first ?? last ?? seq) < oldest)
    throw new Refusal("record_archived", { facts: { first: oldest, archive: null } });
  // So that what is exported is under a checkpoint.
  await board.signNow();
  const range = { ...(first === undefined ? {} : { from: first }), ...(last === undefined ? {} : { to: last }) };
  return proofExport({ dir, board: board.name, ...range });
}
