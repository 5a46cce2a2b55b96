// Owns what the server's tests share: a real server in memory, requests to it, and sockets that remember what came.

import http from "node:http";
import net from "node:net";
import { afterEach } from "vitest";
import { WebSocket } from "ws";
import { createServer, type ServerOptions, type SwarmboardServer } from "../../src/server/index.ts";

const running: SwarmboardServer[] = [];
const sockets: WebSocket[] = [];

/** Everything a test started ends with it. Import this file and call it once at the top. */
export function endAfterEach(): void {
  afterEach(async () => {
    for (const ws of sockets.splice(0)) ws.terminate();
    await Promise.all(running.splice(0).map((server) => server.close()));
  });
}

export async function start(options: Partial<ServerOptions> = {}): Promise<SwarmboardServer> {
  const server = await createServer({ memory: true, port: 0, logger: false, ...options });
  running.push(server);
  return server;
}

export interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly text: string;
  // Tests look into answers of every shape.
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly json: any;
}

/** A request with exactly this path and these headers: nothing is normalised on the way, as `fetch` would. */
export function ask(
  server: Pick<SwarmboardServer, "port">,
  method: string,
  path: string,
  options: { readonly headers?: http.OutgoingHttpHeaders; readonly body?: string | Buffer } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers: http.OutgoingHttpHeaders = { ...options.headers };
    const request = http.request(
      { host: "127.0.0.1", port: server.port, method, path, headers, agent: false },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("end", () => {
          const text = Buffer.concat(chunks).toString();
          let json: unknown;
          try {
            json = JSON.parse(text);
          } catch {
            json = undefined;
          }
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json });
        });
      },
    );
    request.on("error", reject);
    // As bytes: Node would send the head in UTF-8 together with a body that is a string.
    request.end(options.body === undefined ? undefined : Buffer.from(options.body));
  });
}

export const JSON_TYPE = { "content-type": "application/json" };

/** A write with a JSON body, given as text or as a value. */
export function write(
  server: Pick<SwarmboardServer, "port">,
  method: string,
  path: string,
  body: unknown,
  headers: http.OutgoingHttpHeaders = {},
): Promise<Answer> {
  return ask(server, method, path, {
    headers: { ...JSON_TYPE, ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
}

export interface Listening {
  readonly ws: WebSocket;
  /** Texts in the order in which they came. */
  readonly frames: string[];
  /** Resolves when so many frames have come. */
  frame(count: number): Promise<string>;
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
}

export function listen(
  server: Pick<SwarmboardServer, "port">,
  path = "/ws/blackboard",
  headers: Record<string, string> = {},
): Listening {
  const ws = new WebSocket(`ws://127.0.0.1:${server.port}${path}`, { headers });
  sockets.push(ws);
  const frames: string[] = [];
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    ws.on("close", (code, reason) => resolve({ code, reason: String(reason) }));
  });
  ws.on("error", () => undefined);
  // oxlint-disable-next-line typescript/no-base-to-string -- ws hands out one Buffer unless told otherwise
  ws.on("message", (data) => frames.push(data.toString()));
  return {
    ws,
    frames,
    closed,
    async frame(count) {
      await until(() => frames.length >= count);
      return frames[count - 1] as string;
    },
  };
}

/** Status of an upgrade that is refused. */
export function refusedUpgrade(
  server: Pick<SwarmboardServer, "port">,
  path: string,
  headers: Record<string, string> = {},
): Promise<Answer> {
  return ask(server, "GET", path, {
    headers: {
      connection: "Upgrade",
      upgrade: "websocket",
      "sec-websocket-version": "13",
      "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
      ...headers,
    },
  });
}

export async function until(condition: () => boolean, ms = 10_000): Promise<void> {
  const end = Date.now() + ms;
  while (!condition()) {
    if (Date.now() > end) throw new Error("waited too long");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** A bare TCP connection. */
export function dial(server: Pick<SwarmboardServer, "port">): Promise<net.Socket> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(server.port, "127.0.0.1", () => resolve(socket));
    socket.once("error", reject);
    socket.on("error", () => undefined);
  });
}
