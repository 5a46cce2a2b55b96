// Owns the HTTP server under the framework: it counts connections and inspects every head before the framework sees it.
// Does not own routes. Invariant: nothing reaches a route or a socket without `inspect` (law L10).

import http, { type IncomingMessage, type RequestListener } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Timings } from "../options.ts";
import type { Connections } from "./connections.ts";
import { setSecurityHeaders } from "./headers.ts";
import { inspect } from "./inspect.ts";
import { refuseResponse, refuseSocket } from "./raw-answer.ts";

export interface ListenerOptions {
  readonly names: ReadonlySet<string>;
  readonly origins: ReadonlySet<string>;
  readonly connections: Connections;
  readonly timings: Timings;
  /** True once the server is going down: everything new is refused. */
  readonly stopping: () => boolean;
  /** Takes over a socket whose head has passed. `admitted` is false for one over the connection limit. */
  readonly onUpgrade: (request: IncomingMessage, socket: Duplex, head: Buffer, admitted: boolean) => void;
}

/** A quiet connection that is being read from or written to is cut off after this. Sockets have their own pings. */
const INACTIVE_MS = 60_000;

/** Request line and headers of one request. Beyond: 431. */
const MAX_HEAD_BYTES = 16_384;

export function createListener(options: ListenerOptions, handler: RequestListener): http.Server {
  const { names, origins, connections, timings } = options;
  const server = http.createServer(
    {
      headersTimeout: timings.headersMs,
      requestTimeout: timings.requestMs,
      connectionsCheckingInterval: Math.min(5000, timings.headersMs),
      keepAliveTimeout: 10_000,
      maxHeaderSize: MAX_HEAD_BYTES,
      // `inspect` refuses a missing Host itself, with a code.
      requireHostHeader: false,
    },
    (request, response) => {
      setSecurityHeaders(response);
      if (options.stopping()) return refuseResponse(response, "shutting_down");
      if (!connections.admitted(request.socket)) return refuseResponse(response, "too_many_connections");
      const verdict = inspect(request, names, origins);
      if (!verdict.ok) return refuseResponse(response, verdict.code, { detail: verdict.detail });
      return handler(request, response);
    },
  );
  server.maxHeadersCount = 100;
  server.setTimeout(INACTIVE_MS);
  server.on("connection", (socket: Socket) => {
    socket.setNoDelay(true);
    connections.admit(socket);
  });
  server.on("upgrade", (request, socket: Duplex, head) => {
    // A peer that resets while it is being answered is no fault of ours.
    socket.on("error", () => socket.destroy());
    if (options.stopping()) return refuseSocket(socket, "shutting_down");
    const verdict = inspect(request, names, origins);
    if (!verdict.ok) return refuseSocket(socket, verdict.code, { detail: verdict.detail });
    if (!URL.canParse(request.url ?? "/", "http://localhost")) {
      return refuseSocket(socket, "bad_request", { detail: "The request target is no address." });
    }
    if (request.headers.upgrade?.toLowerCase() !== "websocket") {
      return refuseSocket(socket, "bad_request", { detail: "The only upgrade is to websocket." });
    }
    return options.onUpgrade(request, socket, head, connections.admitted(request.socket));
  });
  return server;
}

/** Answer to bytes that are not HTTP, or come too slowly. */
export function onClientError(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const status = error.code === "HPE_HEADER_OVERFLOW" ? 431 : error.code === "ERR_HTTP_REQUEST_TIMEOUT" ? 408 : 400;
  const detail =
    status === 431
      ? `The address and the headers together are longer than ${MAX_HEAD_BYTES} bytes. Shorten them.`
      : status === 408
        ? "The request did not arrive whole in time."
        : "The bytes received are not a whole HTTP request.";
  refuseSocket(socket, "bad_request", { status, detail });
}
