// Sessions over real sockets against the real server: what docs/protocol.md promises, rule by rule.

import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { constants, inflateRawSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import type { SwarmboardServer } from "../../src/server/index.ts";
import {
  type Command,
  filterSchema,
  type JsonText,
  PUSHES,
  RESULTS,
  SESSION_LIMITS,
} from "../../src/protocol/index.ts";
import { serve, stopAll } from "../cli/program.ts";
import { ask, dial, endAfterEach, refusedUpgrade, start, until, write } from "../server/harness.ts";
import { endClientsAfterEach, LiveClient, type LiveOptions } from "./client.ts";
import { momentOf, shownAt } from "./moments.ts";
import { type Json, NAMED_STREAMS, type ReferenceReplica } from "./reference-replica.ts";

endAfterEach();
endClientsAfterEach();

const BOARD = "/api/v1/boards/default";

const connect = (server: Pick<SwarmboardServer, "port">, options?: LiveOptions): Promise<LiveClient> =>
  new LiveClient(server, options).opened();
const subscribe = (client: LiveClient, more: object = {}): Promise<Json> =>
  client.ask("subscribe", { sub: "s", board: "default", entries: {}, rateMs: 0, ...more });
const put = (key: string, value: unknown): Command => ({
  type: "entry.put",
  key,
  value: JSON.stringify(value) as JsonText,
});

const remove = (key: string): Command => ({ type: "entry.delete", key });

async function send(server: SwarmboardServer, ...commands: Command[]): Promise<number> {
  const board = (await server.engine.board("default"))!;
  await Promise.all(commands.map((command) => board.submit({ actor: "bob", source: "http", command })));
  return board.state.seq;
}

/** The replica is the plain view of what the board holds now. */
async function expectTrue(server: SwarmboardServer, replica: ReferenceReplica, filter: object): Promise<void> {
  const { state } = (await server.engine.board("default"))!;
  expect(replica.at).toBe(state.seq);
  const shown = shownAt(momentOf(state), filterSchema.parse(filter));
  for (const stream of NAMED_STREAMS) expect(replica.held.streams[stream]).toEqual(shown[stream]);
}

const handshake = (path: string, protocol: string, more = ""): string =>
  `GET ${path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: ${protocol}\r\n${more}\r\n`;

describe("the way in", () => {
  it("W-CONN-1, W-CONN-4: the subprotocol opens a session; welcome is first and has the documented form", async () => {
    const server = await start();
    const client = new LiveClient(server, { path: "/ws/blackboard?agent=planner&beatMs=250&client=test%201" });
    client.ws.on("open", () => client.send("ping"));
    await until(() => client.heard.length >= 2);
    const [welcome, pong] = client.heard;
    expect(welcome.method).toBe("welcome");
    expect(PUSHES.welcome.strict().parse(welcome.params)).toMatchObject({ agent: "planner", beatMs: 250, revision: 2 });
    expect(RESULTS.ping.parse(pong.result).at).toBeGreaterThan(1e12);
    expect(client.ws.protocol).toBe("swarmboard.v1");
    expect(server.counts.sockets).toBe(1);
  });

  it("W-CONN-1: with other subprotocols only, the handshake is accepted without one and closed with 4426", async () => {
    const server = await start();
    const socket = await dial(server);
    const chunks: Buffer[] = [];
    socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    socket.write(handshake("/ws/blackboard", "swarmboard.v9, other"));
    await until(() => Buffer.concat(chunks).includes("this server speaks"));
    const text = Buffer.concat(chunks).toString("latin1");
    expect(text).toMatch(/^HTTP\/1\.1 101/);
    expect(text).not.toMatch(/sec-websocket-protocol/i);
    expect(
      Buffer.concat(chunks)
        .subarray(text.indexOf("\r\n\r\n") + 6)
        .readUInt16BE(0),
    ).toBe(4426);
    socket.destroy();
    const among = await connect(server, { protocols: ["other", "swarmboard.v1"] });
    expect(among.ws.protocol).toBe("swarmboard.v1");
  });

  it("W-CONN-1: another address than the socket's is not found, and one that is none at all kills nobody", async () => {
    const server = await start();
    const session = { "sec-websocket-protocol": "swarmboard.v1" };
    expect((await refusedUpgrade(server, "/", session)).status).toBe(404);
    expect((await refusedUpgrade(server, "/ws/other", session)).json.code).toBe("not_found");
    for (const target of ["//", "//:0", "///?beatMs=1"]) {
      expect((await refusedUpgrade(server, target, session)).status).toBe(400);
      expect((await refusedUpgrade(server, target)).status).toBe(400);
    }
    expect((await ask(server, "GET", "/healthz")).status).toBe(200);
  });

  it.each([
    ["?beatMs=249"],
    ["?beatMs=25001"],
    ["?beatMs=x"],
    ["?revision=-1"],
    ["?agent="],
    [`?agent=${"x".repeat(513)}`],
    ["?agent=system"],
    ["?agent=follow:x"],
    [`?client=${"x".repeat(201)}`],
  ])("W-CONN-2: %s is refused, and says where", async (query) => {
    const server = await start();
    const answer = await refusedUpgrade(server, `/ws/blackboard${query}`, {
      "sec-websocket-protocol": "swarmboard.v1",
    });
    expect([answer.status, answer.json.code]).toEqual([400, "bad_request"]);
    expect(answer.json.errors[0].at).toBe(query.slice(1).split("=")[0]);
  });

  it("W-CONN-2: the header names the agent too, and may not say one of the server's own names either", async () => {
    const server = await start();
    const headers = { "x-swarmboard-agent": Buffer.from("ключ").toString("latin1") };
    expect((await connect(server, { headers })).pushes("welcome")[0].agent).toBe("ключ");
    expect((await connect(server)).pushes("welcome")[0].agent).toBe("anonymous");
    const own = { "sec-websocket-protocol": "swarmboard.v1", "x-swarmboard-agent": "follow:ws" };
    expect((await refusedUpgrade(server, "/ws/blackboard", own)).json.code).toBe("bad_request");
  });

  it("W-VER-2: a revision below the floor is closed with 4426", async () => {
    const server = await start();
    const client = new LiveClient(server, { path: "/ws/blackboard?revision=0" });
    expect((await client.closed).code).toBe(4426);
    expect(client.heard).toEqual([]);
    expect((await connect(server, { path: "/ws/blackboard?revision=7" })).pushes("welcome")).toHaveLength(1);
  });

  const closing: [string, number, (client: LiveClient) => void][] = [
    ["a binary frame", 4400, ({ ws }) => ws.send(Buffer.from("{}"))],
    ["what is not JSON", 4400, ({ ws }) => ws.send("hello")],
    ["a batch", 4400, ({ ws }) => ws.send('[{"jsonrpc":"2.0","id":1,"method":"ping"}]')],
    ["a message over the limit", 1009, ({ ws }) => ws.send(`"${"x".repeat(8 * 1_048_576)}"`)],
    ["too many messages", 4429, (client) => void Array.from({ length: 1500 }, () => client.send("ping"))],
  ];
  it.each(closing)("W-CONN-3, W-FLOW-4: %s closes with %i", async (_, code, act) => {
    const server = await start();
    const [client, bystander] = [await connect(server), await connect(server)];
    act(client);
    expect((await client.closed).code).toBe(code);
    expect((await bystander.ask("ping")).result.at).toBeGreaterThan(0);
    await until(() => server.counts.sockets === 1);
  });

  it("W-BACK-4: over the connection limit a session is accepted and closed with 1008", async () => {
    const server = await start({ maxConnectionsPerIp: 1 });
    await connect(server);
    expect((await new LiveClient(server).closed).code).toBe(1008);
  });

  it("W-BEAT-4: whoever answers no ping is ended, whoever pings is answered", async () => {
    const server = await start({ timings: { pingMs: 200, pongMs: 200, sweepMs: 50 } });
    const good = await connect(server);
    let pongs = 0;
    good.ws.on("pong", () => pongs++);
    good.ws.ping("x");
    const dead = await dial(server);
    dead.resume();
    dead.write(handshake("/ws/blackboard", "swarmboard.v1"));
    await until(() => server.counts.sockets === 2);
    await until(() => dead.destroyed);
    await until(() => pongs === 1);
    expect([good.closeCode, server.counts.sockets]).toEqual([undefined, 1]);
  });
});

describe("subscriptions", () => {
  it("W-SUB-3, W-SUB-5: a result says where the replica stands, and why it starts over", async () => {
    const server = await start();
    const head = await send(server, put("k", 1));
    const client = await connect(server);
    const { result } = await subscribe(client);
    expect(RESULTS.subscribe.strict().parse(result)).toMatchObject({ sub: "s", position: { seq: 0 } });
    await client.reaches("s", head);
    expect(client.pushes("sync")[0].reset).toBe("start");
    const { resume } = result;
    const cases: [string, string | undefined][] = [
      [`${resume}.${head}`, undefined],
      [`${resume}.${head + 1}`, "ahead"],
      [`${resume}.0`, undefined],
      ["rubbish", "unreadable"],
      [`${resume}.-1`, "unreadable"],
      [`other.${resume.split(".")[1]}.1`, "epoch"],
      [`${resume.split(".")[0]}.0123456789abcdef.1`, "filter"],
    ];
    for (const [cursor, reset] of cases) {
      const again = await connect(server);
      if (reset === undefined) again.replica("s").at = Number(cursor.split(".")[2]);
      const answer = await subscribe(again, { cursor });
      expect([cursor, answer.result.reset]).toEqual([cursor, reset]);
      if (reset !== undefined) await until(() => again.pushes("sync")[0]?.reset === reset);
      expect(answer.result.position.seq).toBe(reset === undefined ? Number(cursor.split(".")[2]) : 0);
      await again.reaches("s", head);
      again.ws.terminate();
    }
  });

  it("W-SUB-2: over says how many there are, keys and prefixes choose", async () => {
    const server = await start();
    const head = await send(server, put("a/1", 1), put("a/2", 2), put("b", 3));
    const client = await connect(server);
    await subscribe(client, { sub: "over", entries: { atMost: 2 } });
    await subscribe(client, { sub: "few", entries: { prefix: "a/", atMost: 2 } });
    await subscribe(client, { sub: "keys", entries: { keys: ["b", "none"] } });
    for (const sub of ["over", "few", "keys"]) await client.reaches(sub, head);
    expect(client.replica("over").held.over).toBe(3);
    expect([...client.replica("few").held.streams.entries.keys()].sort()).toEqual(["a/1", "a/2"]);
    expect([...client.replica("keys").held.streams.entries.keys()]).toEqual(["b"]);
  });

  it("W-SUB-2: whoever was told over is told no entry after it, also when it returns, until it begins anew", async () => {
    const server = await start();
    await send(server, put("a", 1), put("b", 2), put("c", 3));
    const entries = { atMost: 2 };
    const client = await connect(server);
    const { result } = await subscribe(client, { sub: "s", entries, tasks: true });
    let head = await send(server, put("d", 4), { type: "task.report", task: "t", status: "open" });
    await client.reaches("s", head);
    client.ws.terminate();
    const replica = client.replica("s");
    const cursor = `${result.resume}.${head}`;

    head = await send(server, remove("a"), remove("b"), remove("c"), {
      type: "task.report",
      task: "u",
      status: "open",
    });
    const again = await connect(server);
    // The reference replica throws where entries are told after `over`.
    again.replicas.set("s", replica);
    const back = await subscribe(again, { sub: "s", entries, tasks: true, cursor });
    expect(back.result.reset).toBeUndefined();
    await again.reaches("s", head);
    expect([...again.replica("s").held.streams.tasks.keys()]).toEqual(["t", "u"]);
    expect([...again.replica("s").held.streams.entries.keys()]).toEqual([]);
    await subscribe(again, { sub: "anew", entries });
    await again.reaches("anew", head);
    expect([...again.replica("anew").held.streams.entries.keys()]).toEqual(["d"]);
  });

  it("rule 24, W-WIN-3: a window of large rows takes several pages, none larger than a frame", async () => {
    const server = await start();
    const large = (n: number) => "x".repeat(30_000 + n);
    for (let n = 0; n < 20; n++) await send(server, put(`k${String(n).padStart(2, "0")}`, large(n)));
    const client = await connect(server);
    const sizes: number[] = [];
    client.ws.on("message", (data: Buffer) => sizes.push(data.length));
    await subscribe(client, { sub: "w", entries: { window: { count: 20 } }, rateMs: 0 });
    await client.reaches("w", 21);
    const head = await send(server, remove("k03"), put("k10", "small"));
    await client.reaches("w", head);
    const rows = client.replica("w").held.window?.rows.map((row: Json) => [row.key, row.value.length]);
    const expected = Array.from({ length: 20 }, (_, n) => [
      `k${String(n).padStart(2, "0")}`,
      n === 10 ? 5 : 30_000 + n,
    ]);
    expect(rows).toEqual(expected.filter(([key]) => key !== "k03"));
    expect(Math.max(...sizes)).toBeLessThanOrEqual(SESSION_LIMITS.frameBytes);
    expect(sizes.length).toBeGreaterThan(5);
  });

  it("W-SUB-4, W-SYNC-3: subscribing while others write loses and repeats nothing", async () => {
    const server = await start();
    let isOver = false;
    const writer = (async () => {
      for (let i = 0; !isOver && i < 900; i++) {
        await send(server, put(`k${i % 50}`, i), { type: "audit.note", event: String(i) });
      }
    })();
    const clients: LiveClient[] = [];
    for (let i = 0; i < 20; i++) {
      const client = await connect(server);
      await subscribe(client, { audit: { tail: 0 }, rateMs: i });
      clients.push(client);
    }
    isOver = true;
    await writer;
    const { state } = (await server.engine.board("default"))!;
    for (const client of clients) {
      const replica = await client.reaches("s", state.seq);
      await expectTrue(server, replica, { entries: {} });
      const since = state.audit.notes.filter(({ seq }) => seq > replica.startedAt!).map(({ event }) => event);
      expect(replica.held.notes.map(({ note }) => note.event)).toEqual(since);
    }
  });

  it("an unknown board is refused, and a deleted one ends the session with 1001", async () => {
    const server = await start();
    const client = await connect(server);
    expect((await subscribe(client, { board: "none" })).error.data.code).toBe("no_such_board");
    await write(server, "POST", "/api/v1/boards", { name: "short" });
    expect((await subscribe(client, { board: "short" })).error).toBeUndefined();
    await ask(server, "DELETE", "/api/v1/boards/short?confirm=short");
    expect((await client.closed).code).toBe(1001);
  });
});

describe("commands", () => {
  it("W-CMD-1, W-CMD-2: the same id again, also on another connection, is answered as the first time", async () => {
    const server = await start();
    const params = { board: "default", id: "01-retry", command: { type: "entry.put", key: "k", value: { n: 1 } } };
    const first = await connect(server, { path: "/ws/blackboard?agent=ann" });
    const { result } = await first.ask("command", params);
    expect(RESULTS.command.parse(result)).toMatchObject({ made: { rev: 1 } });
    first.ws.terminate();
    const second = await connect(server, { path: "/ws/blackboard?agent=ann" });
    expect((await second.ask("command", params)).result).toEqual({ ...result, duplicate: true });
    const other = { ...params, command: { ...params.command, value: { n: 2 } } };
    const { error } = await second.ask("command", other);
    expect([error.code, error.data.code, error.data.retry]).toEqual([-32_000, "id_conflict", "no"]);
    expect((await ask(server, "GET", `${BOARD}/entries/k`)).text).toContain('{"n":1}');
  });

  it("W-CMD-4, rule 19: values keep every token byte for byte, on the way in and on the way out", async () => {
    const server = await start();
    const client = await connect(server);
    const value =
      '{"big":123456789012345678901234567890,"huge":1e400,"small":-0.0,"e":1.50E+2,"dup":1,"dup":2,"s":"\\u0041\\/"}';
    await subscribe(client);
    const { result } = await client.ask(
      "command",
      `{"board":"default", "command" : {"type":"entry.put","key":"k","value": ${value.replace(",", " ,\n")} }}`,
    );
    expect((await ask(server, "GET", `${BOARD}/entries/k`)).text).toContain(value);
    await client.reaches("s", result.seq);
    expect(client.texts.find((text) => text.includes(`"value":${value},`))).toBeDefined();
  });

  it("W-CMD-3: up to 256 in flight; what is beyond is refused as overloaded, and each is answered", async () => {
    const server = await start();
    const client = await connect(server);
    const ids = Array.from({ length: 400 }, (_, i) =>
      client.send("command", { board: "default", command: { type: "entry.put", key: `k${i}`, value: i } }),
    );
    await until(() => ids.every((id) => client.answer(id) !== undefined));
    for (const id of ids) {
      const { result, error } = client.answer(id);
      if (error === undefined) expect(result.made).toEqual({ rev: 1 });
      else expect(error.data.code).toBe("overloaded");
    }
    expect((await client.ask("ping")).result).toBeDefined();
  });

  it("L1: what a result says is in the log, and every listener is told", async () => {
    const server = await start();
    const [writer, reader] = [await connect(server), await connect(server)];
    await subscribe(reader);
    const { result } = await writer.ask("command", {
      board: "default",
      command: { type: "batch", commands: [1, 2].map((n) => ({ type: "entry.put", key: `k${n}`, value: n })) },
    });
    expect(result.parts).toEqual([{ rev: 1 }, { rev: 1 }]);
    const replica = await reader.reaches("s", result.seq);
    expect([...replica.held.streams.entries.keys()]).toEqual(["k1", "k2"]);
    // Rule 12: both in one sync.
    expect(reader.pushes("sync").filter(({ entries }) => entries?.put?.length === 2)).toHaveLength(1);
  });
});

describe("coming back", () => {
  const onDisk = async (): Promise<{
    dataDir: string;
    up: () => Promise<SwarmboardServer>;
    done: () => Promise<void>;
  }> => {
    const dataDir = await mkdtemp(join(tmpdir(), "swarmboard-"));
    return {
      dataDir,
      up: () => start({ memory: false, dataDir }),
      done: () => rm(dataDir, { recursive: true, force: true }),
    };
  };

  /** A client with the replica of another, that resumes where it stood. */
  const resume = async (
    server: Pick<SwarmboardServer, "port">,
    before: LiveClient,
    name: string,
    filter: object,
  ): Promise<{ client: LiveClient; answer: Json }> => {
    const client = await connect(server);
    const replica = before.replica("s");
    replica.disconnect();
    client.replicas.set("s", replica);
    const answer = await subscribe(client, { cursor: `${name}.${replica.at}`, ...filter });
    return { client, answer };
  };

  it("L7: a cursor resumes over a lost connection and over a restart of the server, deletes and all", async () => {
    const { up, done } = await onDisk();
    let server = await up();
    const filter = { entries: {}, budgets: true, tasks: true, agents: true };
    await send(server, put("gone", 1), put("kept", 1), { type: "budget.open", task: "t", limitTokens: 9 });
    const first = await connect(server);
    const { result } = await subscribe(first, filter);
    await first.reaches("s", 4);
    first.ws.terminate();
    await send(server, { type: "entry.delete", key: "gone" }, put("new", 1));
    const { client: second, answer } = await resume(server, first, result.resume, filter);
    expect(answer.result.reset).toBeUndefined();
    await second.reaches("s", 6);
    await expectTrue(server, second.replica("s"), filter);
    expect(second.pushes("sync")[0].entries.put.map(({ key }: { key: string }) => key)).toEqual(["new"]);
    await send(server, { type: "entry.delete", key: "kept" }, { type: "budget.charge", task: "t", tokens: 1 });
    second.ws.terminate();
    await server.close();
    server = await up();
    const head = await send(server, put("after", 1));
    const { client: third, answer: again } = await resume(server, second, result.resume, filter);
    expect(again.result.reset).toBeUndefined();
    await third.reaches("s", head);
    await expectTrue(server, third.replica("s"), filter);
    await server.close();
    await done();
  });

  it("L7: a new data folder is another history, and resets", async () => {
    const server = await start();
    const client = await connect(server);
    const { result } = await subscribe(client);
    await client.reaches("s", 1);
    const other = await start();
    await send(other, put("k", 1));
    const { client: again, answer } = await resume(other, client, result.resume, { entries: {} });
    expect(answer.result).toMatchObject({ reset: "epoch", position: { seq: 0 } });
    await again.reaches("s", 2);
    await expectTrue(other, again.replica("s"), { entries: {} });
  });

  it("W-SYNC-10, L5: notes of an absence come from disk, up to 10 000; beyond, the gap is named", async () => {
    // The index of the past is a worker, which only the built program has.
    const dataDir = await mkdtemp(join(tmpdir(), "swarmboard-"));
    const up = async (): Promise<{ port: number; stop: () => Promise<unknown> }> => {
      const program = await serve(["--port", "0", "--data", dataDir]);
      return { port: Number(new URL(program.url).port), stop: () => program.stop() };
    };
    let server = await up();
    const flood = async (from: number, count: number): Promise<void> => {
      const writer = await connect(server);
      for (let i = from; i < from + count; i += 500) {
        const commands = Array.from({ length: Math.min(500, from + count - i) }, (_, j) => ({
          type: "audit.note",
          event: (i + j) % 2 === 0 ? "even" : "odd",
          reason: String(i + j),
        }));
        const answer = await writer.ask("command", { board: "default", command: { type: "batch", commands } });
        expect(answer.error).toBeUndefined();
      }
      writer.ws.terminate();
    };
    const numbers = (client: LiveClient): number[] =>
      client.replica("s").held.notes.map(({ note }) => Number(note.reason));
    const upTo = (first: number, last: number, step = 1): number[] =>
      Array.from({ length: (last - first) / step + 1 }, (_, i) => first + i * step);
    const audit = { entries: undefined, audit: { tail: 0 } };
    const even = { entries: undefined, audit: { event: "even", tail: 0 } };
    const [all, half] = [await connect(server), await connect(server)];
    const names = [await subscribe(all, audit), await subscribe(half, even)].map(
      ({ result }) => result.resume as string,
    );
    for (const client of [all, half]) {
      await client.reaches("s", 1);
      client.ws.terminate();
    }
    await flood(0, 3500);
    const { client: back } = await resume(server, all, names[0]!, audit);
    await back.reaches("s", 8);
    expect(numbers(back)).toEqual(upTo(0, 3499));
    expect(back.replica("s").held).toMatchObject({ missed: [], total: 3500 });
    back.ws.terminate();
    await flood(3500, 13_000);
    await server.stop();
    server = await up();
    const { client: late } = await resume(server, back, names[0]!, audit);
    const { client: lateHalf } = await resume(server, half, names[1]!, even);
    for (const client of [late, lateHalf]) await client.reaches("s", 34, 30_000);
    const { missed, total, notes } = late.replica("s").held;
    expect([missed.map(({ count, from }) => [count, from]), total]).toEqual([[[16_500 - notes.length, 8]], 16_500]);
    // 10 000 from disk, and those that memory has.
    expect(notes.length).toBeGreaterThanOrEqual(13_500);
    expect(numbers(late)).toEqual([...upTo(0, 3499), ...upTo(20_000 - notes.length, 16_499)]);
    expect(lateHalf.replica("s").held.missed).toEqual([]);
    expect(numbers(lateHalf)).toEqual(upTo(0, 16_498, 2));
    await stopAll();
    await rm(dataDir, { recursive: true, force: true });
  });

  it("W-BACK-3: a server that stops says drain, closes with 1012, and is quick about it", async () => {
    const server = await start();
    const clients = [await connect(server), await connect(server)];
    for (const client of clients) await subscribe(client);
    const deaf = await connect(server);
    deaf.pause();
    const began = Date.now();
    await server.close();
    expect(Date.now() - began).toBeLessThan(3000);
    for (const client of clients) {
      expect((await client.closed).code).toBe(1012);
      expect(PUSHES.drain.parse(client.pushes("drain")[0]).spreadMs).toBeGreaterThan(0);
      expect(client.heard.at(-1).method).toBe("drain");
    }
  });
});

/** Frames of a server as they are on the wire. */
async function rawFrames(
  server: SwarmboardServer,
  extensions: string,
  isDone: (frames: readonly { first: number; payload: Buffer }[]) => boolean,
): Promise<{ head: string; frames: { first: number; payload: Buffer }[]; socket: Socket }> {
  const socket = await dial(server);
  let bytes = Buffer.alloc(0);
  socket.on("data", (chunk: Buffer) => (bytes = Buffer.concat([bytes, chunk])));
  const more = extensions === "" ? "" : `Sec-WebSocket-Extensions: ${extensions}\r\n`;
  socket.write(handshake("/ws/blackboard", "swarmboard.v1", more));
  const message = Buffer.from(
    '{"jsonrpc":"2.0","id":1,"method":"subscribe","params":{"sub":"s","board":"default","entries":{}}}',
  );
  // Masked with zeroes.
  socket.write(Buffer.concat([Buffer.from([0x81, 0x80 | message.length, 0, 0, 0, 0]), message]));
  const read = (): { first: number; payload: Buffer }[] => {
    const frames: { first: number; payload: Buffer }[] = [];
    for (let at = bytes.indexOf("\r\n\r\n") + 4; at >= 4 && at + 2 <= bytes.length;) {
      const short = bytes[at + 1]!;
      const head = short < 126 ? 2 : short === 126 ? 4 : 10;
      if (at + head > bytes.length) break;
      const length =
        head === 2 ? short : head === 4 ? bytes.readUInt16BE(at + 2) : Number(bytes.readBigUInt64BE(at + 2));
      if (at + head + length > bytes.length) break;
      frames.push({ first: bytes[at]!, payload: bytes.subarray(at + head, at + head + length) });
      at += head + length;
    }
    return frames;
  };
  await until(() => isDone(read()));
  return { head: bytes.toString("latin1").split("\r\n\r\n")[0]!, frames: read(), socket };
}

describe("compression", () => {
  const TEXT = "compress me ".repeat(400);

  it("W-ZIP-1: a frame above 1 KiB is compressed once for all, and an ordinary client reads it", async () => {
    const server = await start({ compress: "always" });
    const head = await send(server, put("k", TEXT));
    const clients = [await connect(server, { deflate: true }), await connect(server)];
    for (const client of clients) {
      await subscribe(client);
      await client.reaches("s", head);
      await send(server, put("small", 1), put("k", `${TEXT}!`));
    }
    for (const client of clients) {
      await client.reaches("s", head + 4);
      await expectTrue(server, client.replica("s"), { entries: {} });
    }
    expect(clients[0]!.ws.extensions).toBe("permessage-deflate");
    expect(clients[1]!.ws.extensions).toBe("");
  });

  it("W-ZIP-1: RSV1 marks what is compressed, and equal frames are equal bytes", async () => {
    const server = await start({ compress: "always" });
    await send(server, put("k", TEXT));
    const isDone = (frames: readonly { payload: Buffer }[]): boolean => frames.length >= 3;
    const both = [
      await rawFrames(server, "permessage-deflate", isDone),
      await rawFrames(server, "permessage-deflate", isDone),
    ];
    const syncs = both.map(({ head, frames, socket }) => {
      socket.destroy();
      expect(head).toMatch(/server_no_context_takeover/);
      expect(head).toMatch(/client_no_context_takeover/);
      const [welcome, answer, sync] = frames;
      expect([welcome?.first, answer?.first, sync?.first]).toEqual([0x81, 0x81, 0xc1]);
      const text = inflateRawSync(Buffer.concat([sync!.payload, Buffer.from([0, 0, 0xff, 0xff])]), {
        finishFlush: constants.Z_SYNC_FLUSH,
      }).toString();
      expect(JSON.parse(text).params.entries.put[0].value).toBe(TEXT);
      return createHash("sha256").update(sync!.payload).digest("hex");
    });
    expect(syncs[0]).toBe(syncs[1]);
  });

  it("W-ZIP-1: a client that can only take a smaller window gets frames as they are", async () => {
    const server = await start({ compress: "always" });
    await send(server, put("k", TEXT));
    const offer = "permessage-deflate; server_max_window_bits=9";
    const { head, frames, socket } = await rawFrames(server, offer, (all) => all.length >= 3);
    socket.destroy();
    expect(head).not.toMatch(/sec-websocket-extensions/i);
    expect(frames.map(({ first }) => first)).toEqual([0x81, 0x81, 0x81]);
    expect(JSON.parse(frames[2]!.payload.toString()).params.entries.put[0].value).toBe(TEXT);
  });

  it("W-ZIP-1: none on loopback by default", async () => {
    const server = await start();
    const client = await connect(server, { deflate: true });
    expect(client.ws.extensions).toBe("");
  });
});

describe("a slow reader", () => {
  it("L5, L6: conflates and converges, holds a bounded amount, and nobody else notices", async () => {
    const server = await start();
    const filter = { entries: {}, audit: { tail: 0 } };
    const [slow, quick] = [await connect(server), await connect(server)];
    for (const client of [slow, quick]) {
      await subscribe(client, filter);
      await client.reaches("s", 1);
      client.ack();
    }
    slow.acks = false;
    slow.pause();
    const wide = (i: number): Command => put(`k${i % 20}`, String(i).repeat(20_000).slice(0, 60_000));
    let worst = 0;
    for (let i = 0; i < 400; i++) {
      const head = await send(server, wide(i), { type: "audit.note", event: String(i) });
      if (i % 20 !== 0) continue;
      const began = Date.now();
      await quick.reaches("s", head);
      worst = Math.max(worst, Date.now() - began);
    }
    expect(worst).toBeLessThan(1000);
    const { syncs } = slow;
    slow.unpause();
    // What was under way comes, and no more until it says that it got it.
    await new Promise((resolve) => setTimeout(resolve, 300));
    const bytes = slow.texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
    expect(bytes).toBeLessThan(2 * 262_144 + 50_000);
    slow.acks = true;
    slow.ack();
    const { state } = (await server.engine.board("default"))!;
    for (const client of [slow, quick]) {
      const replica = await client.reaches("s", state.seq);
      await expectTrue(server, replica, { entries: {} });
      expect(replica.held.notes.map(({ note }) => Number(note.event))).toEqual(
        Array.from({ length: 400 }, (_, i) => i),
      );
    }
    expect(slow.syncs - syncs).toBeLessThan(40);
    expect(quick.syncs).toBeGreaterThan(200);
  });
});
