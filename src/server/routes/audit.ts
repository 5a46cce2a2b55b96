// Owns the REST routes of the audit log: all notes there are in pages, and noting an event.
// Does not own where a page comes from: the board's memory or its history (views/audit-page).

import { z } from "zod";
import { auditNoteSchema } from "../../protocol/commands/audit.ts";
import { classicAuditSchema } from "../../protocol/index.ts";
import { type App, boardOf, type Near, notModified, send, sendNothing, sendText } from "../near.ts";
import { auditPage } from "../views/audit-page.ts";
import { auditText } from "../views/audit-text.ts";
import { cursorOf, placeOf } from "../views/history-text.ts";
import { done, doneSchema, empty } from "./answers.ts";
import {
  boardParams,
  cursorQuery,
  epochAndSeq,
  limitQuery,
  momentOf,
  pastQuery,
  problems,
  readHeaders,
  writeHeaders,
  writeProblems,
} from "./parts.ts";

const tags = ["audit"];

const query = z.object({
  event: z.string().optional().describe("Only this event."),
  agent: z.string().optional().describe("Only this agent."),
  granted: z.enum(["true", "false"]).optional().describe("Only grants, or only denials."),
  limit: limitQuery.default(100),
  after: cursorQuery.describe("Only notes older than this one: `next` of the page before."),
  ...pastQuery,
});

const bodySchema = auditNoteSchema.omit({ type: true, at: true }).meta({ description: "`details` is any JSON." });

export function auditRoutes(app: App, near: Near): void {
  app.route({
    method: "GET",
    url: "/api/v1/boards/:board/audit",
    schema: {
      tags,
      summary: "Read the audit log",
      description:
        "Newest first, in pages, back to the first one. `kept` of `total` notes are in memory; older ones come from the log. A page may be shorter than `limit` although another follows.",
      params: boardParams,
      querystring: query,
      headers: readHeaders,
      response: {
        200: z.object({
          ...epochAndSeq,
          total: z.number().int(),
          kept: z.number().int(),
          entries: z.array(classicAuditSchema),
          first: z
            .number()
            .int()
            .describe(
              "Position of the oldest record that the log still has: notes before it are archived, or in memory only.",
            ),
          next: z.string().nullable(),
        }),
        304: empty,
        ...problems(404),
      },
    },
    async handler(request, reply) {
      const board = await boardOf(near, request.params.board);
      if (notModified(request, reply, board)) return sendNothing(reply);
      const { event, agent, granted, limit, after, from, to, q } = request.query;
      const filter = {
        event,
        agent,
        granted: granted === undefined ? undefined : granted === "true",
        since: momentOf(from),
        until: momentOf(to),
        text: q,
      };
      const page = await auditPage(board, filter, limit, placeOf(after));
      const next = page.next === undefined ? null : cursorOf(page.next);
      const text = page.notes.map(auditText).join(",");
      const { epoch, seq } = board.position;
      const { notes, total } = board.state.audit;
      return sendText(
        reply,
        `{"epoch":${JSON.stringify(epoch)},"seq":${seq},"total":${total},"kept":${notes.length},"first":${board.past.first},"entries":[${text}],"next":${JSON.stringify(next)}}`,
      );
    },
  });

  app.route({
    method: "POST",
    url: "/api/v1/boards/:board/audit",
    schema: {
      tags,
      summary: "Note an event",
      description:
        "A permission request, a grant, a denial, or anything else worth keeping. Without `agent`, the writer.",
      params: boardParams,
      headers: writeHeaders,
      body: bodySchema,
      response: { 201: doneSchema, ...writeProblems() },
    },
    async handler(request, reply) {
      const board = await boardOf(near, request.params.board);
      const sent = await send(near, request, board, { type: "audit.note", ...request.body });
      return reply.code(201).send(done(sent.accepted));
    },
  });
}
