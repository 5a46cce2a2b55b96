// The edge over real connections: who may ask, how many, how slowly, and how it all ends.

import { mkdtemp, rm } from "node:fs/promises";
import http from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createServer } from "../../src/server/index.ts";
import { type Answer, ask, dial, endAfterEach, listen, refusedUpgrade, start, until, write } from "./harness.ts";

endAfterEach();

const PATHS = [
  "/",
  "/blackboard",
  "/healthz",
  "/readyz",
  "/api/openapi.json",
  "/api/docs",
  "/api/docs/static/index.css",
  "/api/v1/boards",
  "/api/v1/boards/default/entries",
  "/api/swarm/blackboard",
  "/assets/x.js",
  "/nothing",
  "/%zz",
];

describe("L10: Host, Origin and proxies are checked on every route and socket", () => {
  it.each([
    [{ host: "evil.example" }, "forbidden_host"],
    [{ origin: "http://evil.example" }, "forbidden_origin"],
    [{ origin: "null" }, "forbidden_origin"],
    [{ "sec-fetch-site": "cross-site" }, "forbidden_origin"],
    [{ "sec-fetch-site": "same-site" }, "forbidden_origin"],
    [{ "x-forwarded-for": "1.2.3.4" }, "forwarded_refused"],
    [{ forwarded: "for=1.2.3.4" }, "forwarded_refused"],
    [{ via: "1.1 proxy" }, "forwarded_refused"],
  ])("%j: 403 %s everywhere", async (headers: Record<string, string>, code) => {
    const server = await start();
    const answers: Answer[] = [];
    for (const path of PATHS) answers.push(await ask(server, "GET", path, { headers }));
    answers.push(await write(server, "PUT", "/api/v1/boards/default/entries/k", { value: 1 }, headers));
    answers.push(await refusedUpgrade(server, "/ws/blackboard", headers));
    for (const answer of answers) {
      expect([answer.status, answer.json.code]).toStrictEqual([403, code]);
      expect(answer.headers["x-content-type-options"]).toBe("nosniff");
    }
    expect((await ask(server, "GET", "/api/v1/boards/default/position")).json.seq).toBe(1);
  });

  it("the server's own pages and tools without a browser pass", async () => {
    const server = await start({ allowedHosts: ["board.lan"] });
    const own = { origin: `http://127.0.0.1:${server.port}`, "sec-fetch-site": "same-origin" };
    expect((await ask(server, "GET", "/api/v1/boards", { headers: own })).status).toBe(200);
    expect((await write(server, "PUT", "/api/v1/boards/default/entries/k", { value: 1 }, own)).status).toBe(201);
    expect((await ask(server, "GET", "/blackboard", { headers: { "sec-fetch-site": "none" } })).status).toBe(200);
    expect((await ask(server, "GET", "/healthz", { headers: { host: "board.lan" } })).status).toBe(200);
    const local = `localhost:${server.port}`;
    await listen(server, "/ws/blackboard", { host: local, origin: `http://${local}` }).frame(1);
  });

  it("refuses to listen beyond loopback without insecure, and says what to do", async () => {
    await expect(createServer({ memory: true, host: "0.0.0.0", port: 0, logger: false })).rejects.toThrow(/--insecure/);
    const server = await start({ host: "0.0.0.0", insecure: true });
    expect(server.url).toBe(`http://127.0.0.1:${server.port}`);
    expect((await ask(server, "GET", "/healthz")).status).toBe(200);
    expect((await ask(server, "GET", "/healthz", { headers: { host: "0.0.0.0" } })).status).toBe(403);
  });

  it("a port that is taken ends the start, and frees what was opened", async () => {
    const dataDir = await mkdtemp(join(tmpdir(), "swarmboard-"));
    const first = await start();
    await expect(start({ port: first.port, memory: false, dataDir })).rejects.toThrow(/EADDRINUSE/);
    const second = await start({ memory: false, dataDir });
    await second.close();
    await rm(dataDir, { recursive: true });
  });

  it("settings that contradict each other are refused", async () => {
    await expect(createServer({ logger: false })).rejects.toThrow(/dataDir/);
    await expect(createServer({ logger: false, memory: true, dataDir: "x" })).rejects.toThrow(/exclude/);
    await expect(createServer({ memory: true, logger: false, classicFields: { audit: () => 1 } })).rejects.toThrow(
      /part of the frame/,
    );
  });
});

