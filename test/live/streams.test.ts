// What a board says without sockets, rule by rule: event streams and long polling over real connections.

import http from "node:http";
import { describe, expect, it } from "vitest";
import type { SwarmboardServer } from "../../src/server/index.ts";
import { type Answer, ask, dial, endAfterEach, start, until, write } from "../server/harness.ts";
import { createEventParser, type Event, streamPath } from "./carriers.ts";
import type { Json } from "./reference-replica.ts";

endAfterEach();

const EVENTS = { accept: "text/event-stream" };
const ENTRIES = { entries: {} };
const MIB = 1_048_576;

const put = (server: SwarmboardServer, key: string, value: unknown): Promise<Answer> =>
  write(server, "PUT", `/api/v1/boards/default/entries/${key}`, { value });

const poll = (server: SwarmboardServer, filter: object, query: Record<string, string | number> = {}): Promise<Answer> =>
  ask(server, "GET", streamPath({ filter, query }));

interface Listened {
  readonly response: http.IncomingMessage;
  /** Of the client's end: the same for the same connection. */
  readonly localPort: number | undefined;
  readonly events: Event[];
  readonly comments: { count: number };
  readonly isEnded: () => boolean;
  of(event: string): Json[];
}

/** One event stream, without coming back. */
function listenTo(
  server: Pick<SwarmboardServer, "port">,
  path: string,
  options: { readonly headers?: http.OutgoingHttpHeaders; readonly agent?: http.Agent } = {},
): Promise<Listened> {
  return new Promise((resolve, reject) => {
    const headers = { ...EVENTS, ...options.headers };
    const { agent = false } = options;
    const request = http.get({ host: "127.0.0.1", port: server.port, path, headers, agent }, (response) => {
      const events: Event[] = [];
      const comments = { count: 0 };
      let isEnded = false;
      const parse = createEventParser(
        (event) => events.push(event),
        () => comments.count++,
      );
      response.setEncoding("utf8").on("data", parse);
      response.on("end", () => (isEnded = true)).on("error", () => undefined);
      const of = (name: string): Json[] =>
        events.filter(({ event }) => event === name).map(({ data }) => JSON.parse(data));
      resolve({ response, localPort: response.socket.localPort, events, comments, isEnded: () => isEnded, of });
    });
    request.on("error", reject);
  });
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe("W-HTTP-1: an event stream", () => {
  it("says open, then syncs with the cursor after each as their id, and beats", async () => {
    const server = await start();
    await put(server, "a", 1);
    const stream = await listenTo(
      server,
      streamPath({ filter: ENTRIES, query: { sub: "mine", beatMs: 250, rateMs: 0 } }),
    );
    await until(() => stream.of("sync").length === 1);
    await put(server, "b", 2);
    await until(() => stream.of("sync").length === 2 && stream.of("beat").length > 0);
    const [open] = stream.of("open");
    expect(stream.events[0]?.event).toBe("open");
    expect(open).toMatchObject({ sub: "mine", beatMs: 250, position: { seq: 0 } });
    const syncs = stream.events.filter(({ event }) => event === "sync");
    expect(syncs.map(({ id }) => id)).toStrictEqual([`${open?.["resume"]}.2`, `${open?.["resume"]}.3`]);
    expect(stream.of("sync")[1]).toMatchObject({ sub: "mine", from: 2, to: 3, entries: { put: [{ key: "b" }] } });
    expect(stream.of("beat")[0]).toMatchObject({ boards: { default: { seq: 3 } } });
    expect(server.counts).toMatchObject({ streams: 1, sockets: 0 });
    stream.response.destroy();
    await until(() => server.counts.streams === 0);
  });

  it("W-SYNC-6: pages have no id, and it ends after 1 MiB, but never between two pages; the client goes on on the same connection", async () => {
    const server = await start();
    for (let i = 0; i < 30; i++) await put(server, `k${i}`, "x".repeat(100_000));
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    const first = await listenTo(server, streamPath({ filter: ENTRIES }), { agent });
    await until(first.isEnded);
    const pages = first.events.filter(({ event }) => event === "sync");
    const syncs = first.of("sync");
    expect(pages.length).toBeGreaterThan(10);
    expect(syncs.map(({ more }) => more)).toStrictEqual([...pages.slice(1).map(() => true), undefined]);
    expect(pages.map(({ id }) => id === undefined)).toStrictEqual([...pages.slice(1).map(() => true), false]);
    expect(syncs.flatMap(({ entries }) => entries?.put ?? [])).toHaveLength(30);
    await put(server, "k3", "new");
    const second = await listenTo(server, streamPath({ filter: ENTRIES }), {
      agent,
      headers: { "last-event-id": pages.at(-1)?.id },
    });
    await until(() => second.of("sync").length > 0);
    expect(second.of("sync")[0]).toMatchObject({ from: 31, to: 32, entries: { put: [{ key: "k3" }] } });
    expect(second.localPort).toBe(first.localPort);
    second.response.destroy();
    agent.destroy();
  });

  it("ends after its time, cleanly, with a hint to come back at once", async () => {
    const server = await start({ timings: { streamMs: 300 } });
    const since = Date.now();
    const { status, text } = await ask(server, "GET", streamPath({ filter: ENTRIES }), { headers: EVENTS });
    expect(status).toBe(200);
    expect(Date.now() - since).toBeGreaterThanOrEqual(295);
    expect(text).toMatch(/^retry: \d{3,4}\nevent: open\n/);
    expect(text).toMatch(/\nretry: 20\n\n$/);
    expect(server.counts.streams).toBe(0);
  });

  it("Last-Event-ID goes before the cursor in the address, which a browser never changes", async () => {
    const server = await start();
    await put(server, "a", 1);
    await put(server, "b", 1);
    const { resume } = (await poll(server, ENTRIES)).json.open;
    const stream = await listenTo(server, streamPath({ filter: ENTRIES, query: { cursor: `${resume}.1` } }), {
      headers: { "last-event-id": `${resume}.2` },
    });
    await until(() => stream.of("sync").length > 0);
    expect(stream.of("sync")[0]).toMatchObject({ from: 2, entries: { put: [{ key: "b" }] } });
    stream.response.destroy();
  });

  it("W-BEAT-1: says a comment where it would be silent for too long", async () => {
    const server = await start({ timings: { quietMs: 100 } });
    const stream = await listenTo(server, streamPath({ filter: ENTRIES, query: { beatMs: 25_000 } }));
    await until(() => stream.comments.count >= 3);
    expect(stream.of("beat")).toStrictEqual([]);
    stream.response.destroy();
  });

  it("W-BEAT-3: the cursor stays young while nothing that is seen changes", async () => {
    const server = await start();
    const stream = await listenTo(server, streamPath({ filter: { budgets: true }, query: { beatMs: 250 } }));
    await until(() => stream.of("sync").length === 1);
    await put(server, "unseen", 1);
    await until(() => stream.of("sync").length === 2);
    expect(stream.of("sync")[1]).toStrictEqual({ sub: "stream", from: 1, to: 2 });
    expect(stream.events.findLast(({ event }) => event === "sync")?.id).toMatch(/\.2$/);
    stream.response.destroy();
  });

  it("L6, W-FLOW-3: a client that does not read is bounded, and ended; others notice nothing", async () => {
    const server = await start({ timings: { slowMs: 1000 } });
    for (let i = 0; i < 40; i++) await put(server, `k${i}`, String(i).repeat(500_000).slice(0, 1_000_000));
    const before = process.memoryUsage();
    const deaf = await dial(server);
    deaf.pause();
    deaf.write(
      `GET ${streamPath({ filter: ENTRIES })} HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n`,
    );
    await until(() => server.counts.streams === 1);
    const other = await listenTo(server, streamPath({ filter: { entries: { keys: ["seen"] } }, query: { rateMs: 0 } }));
    await pause(500);
    await put(server, "seen", 1);
    await until(() => other.of("sync").length === 2);
    const { external, arrayBuffers } = process.memoryUsage();
    expect(external + arrayBuffers - before.external - before.arrayBuffers).toBeLessThan(30 * MIB);
    expect(server.counts.streams).toBe(2);
    await until(() => server.counts.streams === 1, 10_000);
    await until(() => server.counts.connections === 1, 10_000);
    other.response.destroy();
    deaf.destroy();
  });
});

describe("W-HTTP-2: a long poll", () => {
  it("answers with everything at first, and then waits for a change", async () => {
    const server = await start();
    await put(server, "a", 1);
    const first = await poll(server, ENTRIES, { sub: "mine" });
    expect(first.json).toMatchObject({
      open: { sub: "mine", position: { seq: 0 }, beatMs: 2000 },
      syncs: [{ sub: "mine", from: 0, to: 2, reset: "start" }],
      beat: { boards: { default: { seq: 2 } } },
    });
    expect(first.json.cursor).toBe(`${first.json.open.resume}.2`);
    expect(first.headers["content-length"]).toBe(String(Buffer.byteLength(first.text)));
    const waiting = poll(server, ENTRIES, { cursor: first.json.cursor });
    await until(() => server.counts.streams === 1);
    await put(server, "b", 2);
    const second = (await waiting).json;
    expect(second.open.position.seq).toBe(2);
    expect(second.syncs).toMatchObject([{ from: 2, to: 3, entries: { put: [{ key: "b" }] } }]);
    expect(server.counts.streams).toBe(0);
  });

  it("waits no longer than it is told, and advances the cursor over what is not seen", async () => {
    const server = await start();
    const filter = { entries: { prefix: "seen:" } };
    const { cursor } = (await poll(server, filter)).json;
    const since = Date.now();
    const waiting = poll(server, filter, { cursor, wait: 400 });
    await until(() => server.counts.streams === 1);
    await put(server, "unseen", 1);
    const { json } = await waiting;
    expect(Date.now() - since).toBeGreaterThanOrEqual(395);
    expect(json.syncs).toStrictEqual([]);
    expect(json.cursor).toBe(cursor.replace(/1$/, "2"));
    await put(server, "seen:1", 1);
    const next = (await poll(server, filter, { cursor: json.cursor, wait: 0 })).json;
    expect(next.syncs).toMatchObject([{ from: 2, to: 3 }]);
  });

  it("with wait=0 says what there is, also notes that are on disk only", async () => {
    const server = await start();
    const filter = { audit: {} };
    const { cursor } = (await poll(server, filter, { wait: 0 })).json;
    const notes = Array.from({ length: 1200 }, (_, i) => ({ type: "audit.note", event: `e${i}`, agent: "x" }));
    await write(server, "POST", "/api/v1/boards/default/commands", { type: "batch", commands: notes });
    await write(server, "POST", "/api/v1/boards/default/commands", { type: "batch", commands: notes });
    const { json } = await poll(server, filter, { cursor, wait: 0 });
    expect(json.syncs.flatMap(({ audit }: Json) => audit.add)).toHaveLength(2400);
    expect(json.cursor).toMatch(/\.3$/);
  });

  it("notes on disk that the filter does not see are looked for, and no reason to answer", async () => {
    const server = await start();
    const filter = { audit: { event: "wanted" } };
    const { cursor } = (await poll(server, filter, { wait: 0 })).json;
    const commands = Array.from({ length: 1200 }, () => ({ type: "audit.note", event: "other", agent: "x" }));
    for (let i = 0; i < 2; i++)
      await write(server, "POST", "/api/v1/boards/default/commands", { type: "batch", commands });
    const quick = (await poll(server, filter, { cursor, wait: 300 })).json;
    expect(quick.syncs).toStrictEqual([]);
    expect(quick.cursor).toMatch(/\.3$/);
    const waiting = poll(server, filter, { cursor });
    await until(() => server.counts.streams === 1);
    await pause(200);
    await write(server, "POST", "/api/v1/boards/default/audit", { event: "wanted", agent: "x" });
    const found = (await waiting).json;
    expect(found.syncs).toMatchObject([{ to: 4, audit: { add: [{ seq: 4 }], total: 2401 } }]);
  });

  it("a window is told whole when it changes, and waited for while it does not, whatever else changes", async () => {
    const server = await start();
    for (const key of ["a", "b", "c", "d"]) await put(server, key, 1);
    const filter = (from: number): object => ({ entries: { window: { from, count: 2 } } });
    const first = (await poll(server, filter(0))).json;
    expect(first.syncs[0].entries.window).toMatchObject({ from: 0, total: 4, whole: true });
    await put(server, "d", 2);
    const unchanged = (await poll(server, filter(0), { cursor: first.cursor, wait: 50 })).json;
    expect(unchanged.syncs).toStrictEqual([]);
    const waiting = poll(server, filter(0), { cursor: unchanged.cursor });
    await until(() => server.counts.streams === 1);
    await put(server, "b", 2);
    const changed = (await waiting).json;
    expect(changed.syncs[0].entries.window).toMatchObject({
      whole: true,
      rows: [{ key: "a" }, { key: "b", value: 2 }],
    });
    // W-HTTP-4
    const moved = (await poll(server, filter(2), { cursor: changed.cursor })).json;
    expect(moved.syncs[0]).toMatchObject({
      from: moved.open.position.seq,
      entries: { window: { from: 2, whole: true } },
    });
    // The cursor of a stream says nothing of rows, so they are told again.
    const bare = `${changed.open.resume}.${moved.open.position.seq}`;
    const again = (await poll(server, filter(0), { cursor: bare })).json;
    expect(again.syncs[0].entries.window).toMatchObject({ from: 0, whole: true });
  });

  it("with wait=0 waits for rows that are still being put in order, since it owes them", async () => {
    const server = await start();
    const commands = Array.from({ length: 9000 }, (_, i) => ({ type: "entry.put", key: `k${i}`, value: i }));
    await write(server, "POST", "/api/v1/boards/default/commands", { type: "batch", commands });
    const filter = { entries: { window: { sort: "changed", count: 3 } } };
    const first = (await poll(server, filter, { wait: 0 })).json;
    expect(first.syncs.at(-1).entries.window).toMatchObject({ total: 9000, whole: true });
    // Without a mark for its rows the cursor of a stream gets them, although nothing changed.
    const { resume } = first.open;
    const other = { entries: { window: { sort: "changed", count: 3, prefix: "k1" } } };
    const second = (await poll(server, other, { wait: 0, cursor: `${resume}.2` })).json;
    expect(second.open.reset).toBe("filter");
    expect(second.syncs.at(-1).entries.window.rows).toHaveLength(3);
  });

  it("a long catch-up is written as the client takes it, never held whole; half of it is no answer", async () => {
    const server = await start({ timings: { slowMs: 1000 } });
    for (let i = 0; i < 40; i++) await put(server, `k${i}`, String(i % 10).repeat(1_000_000));
    const whole = await poll(server, ENTRIES);
    expect(whole.headers["transfer-encoding"]).toBe("chunked");
    expect(whole.json.syncs.flatMap(({ entries }: Json) => entries?.put ?? [])).toHaveLength(40);
    expect(whole.json.cursor).toBe(`${whole.json.open.resume}.41`);

    const before = process.memoryUsage();
    const response = await new Promise<http.IncomingMessage>((resolve) => {
      http.get({ host: "127.0.0.1", port: server.port, path: streamPath({ filter: ENTRIES }), agent: false }, resolve);
    });
    response.pause();
    await pause(500);
    const { external, arrayBuffers } = process.memoryUsage();
    expect(external + arrayBuffers - before.external - before.arrayBuffers).toBeLessThan(30 * MIB);
    await until(() => server.counts.streams === 0);
    let error: Error | undefined;
    response.on("error", (reason) => (error = reason)).resume();
    await until(() => error !== undefined);
  });

  it("a client that leaves is forgotten", async () => {
    const server = await start();
    const { cursor } = (await poll(server, ENTRIES)).json;
    const socket = await dial(server);
    socket.write(`GET ${streamPath({ filter: ENTRIES, query: { cursor } })} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    await until(() => server.counts.streams === 1);
    socket.destroy();
    await until(() => server.counts.streams === 0);
  });
});

describe("W-HTTP-4: nothing on the way may keep or hold back an answer", () => {
  it.each([EVENTS, { accept: "application/json" }])("%j", async (headers) => {
    const server = await start({ timings: { streamMs: 50 } });
    const answer = await ask(server, "GET", streamPath({ filter: ENTRIES }), { headers });
    expect(answer.headers["cache-control"]).toBe("no-store");
    expect(answer.headers["x-accel-buffering"]).toBe("no");
    expect(answer.headers["x-content-type-options"]).toBe("nosniff");
  });

  it.each([
    ["text/event-stream", "text/event-stream"],
    ["text/event-stream, application/json", "text/event-stream"],
    ["application/json;q=0.5, Text/Event-Stream ;q=0.9", "text/event-stream"],
    ["application/json, text/event-stream;q=0.5", "application/json; charset=utf-8"],
    ["text/event-stream;q=0", "application/json; charset=utf-8"],
    ["application/json", "application/json; charset=utf-8"],
    ["*/*", "application/json; charset=utf-8"],
    ["text/html", "application/json; charset=utf-8"],
  ])("Accept: %s is answered with %s", async (accept, type) => {
    const server = await start();
    // HEAD asks for what GET would say of itself, and waits for nothing.
    const answer = await ask(server, "HEAD", streamPath({ filter: ENTRIES }), { headers: { accept } });
    expect([answer.status, answer.headers["content-type"], answer.text]).toStrictEqual([200, type, ""]);
    expect(server.counts.streams).toBe(0);
  });

  it("other methods are refused", async () => {
    const server = await start();
    for (const method of ["POST", "PUT", "DELETE", "OPTIONS"]) {
      const answer = await ask(server, method, streamPath({ filter: ENTRIES }));
      expect([answer.status, answer.json.code, answer.headers["allow"]]).toStrictEqual([
        405,
        "method_not_allowed",
        "GET, HEAD",
      ]);
    }
  });
});

describe("what cannot be answered is refused before anything is sent, and says what is wrong", () => {
  const filter = (value: unknown): string => `filter=${encodeURIComponent(JSON.stringify(value))}`;
  it.each([
    ["", "filter", "is missing"],
    ["filter={", "filter", "is not JSON"],
    ["filter=%22%5Cud800%22", "filter", "surrogate"],
    ["filter=[]", "filter", "must be an object"],
    ["filter={}", "filter", "names no stream"],
    [filter({ entires: {} }), "filter", "entires"],
    [filter({ budgets: 1 }), "filter.budgets", "must be one of true"],
    [filter({ entries: { keys: [] } }), "filter.entries.keys", "too short"],
    [filter({ entries: { keys: [""] } }), "filter.entries.keys.0", "too short"],
    [filter({ entries: { window: { count: 501 } } }), "filter.entries.window.count", "at most 500"],
    [filter({ entries: { prefix: 1 } }), "filter.entries.prefix", "must be a text"],
    [filter({ audit: { tail: -1 } }), "filter.audit.tail", "at least 0"],
    [`${filter(ENTRIES)}&wait=25001`, "wait", "at most 25000"],
    [`${filter(ENTRIES)}&beatMs=1`, "beatMs", "at least 250"],
    [`${filter(ENTRIES)}&rateMs=x`, "rateMs", "must be a number"],
    [`${filter(ENTRIES)}&sub=a/b`, "sub", "1 to 64 of"],
    [`${filter(ENTRIES)}&cursor=`, "cursor", "too short"],
    [`${filter(ENTRIES)}&agent=system`, "agent", "own names"],
    [`${filter(ENTRIES)}&fitler=1`, "fitler", "is not a parameter"],
  ])("%s: %s %s", async (query, at, message) => {
    const server = await start();
    for (const headers of [EVENTS, {}]) {
      const answer = await ask(server, "GET", `/api/v1/boards/default/stream?${query}`, { headers });
      expect([answer.status, answer.json.code]).toStrictEqual([400, "bad_request"]);
      expect(answer.json.errors).toHaveLength(1);
      expect(answer.json.errors[0].at).toBe(at);
      expect(answer.json.errors[0].message).toContain(message);
    }
    expect(server.counts.streams).toBe(0);
  });

  it("a header that names no agent, and a board that is not there", async () => {
    const server = await start();
    const headers = { "x-swarmboard-agent": "follow:w" };
    expect((await ask(server, "GET", streamPath({ filter: ENTRIES }), { headers })).json.code).toBe("bad_request");
    const missing = await ask(server, "GET", streamPath({ board: "nowhere", filter: ENTRIES }), { headers: EVENTS });
    expect([missing.status, missing.json.code]).toStrictEqual([404, "no_such_board"]);
    const misnamed = await ask(server, "GET", streamPath({ board: "A%20B", filter: ENTRIES }));
    expect([misnamed.status, misnamed.json.code]).toStrictEqual([400, "bad_board_name"]);
    expect(server.counts.streams).toBe(0);
  });

  it("too many orders by last change at once are refused with 503", async () => {
    const server = await start();
    const filter = (prefix: string): object => ({ entries: { window: { sort: "changed", count: 1, prefix } } });
    const streams: Listened[] = [];
    for (let i = 0; i < 8; i++) streams.push(await listenTo(server, streamPath({ filter: filter(`p${i}`) })));
    const answer = await ask(server, "GET", streamPath({ filter: filter("p9") }), { headers: EVENTS });
    expect([answer.status, answer.json.code]).toStrictEqual([503, "overloaded"]);
    expect(server.counts.streams).toBe(8);
    for (const { response } of streams) response.destroy();
  });
});

describe("W-HTTP-3: commands go by POST", () => {
  it("and come back by stream, told once although they were sent twice", async () => {
    const server = await start();
    const stream = await listenTo(server, streamPath({ filter: ENTRIES, query: { rateMs: 0, beatMs: 250 } }));
    await until(() => stream.of("sync").length === 1);
    const command = { type: "entry.put", key: "k", value: 1 };
    for (let i = 0; i < 2; i++) {
      const sent = await write(server, "POST", "/api/v1/boards/default/commands", command, {
        "idempotency-key": "one",
      });
      expect(sent.status).toBe(200);
    }
    await until(() => stream.of("beat").length > 1);
    expect(stream.of("sync").filter(({ entries }) => entries !== undefined)).toHaveLength(1);
    stream.response.destroy();
  });
});

describe("the end of a board, and of the server", () => {
  it("a board that is deleted ends its streams and polls", async () => {
    const server = await start();
    await write(server, "POST", "/api/v1/boards", { name: "gone" });
    const path = (query = {}): string => streamPath({ board: "gone", filter: ENTRIES, query });
    const stream = await listenTo(server, path());
    const { cursor } = (await ask(server, "GET", path())).json;
    const waiting = ask(server, "GET", path({ cursor }));
    await until(() => server.counts.streams === 2);
    await ask(server, "DELETE", "/api/v1/boards/gone?confirm=gone");
    await until(stream.isEnded);
    expect((await waiting).json.code).toBe("no_such_board");
    expect(server.counts.streams).toBe(0);
  });

  it("W-BACK-3: a server that stops says drain, ends every answer whole, and is not held up by them", async () => {
    const server = await start();
    const agent = new http.Agent({ keepAlive: true });
    const streams = await Promise.all(
      Array.from({ length: 5 }, () => listenTo(server, streamPath({ filter: ENTRIES }), { agent })),
    );
    const { cursor } = (await poll(server, ENTRIES)).json;
    const waiting = poll(server, ENTRIES, { cursor });
    await until(() => server.counts.streams === 6 && streams.every((one) => one.of("sync").length === 1));
    const since = Date.now();
    await server.close();
    expect(Date.now() - since).toBeLessThan(1000);
    await until(() => streams.every((one) => one.isEnded()));
    for (const one of streams) expect(one.of("drain")).toStrictEqual([{ afterMs: 0, spreadMs: 1000 }]);
    const refused = await waiting;
    expect([refused.status, refused.json.code, refused.headers["retry-after"]]).toStrictEqual([
      503,
      "shutting_down",
      "1",
    ]);
    expect(server.counts).toMatchObject({ streams: 0, connections: 0 });
    agent.destroy();
  });
});
