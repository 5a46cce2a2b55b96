// Guards the real surroundings: sockets of the package `ws` where the platform has none, streams by fetch, files as a cache.

import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { type WebSocket as NodeWebSocket, WebSocketServer } from "ws";
import { SESSION_LIMITS } from "../protocol/wire/session-limits.ts";
import { connect } from "./connect.ts";
import { platformEnvironment, type WebSocketClass } from "./environment.ts";
import { fileCache } from "./node.ts";

const ended: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ended.splice(0)) await end();
});

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  ended.push(() => new Promise((resolve) => (server.closeAllConnections(), server.close(resolve))));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const OPEN = { position: { epoch: "e", seq: 0 }, resume: "e.f", clock: 0 };
const SNAPSHOT = {
  from: 0,
  to: 1,
  reset: "start",
  entries: { put: [{ key: "k", value: 1, rev: 1, seq: 1, by: "a", at: 0 }] },
};

describe("the platform", () => {
  it("has sockets, also on Node 20, and keeps replicas as files", async () => {
    const http = createServer();
    const server = new WebSocketServer({ server: http, handleProtocols: (names) => [...names][0] ?? false });
    server.on("connection", (socket) => {
      const say = (message: object) => socket.send(JSON.stringify({ jsonrpc: "2.0", ...message }));
      say({ method: "welcome", params: { protocol: "swarmboard.v1", beatMs: 2000, limits: SESSION_LIMITS } });
      socket.on("message", (data: Buffer) => {
        const { id, method, params } = JSON.parse(data.toString()) as {
          id?: number;
          method: string;
          params: { sub: string };
        };
        if (method !== "subscribe") return;
        say({ id, result: { sub: params.sub, ...OPEN } });
        say({ method: "sync", params: { sub: params.sub, ...SNAPSHOT } });
      });
    });
    const url = await listen(http);
    const folder = await mkdtemp(join(tmpdir(), "swarmboard-cache-"));
    ended.unshift(() => rm(folder, { recursive: true, force: true }));
    const client = connect(`${url.replace("http", "ws")}/`, { cache: fileCache(join(folder, "made")) });
    ended.unshift(() => client.close());
    expect(client.url).toBe(url);
    const sub = client.board().subscribe({ entries: {} });
    await sub.ready;
    expect(sub.entries.get("k")?.value).toBe(1);
    expect(client.status.phase).toBe("live");
    client.close();
    await expect.poll(() => readdir(join(folder, "made"))).toHaveLength(1);

    const again = connect("http://127.0.0.1:1", { cache: fileCache(join(folder, "made")) });
    ended.unshift(() => again.close());
    expect(again.board().subscribe({ entries: {} }).condition.held).toBe("nothing");
  });

  it("follows by fetch where sockets fail", async () => {
    const http = createServer((request, response) => {
      if (!request.url?.includes("/stream?")) return response.writeHead(404).end();
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(`event: open\ndata: ${JSON.stringify({ sub: "x", ...OPEN, beatMs: 2000 })}\n\n`);
      return response.write(`event: sync\ndata: ${JSON.stringify({ sub: "x", ...SNAPSHOT })}\n\n`);
    });
    const client = connect(await listen(http), { reconnectMaxMs: 500 });
    ended.unshift(() => client.close());
    const sub = client.board().subscribe({ entries: {} });
    await sub.ready;
    expect(client.status).toMatchObject({ phase: "polling", transport: "stream" });
    expect(sub.entries.size).toBe(1);
  });

  it("has a clock that only grows, and addresses without an end", () => {
    const { now, random, ...platform } = platformEnvironment();
    const first = now();
    for (let i = 0; i < 1000; i++) expect(now()).toBeGreaterThanOrEqual(first);
    expect(platform.resolveUrl("wss://a.b/c/?d#e")).toBe("https://a.b/c");
    expect(random()).toBeLessThan(1);
  });
});

describe("a WebSocket class that is given", () => {
  it("may be that of browsers or of the package ws, as they are typed", () => {
    const fit: [typeof globalThis.WebSocket, typeof NodeWebSocket] extends WebSocketClass[] ? true : false = true;
    expect(fit).toBe(true);
  });

  it("refuses an address that is not http, such as one without it", () => {
    for (const address of ["localhost:8000", "ftp://x", "127.0.0.1:8000", "/"])
      expect(() => connect(address)).toThrow(TypeError);
    for (const address of ["http://x:1", "https://x:1/", "ws://x:1", "wss://x:1/?a#b"]) {
      const client = connect(address);
      client.close();
      expect(client.url).toMatch(/^https?:\/\/x:1$/);
    }
  });
});
