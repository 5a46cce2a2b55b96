// A real nginx with docs/nginx.conf.example in front of the server: everything passes, at once, and nothing is lost.

import http from "node:http";
import https from "node:https";
import { afterEach, describe, expect, it } from "vitest";
import type { SwarmboardServer } from "../../src/server/index.ts";
import { endAfterEach, start, until, write } from "../server/harness.ts";
import { type Asked, CARRIERS, get, originAt, streamPath } from "./carriers.ts";
import { ReferenceReplica } from "./reference-replica.ts";
import { freePorts, type Proxy, startProxy } from "./nginx.ts";

endAfterEach();
const proxies: Proxy[] = [];
afterEach(async () => {
  for (const proxy of proxies.splice(0)) await proxy.close();
});

const ENTRIES = { entries: {} };

async function behindProxy(
  timings: { readonly streamMs?: number } = {},
): Promise<{ server: SwarmboardServer; proxy: Proxy }> {
  const ports = await freePorts();
  const server = await start({ allowedOrigins: [originAt({ port: ports[1], ca: Buffer.of() })], timings });
  const proxy = await startProxy(server.port, ports);
  proxies.push(proxy);
  return { server, proxy };
}

const put = async (server: SwarmboardServer, key: string, value: unknown): Promise<void> => {
  expect((await write(server, "PUT", `/api/v1/boards/default/entries/${key}`, { value })).status).toBeLessThan(300);
};

const reachOf = ({ plainPort, securePort, ca }: Proxy, way: string): Pick<Asked, "port" | "ca"> =>
  way === "TLS" ? { port: securePort, ca } : { port: plainPort };

/** Status and code of a request through the proxy. */
function asked(
  { port, ca }: Pick<Asked, "port" | "ca">,
  options: {
    readonly method?: string;
    readonly path: string;
    readonly headers?: http.OutgoingHttpHeaders;
    readonly body?: string;
  },
): Promise<{ readonly status: number; readonly code: string | undefined }> {
  return new Promise((resolve, reject) => {
    const { method = "GET", path, headers, body } = options;
    const all = { host: "localhost", family: 4, port, path, method, headers, agent: false };
    const onResponse = (response: http.IncomingMessage): void => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
      response.on("end", () => {
        const code = /"code":"(\w+)"/.exec(text)?.[1];
        resolve({ status: response.statusCode ?? 0, code });
      });
    };
    const request =
      ca === undefined
        ? http.request(all, onResponse)
        : https.request({ ...all, ca, servername: "localhost" }, onResponse);
    request.on("error", reject).end(body);
  });
}

