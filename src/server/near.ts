// Owns what every route works with: the engine, the settings, the writer's name, and the way from a command to an answer.
// Does not own any route. Invariant: an accepted answer is of a record that is durable and applied (law L1).

import type { FastifyBaseLogger, FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import type http from "node:http";
import type { BoardHandle, Engine } from "../engine/contract.ts";
import {
  type Accepted,
  boardNameSchema,
  type CallerCommand,
  type Command,
  type CommandId,
  commandId,
  nameSchema,
  utf8Bytes,
} from "../protocol/index.ts";
import type { Tail } from "./audit-tail.ts";
import { resolveCommand, timeOfPrice } from "./edge/resolve.ts";
import type { Hub } from "./live/hub.ts";
import type { Session } from "./live/session.ts";
import type { Settings } from "./options.ts";
import { OPEN_ROLE, traceOf } from "./links.ts";
import type { PriceBook } from "./prices/price-book.ts";
import { Refusal, refusalOf } from "./problem.ts";
import { redactCommand } from "./redaction.ts";
import { boardEtag, isFresh } from "./views/etag.ts";
import type { Webhooks } from "./webhooks/webhooks.ts";

export type App = FastifyInstance<
  http.Server,
  http.IncomingMessage,
  http.ServerResponse,
  FastifyBaseLogger,
  ZodTypeProvider
>;

/** What routes are given. */
export interface Near {
  readonly engine: Engine;
  readonly settings: Settings;
  readonly hub: Hub;
  readonly prices: PriceBook;
  /** Sessions that are carried by plain requests: event streams and polls. */
  readonly streams: Set<Session>;
  /** Live tails of the audit. */
  readonly tails: Set<Tail>;
  readonly webhooks: Webhooks;
  /** Wall time in ms. */
  readonly now: () => number;
  /** Boards that a workspace is followed onto. */
  readonly followed: ReadonlySet<string>;
  /** Why the server is not ready, by part; empty when it is. */
  readonly notReady: () => Promise<Readonly<Record<string, string>>>;
  /** What is wrong although the server is ready, by part. */
  readonly warnings: () => Readonly<Record<string, string>>;
}

/** @throws Refusal `bad_board_name`, `no_such_board` */
export async function boardOf(near: Near, name: string): Promise<BoardHandle> {
  if (!boardNameSchema.safeParse(name).success) throw new Refusal("bad_board_name");
  const board = await near.engine.board(name);
  if (board === undefined) throw new Refusal("no_such_board", { facts: { board: name } });
  return board;
}

/**
 * A key, task, agent, claim or request name from an address or a header.
 * @throws Refusal `bad_key`, `key_too_long`
 */
export function checkedName(near: Near, name: string | undefined): string {
  const { maxKeyBytes } = near.settings.limits;
  if (name === undefined || name === "" || !name.isWellFormed()) throw new Refusal("bad_key");
  if (utf8Bytes(name) > maxKeyBytes)
    throw new Refusal("key_too_long", { facts: { bytes: utf8Bytes(name), max: maxKeyBytes } });
  return name;
}

/** A name in a header. Header values arrive as Latin-1; names are UTF-8. */
function nameIn(near: Near, request: FastifyRequest, header: string): string | undefined {
  const value = request.headers[header.toLowerCase()];
  if (value === undefined) return undefined;
  const bytes = Buffer.from(String(value), "latin1");
  const name = bytes.toString("utf8");
  const known = nameSchema(near.settings.limits.maxKeyBytes).safeParse(name);
  if (known.success && Buffer.from(name).equals(bytes)) return name;
  throw new Refusal("bad_request", { errors: [{ at: header, message: "is not a name of well-formed UTF-8" }] });
}

/** Who writes, until there are tokens. */
export function writerOf(near: Near, request: FastifyRequest): string {
  const name = nameIn(near, request, "X-Swarmboard-Agent");
  if (name === undefined) return "anonymous";
  // The engine and the followers write under these names; nobody else may pass for them.
  if (name === "system" || name.startsWith("follow:")) {
    throw new Refusal("bad_request", {
      errors: [{ at: "X-Swarmboard-Agent", message: "is one of the server's own names" }],
    });
  }
  return name;
}

function idOf(request: FastifyRequest): CommandId | undefined {
  const header = request.headers["idempotency-key"];
  if (header === undefined) return undefined;
  if (typeof header !== "string" || !/^[\x21-\x7e]{1,255}$/.test(header)) {
    throw new Refusal("bad_request", {
      errors: [
        {
          at: "Idempotency-Key",
          message:
            header === ""
              ? "is empty: send 1 to 255 visible ASCII characters, or leave the header out"
              : "must be 1 to 255 visible ASCII characters",
        },
      ],
    });
  }
  return commandId(header);
}

export interface Sent {
  readonly accepted: Accepted;
  readonly actor: string;
}

/**
 * Send a command on behalf of a request and wait for its outcome.
 * @throws Refusal with the outcome's code where it is refused.
 */
export async function send(
  near: Near,
  request: FastifyRequest,
  board: BoardHandle,
  command: Command,
  idSuffix = "",
): Promise<Sent> {
  const actor = writerOf(near, request);
  const id = idOf(request);
  const task = nameIn(near, request, "X-Swarmboard-Task");
  const trace = traceOf(request.headers["traceparent"]);
  const outcome = await board.submit({
    actor,
    source: "http",
    role: OPEN_ROLE,
    command: redactCommand(command, near.settings.redaction),
    ...(task === undefined ? {} : { task }),
    ...(trace === undefined ? {} : { trace }),
    ...(id === undefined ? {} : { id: commandId(id + idSuffix) }),
  });
  if (outcome.duplicate === true) replayed.add(request);
  if (!outcome.ok) throw refusalOf(outcome);
  return { accepted: outcome, actor };
}

/**
 * What a caller sends, with what the edge adds to it (rule 2): sums, and what tokens cost.
 * @throws Refusal `usage_mismatch`, `number_too_large`
 */
export function resolved(near: Near, request: FastifyRequest, board: BoardHandle, command: CallerCommand): Command {
  const atMs = timeOfPrice(idOf(request), near.now());
  return resolveCommand(command, { prices: near.prices, state: board.state, atMs });
}

const replayed = new WeakSet<FastifyRequest>();

/** True where the answer is the first outcome of an id that was seen before. */
export const wasReplayed = (request: FastifyRequest): boolean => replayed.has(request);

export const hasId = (request: FastifyRequest): boolean => request.headers["idempotency-key"] !== undefined;

/** Set the board's ETag; true if the caller holds this answer already, which is then given as 304. */
export function notModified(request: FastifyRequest, reply: FastifyReply, board: BoardHandle): boolean {
  const etag = boardEtag(board);
  void reply.header("ETag", etag);
  if (!isFresh(request.headers["if-none-match"], etag)) return false;
  void reply.code(304);
  return true;
}

/** Answer with a JSON text of our own making, as it is. */
export function sendText(reply: FastifyReply, text: string | Buffer): never {
  // The text is of the route's answer schema, which the type provider would have as an object.
  return reply.type("application/json; charset=utf-8").send(text) as never;
}

/** Answer without a body. */
export const sendNothing = (reply: FastifyReply): never => reply.send() as never;
