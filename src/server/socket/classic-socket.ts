// Owns the way onto /ws/blackboard: the upgrade, its parameters, and the set of classic clients.
// Does not own Host and Origin (edge/listener has looked already) or frames.

import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { Socket } from "node:net";
import type { FastifyBaseLogger } from "fastify";
import { type WebSocket, WebSocketServer } from "ws";
import { z } from "zod";
import type { Engine } from "../../engine/contract.ts";
import { type Connections, ipOf } from "../edge/connections.ts";
import { refuseSocket } from "../edge/raw-answer.ts";
import type { Settings } from "../options.ts";
import type { Frames } from "../views/frames.ts";
import { type ClassicClient, createClassicClient } from "./classic-client.ts";
import { createClassicFields } from "./classic-fields.ts";
import { createTicker } from "./ticker.ts";

export const CLASSIC_PATH = "/ws/blackboard";

/** Bytes of one message from a classic client, which has nothing to say. Beyond: closed with 1009. */
const MAX_MESSAGE_BYTES = 65_536;

/** Query parameters of the classic socket, as strings from the address. */
export const classicQuerySchema = z.strictObject({
  board: z.string().default("default"),
  interval: z.coerce.number().int().min(250).max(60_000).optional(),
});

export interface ClassicSocketsOptions {
  readonly engine: Engine;
  readonly frames: Frames;
  readonly settings: Settings;
  readonly connections: Connections;
  readonly log: FastifyBaseLogger;
  /** Wall time in ms. */
  readonly now: () => number;
  /** Monotonic time in ms. */
  readonly clock: () => number;
}

export interface ClassicSockets {
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer, admitted: boolean) => void;
  readonly count: number;
  /** Groups of clients that share a tick. */
  readonly groups: number;
  /** Close every client with a code and reason; those that do not answer are cut off after `graceMs`. */
  close(code: number, reason: string, graceMs: number): Promise<void>;
}

export function createClassicSockets(options: ClassicSocketsOptions): ClassicSockets {
  const { engine, settings, connections, log, clock } = options;
  const { timings } = settings;
  // No compression: nothing is gained on loopback, and a zlib context costs 200 KB a client (docs/protocol.md).
  const wss = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    clientTracking: false,
    maxPayload: MAX_MESSAGE_BYTES,
    // By default the first protocol offered would be agreed to, whatever it is. Classic has none.
    handleProtocols: () => false,
  });
  const fields = createClassicFields({
    fields: settings.classicFields,
    timeoutMs: timings.fieldMs,
    now: clock,
    complain: (field, reason) => log.warn({ field, reason }, "classic field left out"),
  });
  const ticker = createTicker({
    engine,
    frames: options.frames,
    fields,
    joinGapMs: timings.joinGapMs,
    clock,
    fault: (error, board) => log.error({ err: error, board }, "frame could not be built"),
  });
  const clients = new Set<ClassicClient>();
  let closing = false;
  const sweeper = setInterval(() => {
    for (const client of clients) client.sweep();
  }, timings.sweepMs);
  sweeper.unref();

  const accept = (ws: WebSocket, request: IncomingMessage, query: z.infer<typeof classicQuerySchema>): void => {
    const ip = ipOf(request.socket);
    const client = createClassicClient({
      ws,
      timings,
      clock,
      onEnd: ({ code, why }) => {
        leave();
        clients.delete(client);
        log.info({ board: query.board, ip, code, why, connections: clients.size }, "WebSocket connection closed");
      },
    });
    clients.add(client);
    log.info({ board: query.board, ip, connections: clients.size }, "WebSocket connection established");
    const leave = ticker.join({ board: query.board, intervalMs: query.interval ?? timings.tickMs }, client);
  };

  const upgrade = async (request: IncomingMessage, socket: Duplex, head: Buffer, admitted: boolean): Promise<void> => {
    const url = new URL(request.url ?? "/", "http://localhost");
    if (url.pathname !== CLASSIC_PATH)
      return refuseSocket(socket, "not_found", { detail: `The socket's address is ${CLASSIC_PATH}.` });
    const query = classicQuerySchema.safeParse(Object.fromEntries(url.searchParams));
    if (!query.success) {
      const errors = query.error.issues.map((issue) => ({ at: issue.path.join("."), message: issue.message }));
      return refuseSocket(socket, "bad_request", { errors });
    }
    if ((await engine.board(query.data.board)) === undefined) {
      return refuseSocket(socket, "no_such_board", {
        detail: `There is no board ${JSON.stringify(query.data.board)}.`,
      });
    }
    if (closing) return refuseSocket(socket, "shutting_down");
    wss.handleUpgrade(request, socket, head, (ws) => {
      // Over the limit the seed accepts and closes with 1008, so that a browser can see why.
      if (admitted) accept(ws, request, query.data);
      else turnAway(ws, request.socket);
    });
  };

  /** The count's own bound on waiting connections (edge/connections) ends those that do not leave. */
  const turnAway = (ws: WebSocket, socket: Socket): void => {
    ws.on("error", () => ws.terminate());
    log.warn(
      { ip: ipOf(socket), connections: connections.total },
      "WebSocket connection refused: too many connections",
    );
    ws.close(1008, "too many connections");
  };

  return {
    upgrade(request, socket, head, admitted) {
      upgrade(request, socket, head, admitted).catch((error: unknown) => {
        log.error({ err: error }, "upgrade failed");
        refuseSocket(socket, "internal");
      });
    },
    get count() {
      return clients.size;
    },
    get groups() {
      return ticker.groups;
    },
    async close(code, reason, graceMs) {
      closing = true;
      clearInterval(sweeper);
      ticker.close();
      for (const client of clients) client.close(code, reason);
      const until = clock() + graceMs;
      while (clients.size > 0 && clock() < until) await new Promise((resolve) => setTimeout(resolve, 10));
      for (const client of clients) client.terminate();
      wss.close();
    },
  };
}