describe.each(["plain HTTP", "TLS"])("behind nginx by %s", (way) => {
  it.each(Object.entries(CARRIERS))("%s: everything passes, each change at once", async (_name, carrier) => {
    const { server, proxy } = await behindProxy();
    await put(server, "large", "x".repeat(1_000_000));
    const replica = new ReferenceReplica();
    const query = { rateMs: 0, wait: 5000 };
    const following = carrier({ ...reachOf(proxy, way), filter: ENTRIES, replica, query });
    await until(() => replica.syncs === 1);
    const delays: number[] = [];
    for (let i = 0; i < 10; i++) {
      const since = performance.now();
      await put(server, `k${i}`, i);
      await until(() => replica.held.streams.entries.has(`k${i}`));
      delays.push(performance.now() - since);
    }
    // Something that is held back comes with what follows: with the next beat (250 ms) or the end of the answer.
    delays.sort((a, b) => a - b);
    expect(delays[5]).toBeLessThan(100);
    following.stop();
    expect(following.faults).toStrictEqual([]);
    expect(replica.held.streams.entries.size).toBe(11);
    expect(proxy.errors()).toBe("");
  });

  it.each(Object.entries(CARRIERS))("%s: a restart of the proxy loses nothing", async (_name, carrier) => {
    const { server, proxy } = await behindProxy();
    for (let i = 0; i < 20; i++) await put(server, `k${i}`, i);
    const replica = new ReferenceReplica();
    const follow = (cursor?: string) =>
      carrier({ ...reachOf(proxy, way), filter: { ...ENTRIES, audit: {} }, replica, cursor, query: { rateMs: 0 } });
    const first = follow();
    await until(() => replica.syncs > 0);
    let isWriting = true;
    const writing = (async (): Promise<void> => {
      for (let i = 0; isWriting; i++) {
        await put(server, `k${i % 30}`, { i });
        await write(server, "POST", "/api/v1/boards/default/audit", { event: `e${i}`, agent: "x" });
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    })();
    await until(() => replica.held.notes.length > 10);
    await proxy.stop();
    const cursor = first.stop();
    await new Promise((resolve) => setTimeout(resolve, 100));
    await proxy.start();
    const second = follow(cursor);
    await until(() => second.opens.length > 0);
    await new Promise((resolve) => setTimeout(resolve, 100));
    isWriting = false;
    await writing;
    const board = (await server.engine.board("default"))!;
    await until(() => replica.position === board.position.seq);
    second.stop();
    expect(
      [...first.faults, ...second.faults].filter((fault) => !(fault as Error).message.startsWith("connect")),
    ).toStrictEqual([]);
    expect(replica.resets).toStrictEqual(["start"]);
    const held = [...replica.held.streams.entries.values()].map(({ key, value }) => [key, JSON.stringify(value)]);
    expect(Object.fromEntries(held)).toStrictEqual(
      Object.fromEntries(Array.from(board.state.entries.values(), ({ key, value }) => [key, value])),
    );
    const events = replica.held.notes.map(({ note }) => note.event);
    expect(events).toStrictEqual(board.state.audit.notes.map(({ event }) => event));
    expect(new Set(events).size).toBe(events.length);
  });

  it("a browser's streams come back by themselves over a restart", async () => {
    const { server, proxy } = await behindProxy();
    const replicas = [new ReferenceReplica(), new ReferenceReplica()];
    const all = [CARRIERS.events, CARRIERS.polls].map((carrier, i) =>
      carrier({ ...reachOf(proxy, way), filter: ENTRIES, replica: replicas[i]! }),
    );
    await until(() => replicas.every(({ syncs }) => syncs > 0));
    await proxy.stop();
    await put(server, "meanwhile", 1);
    await proxy.start();
    await until(() => replicas.every(({ held }) => held.streams.entries.has("meanwhile")));
    for (const one of all) one.stop();
    expect(all.flatMap(({ faults }) => faults)).toStrictEqual([]);
    expect(replicas.map(({ resets }) => resets)).toStrictEqual([["start"], ["start"]]);
  });

  it("connections are kept alive on both sides", async () => {
    const { server, proxy } = await behindProxy({ streamMs: 50 });
    const reach = reachOf(proxy, way);
    const agent =
      reach.ca === undefined ? new http.Agent({ keepAlive: true }) : new https.Agent({ keepAlive: true, ca: reach.ca });
    const ports = new Set<number | undefined>();
    for (let i = 0; i < 10; i++) {
      const headers = { accept: i % 2 === 0 ? "text/event-stream" : "application/json" };
      await new Promise<void>((resolve, reject) => {
        get(reach, streamPath({ filter: ENTRIES, query: { wait: 0 } }), { headers, agent }, (response) => {
          ports.add(response.socket.localPort);
          response.resume().on("end", resolve).on("error", reject);
        }).on("error", reject);
      });
      expect(server.counts.connections).toBe(1);
    }
    expect(ports.size).toBe(1);
    agent.destroy();
  });

  it("L10: pages of the server's own write; those of others do not, and headers of proxies stay refused", async () => {
    const { proxy } = await behindProxy();
    const reach = reachOf(proxy, way);
    const path = "/api/v1/boards/default/entries/k";
    const send = (headers: http.OutgoingHttpHeaders) =>
      asked(reach, {
        method: "PUT",
        path,
        headers: { "content-type": "application/json", ...headers },
        body: '{"value":1}',
      });
    expect((await send({ origin: originAt(reach), "sec-fetch-site": "same-origin" })).status).toBe(201);
    const twin = way === "TLS" ? `http://localhost:${reach.port}` : `https://localhost:${reach.port}`;
    for (const origin of ["https://evil.example", "null", twin])
      expect(await send({ origin })).toStrictEqual({ status: 403, code: "forbidden_origin" });
    expect(await send({ "x-forwarded-for": "1.2.3.4" })).toStrictEqual({ status: 403, code: "forwarded_refused" });
    expect(await send({ host: "evil.example" })).toStrictEqual({ status: 403, code: "forbidden_host" });
    const page = await asked(reach, { path: "/blackboard" });
    expect(page.status).toBe(200);
  });
});

describe("an origin to allow", () => {
  it("is a scheme and a host alone, or the server does not start; its name is one of the server's", async () => {
    for (const origin of ["*", "board.example", "https://board.example/board"])
      await expect(start({ allowedOrigins: [origin] })).rejects.toThrow(/refusing to allow the origin/);
    const server = await start({ allowedOrigins: ["https://board.example"] });
    const headers = { host: "board.example", origin: "https://board.example" };
    expect((await asked(server, { path: "/api/v1/boards", headers })).status).toBe(200);
  });
});
