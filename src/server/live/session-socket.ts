// Owns the way onto a session by WebSocket: the handshake, and its parameters (docs/protocol.md, section 3).
// Does not own Host and Origin (edge/listener has looked already), carrying (socket-transport) or what a session says.

import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { FastifyBaseLogger } from "fastify";
import { type WebSocket, WebSocketServer } from "ws";
import { z } from "zod";
import {
  CLOSE,
  DEFAULT_BEAT_MS,
  MAX_BEAT_MS,
  MIN_BEAT_MS,
  nameSchema,
  REVISION_FLOOR,
  SESSION_LIMITS,
  SUBPROTOCOL,
} from "../../protocol/index.ts";
import { type Connections, ipOf } from "../edge/connections.ts";
import { isLoopback } from "../edge/hosts.ts";
import { refuseSocket } from "../edge/raw-answer.ts";
import type { Settings } from "../options.ts";
import { CLASSIC_PATH as SOCKET_PATH } from "../socket/classic-socket.ts";
import type { Hub } from "./hub.ts";
import type { Session } from "./session.ts";
import { SocketTransport } from "./socket-transport.ts";

const querySchema = z.object({
  agent: nameSchema().optional(),
  revision: z.coerce.number().int().min(0).max(1_000_000).default(REVISION_FLOOR),
  beatMs: z.coerce.number().int().min(MIN_BEAT_MS).max(MAX_BEAT_MS).default(DEFAULT_BEAT_MS),
  client: z.string().max(200).optional(),
});

/** Names that the server and its followers write under. */
export const isOwnName = (agent: string): boolean => agent === "system" || agent.startsWith("follow:");

export interface SessionSocketsOptions {
  readonly hub: Hub;
  readonly settings: Settings;
  readonly connections: Connections;
  readonly log: FastifyBaseLogger;
  /** Monotonic time in ms. */
  readonly clock: () => number;
}

export interface SessionSockets {
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer, admitted: boolean) => void;
  readonly count: number;
  close(): void;
}

/** Whether a handshake asks for a subprotocol at all; without one it is a classic client. */
export const asksForSession = (request: IncomingMessage): boolean =>
  request.headers["sec-websocket-protocol"] !== undefined;

interface Carried {
  readonly session: Session;
  readonly ws: WebSocket;
  /** When it was pinged, or heard of since. */
  pingedAtMs: number;
  isAwaiting: boolean;
}

export function createSessionSockets(options: SessionSocketsOptions): SessionSockets {
  const { hub, settings, connections, log, clock } = options;
  const { timings } = settings;
  const common = {
    noServer: true,
    clientTracking: false,
    maxPayload: SESSION_LIMITS.messageBytes,
    // Pongs are sent below, within the bound of what may wait.
    autoPong: false,
    handleProtocols: (offered: Set<string>) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
  } as const;
  const plain = new WebSocketServer({ ...common, perMessageDeflate: false });
  // No context takeover either way: a compressed frame is then good for everyone, and no socket keeps a zlib state.
  const deflating = new WebSocketServer({
    ...common,
    perMessageDeflate: { serverNoContextTakeover: true, clientNoContextTakeover: true },
  });
  const all = new Set<Carried>();

  const sweep = setInterval(() => {
    const now = clock();
    for (const carried of all) {
      if (carried.isAwaiting) {
        if (now - carried.pingedAtMs > timings.pongMs) carried.session.close(CLOSE.noPong, "no pong");
      } else if (now - carried.pingedAtMs >= timings.pingMs) {
        carried.isAwaiting = true;
        carried.pingedAtMs = now;
        carried.ws.ping();
      }
    }
  }, timings.sweepMs);
  sweep.unref();

  const accept = (ws: WebSocket, request: IncomingMessage, query: z.output<typeof querySchema>): void => {
    const socket = request.socket;
    const transport = new SocketTransport(ws, socket);
    const ip = ipOf(socket);
    const agent = query.agent ?? agentHeader(request) ?? "anonymous";
    const session = hub.open({ agent, beatMs: query.beatMs, transport });
    const carried: Carried = { session, ws, pingedAtMs: clock(), isAwaiting: false };
    all.add(carried);
    log.info({ ip, agent, client: query.client, session: session.id, connections: all.size }, "session opened");
    ws.on("message", (data: Buffer, isBinary: boolean) => {
      if (isBinary) session.close(CLOSE.badFrame, "a binary frame");
      else session.message(data.toString("utf8"));
      // A sign of life: there is no need to ask for one.
      if (!carried.isAwaiting) carried.pingedAtMs = clock();
    });
    ws.on("ping", (data: Buffer) => {
      if (transport.waitingBytes <= SESSION_LIMITS.unackedBytes) ws.pong(data);
    });
    ws.on("pong", () => {
      carried.isAwaiting = false;
    });
    // Bad frames and resets: ws closes with the right code by itself, and "close" follows.
    ws.on("error", (error: Error) => log.debug({ ip, session: session.id, reason: error.message }, "socket error"));
    transport.onDrain = () => session.drained();
    ws.once("close", (code: number) => {
      all.delete(carried);
      session.end();
      log.info({ ip, agent, session: session.id, code, connections: all.size }, "session closed");
    });
    session.welcome();
  };

  const upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer, admitted: boolean): void => {
    const url = new URL(request.url ?? "/", "http://localhost");
    if (url.pathname !== SOCKET_PATH)
      return refuseSocket(socket, "not_found", { detail: `The socket's address is ${SOCKET_PATH}.` });
    const query = querySchema.safeParse(Object.fromEntries(url.searchParams));
    if (!query.success) {
      const errors = query.error.issues.map((issue) => ({ at: issue.path.join("."), message: issue.message }));
      return refuseSocket(socket, "bad_request", { errors });
    }
    const own = query.data.agent ?? agentHeader(request);
    if (own !== undefined && isOwnName(own))
      return refuseSocket(socket, "bad_request", {
        errors: [{ at: "agent", message: "is one of the server's own names" }],
      });
    const isNear = isLoopback(ipOf(request.socket));
    const deflates = settings.compress === "always" || (settings.compress === "auto" && !isNear);
    // Frames are made once for all, with the usual window: who can only take a smaller one gets them as they are.
    const isNarrow = request.headers["sec-websocket-extensions"]?.includes("server_max_window_bits") === true;
    const server = deflates && !isNarrow ? deflating : plain;
    return server.handleUpgrade(request, socket, head, (ws) => {
      ws.on("error", () => undefined);
      if (!admitted) {
        log.warn({ ip: ipOf(request.socket), connections: connections.total }, "session refused: too many connections");
        return ws.close(CLOSE.policy.code, "too many connections");
      }
      if (ws.protocol !== SUBPROTOCOL || query.data.revision < REVISION_FLOOR)
        return ws.close(CLOSE.upgrade.code, `this server speaks ${SUBPROTOCOL}, revision ${REVISION_FLOOR} and later`);
      return accept(ws, request, query.data);
    });
  };

  return {
    upgrade,
    get count() {
      return all.size;
    },
    close() {
      clearInterval(sweep);
      for (const { ws } of all) ws.terminate();
      plain.close();
      deflating.close();
    },
  };
}

/** Header values arrive as Latin-1; names are UTF-8. Undefined where there is none that could be a name. */
function agentHeader(request: IncomingMessage): string | undefined {
  const header = request.headers["x-swarmboard-agent"];
  if (header === undefined) return undefined;
  const name = nameSchema().safeParse(Buffer.from(String(header), "latin1").toString("utf8"));
  return name.success ? name.data : undefined;
}
