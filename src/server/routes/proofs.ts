// Owns the REST routes of what can be proven about the log: checkpoints, proofs of records, consistency, the key.
// Does not own how any of it is made (log/board-proofs). The texts are those of C2SP, as they stand in files.

import type { FastifyReply } from "fastify";
import { z } from "zod";
import type { BoardHandle } from "../../engine/contract.ts";
import { type App, boardOf, type Near } from "../near.ts";
import { Refusal } from "../problem.ts";
import { refuseArchived } from "./erasure.ts";
import { boardParams, problems } from "./parts.ts";

const tags = ["audit"];
const position = z.coerce.number().int().min(1).max(Number.MAX_SAFE_INTEGER);

const text = (description: string) => ({
  description,
  content: { "text/plain": { schema: z.string() } },
});

export function proofRoutes(app: App, near: Near): void {
  app.route({
    method: "GET",
    url: "/api/v1/boards/:board/audit/checkpoint",
    schema: {
      tags,
      summary: "Read the newest checkpoint",
      description:
        "A C2SP tlog-checkpoint: the size and the root of the tree over the log, signed. Keep one elsewhere: `swarmboard audit verify --checkpoint` tells later whether the log still goes on from it.",
      params: boardParams,
      response: { 200: text("The signed note."), ...problems(404) },
    },
    async handler(request, reply) {
      const board = await boardOf(near, request.params.board);
      const proofs = proofsOf(board);
      if ((await proofs.checkpoint()) === undefined) await board.signNow();
      return sendPlain(reply, (await proofs.checkpoint()) ?? none("There is no checkpoint yet."));
    },
  });

  app.route({
    method: "GET",
    url: "/api/v1/boards/:board/audit/key",
    schema: {
      tags,
      summary: "Read the public key of checkpoints",
      description: "As the verifier text of C2SP signed notes. Keep it elsewhere.",
      params: boardParams,
      response: { 200: text("The verifier key."), ...problems(404) },
    },
    async handler(request, reply) {
      const proofs = proofsOf(await boardOf(near, request.params.board));
      return sendPlain(reply, `${await proofs.verifierKey()}\n`);
    },
  });

  app.route({
    method: "GET",
    url: "/api/v1/boards/:board/audit/proof/:seq",
    schema: {
      tags,
      summary: "Prove one record",
      description:
        "A C2SP tlog-proof: the record's line, the hashes that lead from it to the root, and the checkpoint that signs it. A record that is not under a checkpoint yet is put under one first.",
      params: boardParams.extend({ seq: position.describe("Position of the record.") }),
      response: { 200: text("The proof, for a file ending in .tlog-proof."), ...problems(404, 410) },
    },
    async handler(request, reply) {
      const board = await boardOf(near, request.params.board);
      const proofs = proofsOf(board);
      const { seq } = request.params;
      if (seq > board.position.seq) none(`The log ends at record ${board.position.seq}.`);
      await refuseArchived(board, seq);
      let proof = await proofs.record(seq);
      if (proof === undefined) {
        await board.signNow();
        proof = await proofs.record(seq);
      }
      return sendPlain(reply, proof ?? none("The record is not under a checkpoint yet."));
    },
  });

  app.route({
    method: "GET",
    url: "/api/v1/boards/:board/audit/consistency",
    schema: {
      tags,
      summary: "Prove that the log only grew",
      description:
        "The RFC 6962 consistency proof from the tree of the first `from` records to that of the first `to`.",
      params: boardParams,
      querystring: z.object({ from: position, to: position }),
      response: {
        200: z.object({
          from: z.number().int(),
          to: z.number().int(),
          hashes: z.array(z.string()).describe("Base64, in the order of RFC 6962."),
        }),
        ...problems(404),
      },
    },
    async handler(request) {
      const board = await boardOf(near, request.params.board);
      const { from, to } = request.query;
      const hashes = await proofsOf(board).consistency(from, to);
      if (hashes === undefined) return none(`There are no such trees: the log ends at record ${board.position.seq}.`);
      return { from, to, hashes: hashes.map((hash) => Buffer.from(hash, "latin1").toString("base64")) };
    },
  });
}

function proofsOf(board: BoardHandle): NonNullable<BoardHandle["proofs"]> {
  return board.proofs ?? none("This board is kept in memory only: nothing of it can be proven.");
}

function none(detail: string): never {
  throw new Refusal("not_found", { detail });
}

// The text is of the route's answer schema, which the type provider would have as an object.
const sendPlain = (reply: FastifyReply, text: string): never =>
  reply.type("text/plain; charset=utf-8").send(text) as never;
