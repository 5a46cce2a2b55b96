// Owns the REST routes of the audit log: the newest notes in pages, and noting an event.
// Does not own older history: pages reach as far back as the board keeps notes in memory, and say how many there are in all.

import { z } from "zod";
import { auditNoteSchema } from "../../protocol/commands/audit.ts";
import { type AuditNote, classicAuditSchema } from "../../protocol/index.ts";
import { type App, boardOf, type Near, notModified, send, sendNothing, sendText } from "../near.ts";
import { auditText } from "../views/audit-text.ts";
import { done, doneSchema, empty } from "./answers.ts";
import { boardParams, epochAndSeq, limitQuery, problems, readHeaders, writeHeaders, writeProblems } from "./parts.ts";

const tags = ["audit"];
/** Characters of one page besides its last note. At the bound the page ends early. */
const MAX_PAGE_CHARS = 8 * 1_048_576;

const query = z.object({
  event: z.string().optional().describe("Only this event."),
  agent: z.string().optional().describe("Only this agent."),
  granted: z.enum(["true", "false"]).optional().describe("Only grants, or only denials."),
  limit: limitQuery.default(100),
  after: z
    .string()
    .regex(/^\d{1,16}\.\d{1,9}$/)
    .optional()
    .describe("Only notes older than this one: `next` of the page before."),
});

const bodySchema = auditNoteSchema.omit({ type: true, at: true }).meta({ description: "`details` is any JSON." });

/** Notes with their cursors, the newest first. Several notes of one record (a batch) are told apart by their order. */
function* newestFirst(
  notes: readonly AuditNote[],
): Generator<{ readonly note: AuditNote; readonly cursor: readonly [number, number] }> {
  for (let i = notes.length - 1, nth = 0; i >= 0; i--) {
    const note = notes[i] as AuditNote;
    nth = notes[i + 1]?.seq === note.seq ? nth + 1 : 0;
    yield { note, cursor: [note.seq, nth] };
  }
}

export function auditRoutes(app: App, near: Near): void {
  app.route({
    method: "GET",
    url: "/api/v1/boards/:board/audit",
    schema: {
      tags,
      summary: "Read the audit log",
      description: "Newest first, in pages. `kept` of `total` notes can be paged through; older ones are in the log.",
      params: boardParams,
      querystring: query,
      headers: readHeaders,
      response: {
        200: z.object({
          ...epochAndSeq,
          total: z.number().int(),
          kept: z.number().int(),
          entries: z.array(classicAuditSchema),
          next: z.string().nullable(),
        }),
        304: empty,
        ...problems(404),
      },
    },
    async handler(request, reply) {
      const board = await boardOf(near, request.params.board);
      if (notModified(request, reply, board)) return sendNothing(reply);
      const { event, agent, granted, limit, after } = request.query;
      const [afterSeq, afterNth] =
        after === undefined ? [Infinity, 0] : (after.split(".").map(Number) as [number, number]);
      let text = "";
      let shown = 0;
      let last = "";
      let next: string | null = null;
      for (const { note, cursor } of newestFirst(board.state.audit.notes)) {
        if (cursor[0] > afterSeq || (cursor[0] === afterSeq && cursor[1] <= afterNth)) continue;
        if (event !== undefined && note.event !== event) continue;
        if (agent !== undefined && note.agent !== agent) continue;
        if (granted !== undefined && String(note.granted) !== granted) continue;
        if (shown === limit || text.length > MAX_PAGE_CHARS) {
          next = last;
          break;
        }
        text += (shown === 0 ? "" : ",") + auditText(note);
        shown++;
        last = cursor.join(".");
      }
      const { epoch, seq } = board.position;
      const { notes, total } = board.state.audit;
      return sendText(
        reply,
        `{"epoch":${JSON.stringify(epoch)},"seq":${seq},"total":${total},"kept":${notes.length},"entries":[${text}],"next":${JSON.stringify(next)}}`,
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