describe("security headers", () => {
  it("every answer carries them, and no policy allows inline scripts", async () => {
    const server = await start();
    for (const path of PATHS) {
      const { headers } = await ask(server, "GET", path);
      const policy = String(headers["content-security-policy"]);
      expect([path, headers["x-content-type-options"], headers["referrer-policy"]]).toStrictEqual([
        path,
        "nosniff",
        "no-referrer",
      ]);
      expect(policy).toContain("default-src 'self'");
      expect(policy).toContain("script-src 'self';");
      expect(policy).toContain("frame-ancestors 'none'");
      if (!path.startsWith("/api/docs")) expect(policy).not.toContain("unsafe-inline");
    }
    expect((await ask(server, "GET", "/blackboard")).headers["cache-control"]).toBe("no-cache");
    expect((await ask(server, "GET", "/api/v1/boards")).headers["cache-control"]).toBe("no-store");
  });
});

describe("what is not HTTP", () => {
  const raw = async (port: number, bytes: string): Promise<string> => {
    const socket = await dial({ port });
    let text = "";
    socket.on("data", (chunk) => (text += String(chunk)));
    socket.write(bytes);
    await until(() => socket.destroyed || socket.readableEnded);
    return text;
  };

  it.each([
    ["hello\r\n\r\n", "400"],
    ["GET / HTTP/1.1\r\n\r\n", "403"],
    ["GET / HTTP/1.0\r\n\r\n", "403"],
    ["GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", "400"],
    [`GET /${"x".repeat(20_000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`, "431"],
    ["GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\nConnection: close\r\n\r\n", "40"],
    ["GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n", "400"],
    [
      "POST /api/v1/boards HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
      "400",
    ],
  ])("%j gets a coded %s and the end of the connection", async (bytes, status) => {
    const server = await start();
    const text = await raw(server.port, bytes);
    expect(text).toMatch(new RegExp(`^HTTP/1.1 ${status}`));
    expect(text).toMatch(/"code":"(bad_request|forbidden_host)"/);
  });

  it("a head that does not come to its end is given up", async () => {
    const server = await start({ timings: { headersMs: 300 } });
    const text = await raw(server.port, "GET / HTTP/1.1\r\nHost: loc");
    expect(text).toMatch(/^HTTP\/1.1 408/);
  });
});

describe("L6: connections are bounded", () => {
  it("the socket after the last one is accepted and closed with 1008, as the seed does; places come free again", async () => {
    const server = await start({ maxConnectionsPerIp: 3 });
    const held = [listen(server), listen(server), listen(server)];
    await Promise.all(held.map((client) => client.frame(1)));
    expect(await listen(server).closed).toStrictEqual({ code: 1008, reason: "too many connections" });
    const refused = await ask(server, "GET", "/healthz");
    expect([refused.status, refused.json.code, refused.headers["retry-after"]]).toStrictEqual([
      503,
      "too_many_connections",
      "1",
    ]);
    held[0]!.ws.close();
    await until(() => server.counts.connections === 2);
    await listen(server).frame(1);
  });

  it("HTTP keep-alive connections count, and the whole server has a limit too", async () => {
    const server = await start({ maxConnections: 2 });
    const agent = new http.Agent({ keepAlive: true });
    await new Promise<void>((resolve, reject) => {
      http
        .get({ port: server.port, host: "127.0.0.1", path: "/healthz", agent }, (response) =>
          response.resume().on("end", resolve),
        )
        .on("error", reject);
    });
    await listen(server).frame(1);
    expect(await listen(server).closed).toMatchObject({ code: 1008 });
    agent.destroy();
    await until(() => server.counts.connections === 1);
    await listen(server).frame(1);
  });

  it("a flood of connections is cut off at the hard bound, and the server answers afterwards", async () => {
    const server = await start({ maxConnectionsPerIp: 4 });
    const flood = await Promise.all(Array.from({ length: 100 }, () => dial(server)));
    expect(server.counts.connections).toBeLessThanOrEqual(4);
    for (const socket of flood) socket.destroy();
    await until(() => server.counts.connections === 0);
    expect((await ask(server, "GET", "/healthz")).status).toBe(200);
  });
});

