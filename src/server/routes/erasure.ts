// Owns the REST routes of erasing values (rule 17) and of what retention has archived.
// Does not own how a record is erased (engine/eraser) or archived (engine/archivist).

import type { FastifyRequest } from "fastify";
import { z } from "zod";
import { pastOf } from "../views/audit-page.ts";
import { prose } from "../../protocol/commands/parts.ts";
import { redactText } from "../../protocol/secrets.ts";
import { OPEN_ROLE } from "../links.ts";
import { type App, boardOf, checkedName, type Near, writerOf } from "../near.ts";
import { Refusal, refusalOf } from "../problem.ts";
import { boardParams, problems, writeHeaders } from "./parts.ts";

const tags = ["audit"];
const position = z.coerce.number().int().min(1).max(Number.MAX_SAFE_INTEGER);

const erasedSchema = z
  .object({
    seq: z.number().int().describe("Position of the record that says so."),
    erased: z
      .array(z.number().int())
      .describe(
        "Positions of the records whose values are gone: the one that was named, and those that repeat it or depend on it.",
      ),
  })
  .meta({ id: "Erased" });

const reason = prose.optional().describe("Why. It becomes part of the log: do not repeat here what is erased.");
const note =
  "All values of entries that the record holds are replaced by null, for good, in the log, snapshots and archives. The envelope stays: who wrote when, and every proof. Where the value of now rests on them, it ends, too. Copies elsewhere (exports, backups, clients) are not reached. There is no way back.";

export function erasureRoutes(app: App, near: Near): void {
  const erase = async (request: FastifyRequest, name: string, seq: number, why: string | undefined) => {
    const board = await boardOf(near, name);
    const actor = writerOf(near, request);
    const outcome = await board.past.erase(seq, {
      actor,
      source: "http",
      role: OPEN_ROLE,
      reason: why === undefined ? undefined : redactText(why),
    });
    if (outcome.ok) return { seq: outcome.seq, erased: [...outcome.erased] };
    throw refusalOf({
      ok: false,
      code: outcome.code,
      ...(outcome.detail === undefined ? {} : { detail: outcome.detail }),
    });
  };

  app.route({
    method: "POST",
    url: "/api/v1/boards/:board/audit/erase",
    schema: {
      tags,
      summary: "Erase the values of a record",
      description: note,
      params: boardParams,
      headers: writeHeaders.pick({ "x-swarmboard-agent": true }),
      body: z.object({
        seq: z.number().int().min(1).max(Number.MAX_SAFE_INTEGER).describe("Position of the record."),
        confirm: z.literal(true).describe("Must be true: there is no way back."),
        reason,
      }),
      response: { 200: erasedSchema, ...problems(404, 409, 410, 413, 415, 422) },
    },
    async handler(request) {
      return erase(request, request.params.board, request.body.seq, request.body.reason);
    },
  });

  app.route({
    method: "DELETE",
    url: "/api/v1/boards/:board/history/*",
    schema: {
      tags: ["history"],
      summary: "Erase one version of an entry",
      description: `The address is that of the entry's history, and the position of the record: \`…/history/{key}/{seq}\`. ${note}`,
      params: boardParams.extend({ key: z.string().describe("The key, percent-encoded, a slash, and the position.") }),
      headers: writeHeaders.pick({ "x-swarmboard-agent": true }),
      querystring: z.object({ confirm: z.literal("true").describe("Must be true: there is no way back."), reason }),
      response: { 200: erasedSchema, ...problems(404, 409, 410, 422) },
    },
    async handler(request) {
      const found = /^([^]*)\/(\d{1,15})$/.exec(request.params.key);
      const key = checkedName(near, found?.[1]);
      const seq = Number(found?.[2]);
      const board = await boardOf(near, request.params.board);
      // Whether an archived record writes this key is not known: `audit/erase` takes its position alone.
      await refuseArchived(board, seq);
      if (!(await isOfKey(board, key, seq))) {
        throw new Refusal("no_such_record", {
          detail: "The record at this position does not write this key.",
          facts: { seq },
        });
      }
      return erase(request, request.params.board, seq, request.query.reason);
    },
  });

  app.route({
    method: "GET",
    url: "/api/v1/boards/:board/audit/archives",
    schema: {
      tags,
      summary: "List the archives of a board",
      description:
        "What retention has moved out of the log, oldest first. Each is a file in the board's folder `archive/` that `swarmboard audit verify` reads.",
      params: boardParams,
      response: {
        200: z.object({
          first: z.number().int().describe("Position of the first record that the log itself still has."),
          archives: z.array(z.object({ name: z.string(), first: position, last: position })),
        }),
        ...problems(404),
      },
    },
    async handler(request) {
      const board = await boardOf(near, request.params.board);
      const archives = (await board.past.archives()).map(({ name, first, last }) => ({ name, first, last }));
      return { first: board.past.first, archives };
    },
  });
}

/** Whether a record of the log writes a key. */
async function isOfKey(board: Awaited<ReturnType<typeof boardOf>>, key: string, seq: number): Promise<boolean> {
  const before = { seq: seq + 1, part: 0 };
  const { hits } = await pastOf(board, { name: key, entriesOnly: true, before, limit: 1 });
  return hits[0]?.seq === seq;
}

/** @throws Refusal `record_archived`, with the archive that holds it */
export async function refuseArchived(board: Awaited<ReturnType<typeof boardOf>>, seq: number): Promise<void> {
  if (seq >= board.past.first) return;
  const archive = await board.past.archiveOf(seq);
  throw new Refusal("record_archived", { facts: { first: board.past.first, archive: archive ?? null } });
}
