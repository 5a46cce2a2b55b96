// Owns the REST routes of claims: a lease on a name with a fencing number. The holder is the writer's name.

import { z } from "zod";
import { amount, ttlMs } from "../../protocol/commands/parts.ts";
import type { BoardHandle } from "../../engine/contract.ts";
import {
  type App,
  boardOf,
  checkedName,
  type Near,
  notModified,
  type Sent,
  send,
  sendNothing,
  writerOf,
} from "../near.ts";
import { Refusal } from "../problem.ts";
import { done, doneSchema, empty } from "./answers.ts";
import { boardParams, epochAndSeq, problems, readHeaders, writeHeaders, writeProblems } from "./parts.ts";

const tags = ["claims"];
const claimParams = boardParams.extend({
  claim: z
    .string()
    .describe("The claim, percent-encoded: at most 512 bytes of UTF-8, unless --max-key-bytes says otherwise."),
});
const claimSchema = z
  .object({
    claim: z.string(),
    holder: z.string(),
    fence: z
      .number()
      .int()
      .describe("Present it to what the claim protects: a smaller one than the last seen is stale."),
    ttlLeftMs: z.number(),
    seq: z.number().int(),
  })
  .meta({ id: "Claim" });
const URL_ONE = "/api/v1/boards/:board/claims/:claim";

export function claimRoutes(app: App, near: Near): void {
  app.route({
    method: "GET",
    url: "/api/v1/boards/:board/claims",
    schema: {
      tags,
      summary: "List claims",
      description: "The claims that are held now.",
      params: boardParams,
      headers: readHeaders,
      response: { 200: z.object({ ...epochAndSeq, claims: z.array(claimSchema) }), 304: empty, ...problems(404) },
    },
    async handler(request, reply) {
      const board = await boardOf(near, request.params.board);
      if (notModified(request, reply, board)) return sendNothing(reply);
      const clockNow = board.clockNow();
      const claims = [];
      for (const { claim, holder, fence, expiresAtClock, seq } of board.state.claims.values()) {
        if (holder !== undefined)
          claims.push({ claim, holder, fence, ttlLeftMs: Math.max(0, expiresAtClock - clockNow), seq });
      }
      return { ...board.position, claims };
    },
  });

  const answer = (board: BoardHandle, claim: string, { accepted, actor }: Sent): z.infer<typeof claimSchema> => ({
    claim,
    // Whoever shows the fence may renew; the holder stays who acquired it.
    holder: board.state.claims.get(claim)?.holder ?? actor,
    fence: accepted.made.fence ?? 0,
    ttlLeftMs: Math.max(0, (accepted.made.expiresAtClock ?? 0) - board.clockNow()),
    seq: accepted.seq,
  });

  app.route({
    method: "POST",
    url: `${URL_ONE}/acquire`,
    schema: {
      tags,
      summary: "Acquire a claim",
      description: "Refused with `claim_held` while somebody else holds it.",
      params: claimParams,
      headers: writeHeaders,
      body: z.object({ ttlMs }),
      response: { 200: claimSchema, ...writeProblems() },
    },
    async handler(request) {
      const board = await boardOf(near, request.params.board);
      const claim = checkedName(near, request.params.claim);
      try {
        const sent = await send(near, request, board, { type: "claim.acquire", claim, ...request.body });
        return answer(board, claim, sent);
      } catch (error) {
        const isOwn =
          error instanceof Refusal &&
          error.code === "claim_held" &&
          error.told.facts?.["holder"] === writerOf(near, request);
        if (!isOwn) throw error;
        // Names are not proven, so the fence, which only the holder was given, is not told here.
        const detail = "It is held under your own name already. To keep it longer, renew it with its fence.";
        throw new Refusal(error.code, { ...error.told, detail });
      }
    },
  });

  app.route({
    method: "POST",
    url: `${URL_ONE}/renew`,
    schema: {
      tags,
      summary: "Renew a claim",
      description: "Refused with `claim_lost` if it is not held with this fencing number any more.",
      params: claimParams,
      headers: writeHeaders,
      body: z.object({ fence: amount, ttlMs }),
      response: { 200: claimSchema, ...writeProblems() },
    },
    async handler(request) {
      const board = await boardOf(near, request.params.board);
      const claim = checkedName(near, request.params.claim);
      return answer(board, claim, await send(near, request, board, { type: "claim.renew", claim, ...request.body }));
    },
  });

  app.route({
    method: "POST",
    url: `${URL_ONE}/release`,
    schema: {
      tags,
      summary: "Release a claim",
      description: "Refused with `claim_lost` if it is not held with this fencing number any more.",
      params: claimParams,
      headers: writeHeaders,
      body: z.object({ fence: amount }),
      response: { 200: doneSchema, ...writeProblems() },
    },
    async handler(request) {
      const board = await boardOf(near, request.params.board);
      const claim = checkedName(near, request.params.claim);
      return done((await send(near, request, board, { type: "claim.release", claim, ...request.body })).accepted);
    },
  });
}