describe("half-open and slow clients", () => {
  const handshake = (port: number): string =>
    `GET /ws/blackboard?interval=250 HTTP/1.1\r\nHost: localhost:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`;

  it("a client that answers no ping is found and ended; one that does stays", async () => {
    const server = await start({ timings: { pingMs: 300, pongMs: 200, sweepMs: 50 } });
    const good = listen(server);
    await good.frame(1);
    const dead = await dial(server);
    // It reads what comes, so nothing is ever backed up: only the missing pongs tell.
    dead.resume();
    dead.write(handshake(server.port));
    await until(() => server.counts.sockets === 2);
    const since = Date.now();
    await until(() => dead.destroyed);
    expect(Date.now() - since).toBeLessThan(5000);
    await new Promise((resolve) => setTimeout(resolve, 1200));
    expect(server.counts.sockets).toBe(1);
    expect(good.ws.readyState).toBe(good.ws.OPEN);
  });

  it("the default times find it within 35 s", async () => {
    const { DEFAULT_TIMINGS: t } = await import("../../src/server/options.ts");
    expect(t.pingMs + t.pongMs + 2 * t.sweepMs).toBeLessThan(35_000);
  });

  it("L5, L6: a client that does not read is skipped, then ended; memory for it stays bounded, others notice nothing", async () => {
    const server = await start({ timings: { tickMs: 250, slowMs: 1000, sweepMs: 100, pingMs: 60_000 } });
    const value = "x".repeat(1_000_000);
    for (let i = 0; i < 4; i++) await write(server, "PUT", `/api/v1/boards/default/entries/k${i}`, { value });
    const good = listen(server);
    await good.frame(1);
    const slow = await dial(server);
    slow.pause();
    slow.write(handshake(server.port));
    await until(() => server.counts.sockets === 2);
    await until(() => server.counts.sockets === 1, 15_000);
    slow.destroy();
    const before = good.frames.length;
    await good.frame(before + 2);
  });
});

describe("the end", () => {
  it("sockets are closed with 1001, what was taken is finished, new connections are refused", async () => {
    const server = await start();
    const clients = [listen(server), listen(server)];
    await Promise.all(clients.map((client) => client.frame(1)));
    const since = Date.now();
    const writes = Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        write(server, "PUT", `/api/v1/boards/default/entries/k${i}`, { value: i }).catch(() => undefined),
      ),
    );
    const closing = server.close();
    for (const client of clients) expect(await client.closed).toStrictEqual({ code: 1001, reason: "server stopping" });
    await closing;
    expect(Date.now() - since).toBeLessThan(5500);
    for (const answer of await writes) if (answer !== undefined) expect([201, 503]).toContain(answer.status);
    await expect(ask(server, "GET", "/healthz")).rejects.toThrow(/ECONNREFUSED/);
  });

  it("clients that do not react cannot hold it up", async () => {
    const server = await start({ timings: { stopMs: 1500 } });
    const stuck = await dial(server);
    stuck.write(
      "PUT /api/v1/boards/default/entries/k HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{",
    );
    const deaf = await dial(server);
    deaf.write(
      `GET /ws/blackboard HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
    );
    await until(() => server.counts.sockets === 1);
    const since = Date.now();
    await server.close();
    expect(Date.now() - since).toBeLessThan(2000);
    expect(server.counts.sockets).toBe(0);
  });
});
