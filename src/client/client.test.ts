// Guards the client as a whole against a scripted server on a clock that the test moves.

import { afterEach, describe, expect, it } from "vitest";
import { SESSION_LIMITS } from "../protocol/wire/session-limits.ts";
import { type Client, connect, type ConnectOptions } from "./connect.ts";
import { cacheIn } from "./replica-cache.ts";
import { ScriptedServer } from "./scripted-server.fake.ts";
import type { Status } from "./status.ts";
import { MAX_SUBSCRIPTIONS } from "./subscription-set.ts";
import { httpFallback } from "./transports/http.ts";

let client: Client;
afterEach(() => client.close());

function start(server: ScriptedServer, options: ConnectOptions = {}): Client {
  client = connect("http://server", {
    environment: server.environment,
    agent: "tester",
    fallback: httpFallback,
    ...options,
  });
  return client;
}
async function live(server: ScriptedServer, options: ConnectOptions = {}) {
  const board = start(server, options).board();
  const sub = board.subscribe({ entries: {} });
  await server.run(10);
  expect(client.status.phase).toBe("live");
  return { board, sub };
}
const follow = (): Status[] => {
  const told: Status[] = [];
  client.onStatus((status) => told.push(status));
  return told;
};

describe("a client", () => {
  it("connects, subscribes, tells entries by key and writes (W-CONN-1, W-CONN-2, W-SYNC-4, W-CMD-1)", async () => {
    const server = new ScriptedServer();
    server.write("a", 1);
    const board = start(server).board();
    const sub = board.subscribe({ entries: {} });
    const told: string[] = [];
    sub.entries.onKey("a", () => told.push("a"));
    sub.entries.onKey("b", () => told.push("b"));
    expect(client.status.phase).toBe("connecting");
    await server.run(10);
    await sub.ready;
    expect(server.socket.url).toBe(
      "ws://server/ws/blackboard?agent=tester&revision=2&beatMs=2000&client=swarmboard-js",
    );
    expect(client.status).toMatchObject({ phase: "live", transport: "socket" });
    expect(sub.entries.get("a")?.value).toBe(1);
    const answer = board.put("b", { big: 12_345_678_901_234_567_890n });
    await server.run(10);
    expect(await answer).toMatchObject({ seq: 2 });
    expect(sub.position).toEqual({ epoch: "e1", seq: 2 });
    expect(told).toEqual(["a", "b"]);
  });

  it("resumes with its cursor, and sends commands without an answer again with the same id (W-BACK-1, W-CMD-2)", async () => {
    const server = new ScriptedServer();
    const { board, sub } = await live(server);
    const statuses = follow();
    server.ignored.add("command");
    const answer = board.put("a", 1);
    await server.run(10);
    // The command is applied, but the answer is lost with the connection.
    const [sent] = server.socket.of("command");
    server.apply(sent!.params["id"] as string, sent!.params["command"] as Record<string, unknown>);
    server.ignored.clear();
    server.socket.close(1006);
    expect(client.status).toMatchObject({ phase: "offline", reason: "the connection was lost" });
    await server.run(1000);
    expect(server.sockets).toHaveLength(2);
    expect(server.socket.of("subscribe")[0]?.params["cursor"]).toBeUndefined();
    expect(server.socket.of("command")[0]?.params).toEqual(sent!.params);
    expect(await answer).toMatchObject({ seq: 1, duplicate: true });
    expect(sub.entries.get("a")?.rev).toBe(1);
    expect(statuses.map(({ phase }) => phase)).toEqual(["offline", "connecting", "catching-up", "live"]);
    server.socket.close(1012);
    await server.run(1000);
    expect(server.socket.of("subscribe")[0]?.params["cursor"]).toBe("e1.f.1");
  });

  it("says live only while signs of life come and nothing is missing (W-BEAT-2)", async () => {
    const server = new ScriptedServer();
    await live(server);
    server.write("a", 1);
    server.beat();
    await server.run(1999);
    expect(client.status.phase).toBe("live");
    await server.run(2);
    expect(client.status).toMatchObject({ phase: "catching-up", reason: "the server has more" });
    server.tell();
    expect(client.status.phase).toBe("live");
    await server.run(5000);
    expect(client.status).toMatchObject({ phase: "catching-up", reason: "no sign of life" });
    await server.run(2000);
    expect(server.socket.open).toBe(true);
    await server.run(4000);
    expect(server.sockets).toHaveLength(2);
    expect(client.status.phase).toBe("live");
  });

  it("starts over visibly when history was cut, and shows the old state until the new one is whole (W-SYNC-5, law L7)", async () => {
    const server = new ScriptedServer();
    const { sub } = await live(server);
    server.write("a", 1);
    server.write("b", 1);
    server.tell(0);
    server.socket.close(1006);
    server.epoch = "e2";
    server.entries.delete("b");
    server.seq = 1;
    server.ignored.add("subscribe");
    await server.run(1000);
    // A beat of another history proves nothing.
    server.beat();
    expect(client.status).toMatchObject({ phase: "catching-up" });
    expect(sub.entries.keys()).toEqual(["a", "b"]);
    server.ignored.clear();
    server.socket.close(1006);
    await server.run(3000);
    expect(client.status).toMatchObject({ phase: "live" });
    expect(sub.entries.keys()).toEqual(["a"]);
    expect(sub.position).toEqual({ epoch: "e2", seq: 1 });
  });

  it("subscribes again when a sync does not fit, then without its cursor, then over another connection (W-SYNC-4)", async () => {
    const server = new ScriptedServer();
    const { sub } = await live(server);
    server.write("a", 1);
    server.tell();
    server.socket.push("sync", { sub: sub.name, from: 7, to: 9 });
    await server.run(10);
    expect(server.socket.of("subscribe")).toHaveLength(2);
    expect(server.socket.of("subscribe")[1]?.params["cursor"]).toBe("e1.f.1");
    // What was under way for the former subscription is not heard.
    server.socket.push("sync", { sub: sub.name, from: 1, to: 1 });
    expect(client.status.phase).toBe("live");
    server.sync = () => ({ sub: sub.name, from: 77, to: 78 });
    server.socket.push("sync", { sub: sub.name, from: 77, to: 78 });
    await server.run(30);
    expect(server.socket.of("subscribe").map(({ params }) => params["cursor"] !== undefined)).toEqual([
      false,
      true,
      true,
      true,
      false,
      false,
    ]);
    expect(server.socket.open).toBe(false);
    expect(client.status).toMatchObject({ phase: "offline", reason: "a sync from 77 came at 1" });
  });

  it("acknowledges by time and by bytes (W-FLOW-1)", async () => {
    const server = new ScriptedServer();
    await live(server);
    await server.run(SESSION_LIMITS.ackMs);
    const acks = () => server.socket.of("ack").map(({ params }) => params);
    expect(acks()).toEqual([{ syncs: 1 }]);
    server.write("a", "x".repeat(SESSION_LIMITS.ackBytes));
    server.tell();
    expect(acks()).toHaveLength(2);
    expect(acks()[1]).toEqual({ syncs: 2 });
    await server.run(5000);
    expect(acks()).toHaveLength(2);
  });

  it("stops where the server says so, and refuses what waits and what comes (W-BACK-4)", async () => {
    const server = new ScriptedServer();
    const { board } = await live(server);
    server.ignored.add("command");
    const waits = board.put("a", 1);
    await server.run(10);
    server.socket.close(4410, "removed");
    await expect(waits).rejects.toMatchObject({ code: "stopped", command: { maybeApplied: true } });
    await expect(board.put("b", 1)).rejects.toMatchObject({ code: "stopped", command: undefined });
    expect(client.status).toMatchObject({ phase: "stopped", code: 4410, reason: "removed" });
    await server.run(60_000);
    expect(server.sockets).toHaveLength(1);
    client.reconnect();
    await server.run(10);
    expect(client.status.phase).toBe("live");
  });

  it("asks for a token before each connection, and says it before anything else (W-CONN-5)", async () => {
    const server = new ScriptedServer();
    let tokens = 0;
    await live(server, { token: () => Promise.resolve(`t${++tokens}`) });
    expect(server.socket.received[0]).toMatchObject({ method: "authenticate", params: { token: "t1" } });
    server.socket.close(4401);
    await server.run(1000);
    expect(server.socket.received[0]).toMatchObject({ method: "authenticate", params: { token: "t2" } });
    server.socket.close(4401);
    expect(client.status).toMatchObject({ phase: "stopped", code: 4401 });
  });

  it("shows an echo at once, until the replica is there or the command is refused", async () => {
    const server = new ScriptedServer();
    const { board, sub } = await live(server);
    server.write("a", { n: 1, kept: true });
    server.tell();
    const told: unknown[] = [];
    sub.entries.onKey("a", () => told.push(sub.entries.get("a")?.value));
    const put = board.put("b", 1, { echo: true });
    const merge = board.merge("a", { n: 2 }, { echo: true });
    expect(sub.entries.get("b")).toMatchObject({ value: 1, pending: true, by: "tester", rev: 0 });
    expect(sub.entries.get("a")).toMatchObject({ value: { n: 2, kept: true }, pending: true, rev: 1 });
    expect(sub.entries.keys()).toEqual(["a", "b"]);
    const refuse = server.socket;
    server.ignored.add("command");
    await server.run(10);
    const [first, second] = refuse.of("command");
    refuse.send({ id: second!.id, error: { code: -32_000, message: "no", data: { code: "board_full", retry: "no" } } });
    await expect(merge).rejects.toMatchObject({ code: "board_full" });
    expect(sub.entries.get("a")).toMatchObject({ value: { n: 1, kept: true } });
    expect(sub.entries.get("a")?.pending).toBeUndefined();
    refuse.send({ id: first!.id, result: { seq: 2, made: { rev: 1 } } });
    await put;
    // Answered, but not told yet: it goes on being shown.
    expect(sub.entries.get("b")?.pending).toBe(true);
    server.write("b", 1);
    server.tell();
    expect(sub.entries.get("b")).toMatchObject({ value: 1, rev: 1 });
    expect(sub.entries.get("b")?.pending).toBeUndefined();
    expect(told).toEqual([
      { n: 2, kept: true },
      { n: 1, kept: true },
    ]);
  });

  it("moves a window with the newest wish only (W-WIN-4), and comes back to where it was moved", async () => {
    const server = new ScriptedServer();
    const sub = start(server)
      .board()
      .subscribe({ entries: { window: { count: 10, prefix: "t" } } });
    await server.run(10);
    for (let from = 1; from <= 50; from++) sub.window.move(from, 10);
    sub.window.move(60, 20, "x");
    await server.run(10);
    const moves = server.socket.of("window").map(({ params }) => params);
    expect(moves).toEqual([
      { sub: sub.name, from: 1, count: 10 },
      { sub: sub.name, from: 60, count: 20, search: "x" },
    ]);
    server.socket.close(1006);
    await server.run(1000);
    expect(server.socket.of("subscribe")[0]?.params["entries"]).toEqual({
      window: { count: 20, prefix: "t", from: 60, search: "x" },
    });
  });

  it("keeps what it shows beyond the page, shows it at once, and resumes it (offline cache)", async () => {
    const server = new ScriptedServer();
    const kept = new Map<string, string>();
    const cache = cacheIn({
      load: (name) => kept.get(name),
      save: (name, text) => void kept.set(name, text),
    });
    server.write("a", { deep: [1] });
    const { sub } = await live(server, { cache });
    expect(kept.size).toBe(0);
    await server.run(5000);
    expect([...kept.keys()]).toEqual([`http://server tester ${sub.name}`]);
    client.close();
    const again = new ScriptedServer();
    again.write("a", { deep: [1] });
    again.muteSockets = true;
    const second = start(again, { cache }).board().subscribe({ entries: {} });
    await again.run(0);
    expect(second.entries.get("a")?.value).toEqual({ deep: [1] });
    expect(second.condition.held).toBe("cached");
    expect(client.status.phase).toBe("connecting");
    again.muteSockets = false;
    again.write("b", 2);
    await again.run(20_000);
    expect(
      again.sockets.find((socket) => socket.of("subscribe").length > 0)?.of("subscribe")[0]?.params["cursor"],
    ).toBe("e1.f.1");
    expect(second.entries.keys()).toEqual(["a", "b"]);
    expect(second.condition.held).toBe("told");
  });

  it("tells when a subscription is refused, and asks again with the next connection", async () => {
    const server = new ScriptedServer();
    await live(server);
    server.ignored.add("subscribe");
    const sub = client.board("other").subscribe({ budgets: true });
    await server.run(10);
    const { id } = server.socket.of("subscribe").at(-1)!;
    server.socket.send({ id, error: { code: -32_000, message: "", data: { code: "no_such_board", retry: "no" } } });
    await expect(sub.ready).rejects.toMatchObject({ code: "no_such_board" });
    expect(sub.condition.problem?.code).toBe("no_such_board");
    expect(client.status.phase).toBe("live");
    server.ignored.clear();
    server.socket.close(1001);
    await server.run(1000);
    expect(sub.condition).toMatchObject({ held: "told", problem: undefined });
  });

  it("does not call live what is held of a subscription that is refused for the moment (W-BEAT-2)", async () => {
    const server = new ScriptedServer();
    server.write("a", 1);
    const { sub } = await live(server);
    server.ignored.add("subscribe");
    server.write("a", 2);
    server.socket.close(1001);
    await server.run(1000);
    expect(client.status.phase).toBe("catching-up");
    const refuse = (retry: string) => {
      const { id } = server.socket.of("subscribe").at(-1)!;
      server.socket.send({ id, error: { code: -32_000, message: "", data: { code: "overloaded", retry } } });
    };
    refuse("later");
    await server.run(10);
    server.beat();
    expect(sub.condition.problem?.code).toBe("overloaded");
    expect([sub.entries.get("a")?.value, client.status.phase]).toEqual([1, "catching-up"]);
    server.ignored.clear();
    await server.run(2000);
    expect([sub.entries.get("a")?.value, sub.condition.problem, client.status.phase]).toEqual([2, undefined, "live"]);
  });

  it("is not live at a return before a subscription that was refused for good is answered again", async () => {
    const server = new ScriptedServer();
    const { sub } = await live(server);
    server.ignored.add("subscribe");
    server.socket.close(1001);
    await server.run(1000);
    const { id } = server.socket.of("subscribe").at(-1)!;
    server.socket.send({ id, error: { code: -32_000, message: "", data: { code: "no_such_board", retry: "no" } } });
    await server.run(10);
    expect([sub.condition.problem?.code, client.status.phase]).toEqual(["no_such_board", "live"]);
    server.socket.close(1001);
    const told = follow();
    await server.run(3000);
    expect(told.map(({ phase }) => phase)).not.toContain("live");
    expect(client.status.phase).toBe("catching-up");
  });

  it("refuses a subscription after close, as it refuses a command", async () => {
    const server = new ScriptedServer();
    const { board } = await live(server);
    client.close();
    const sub = board.subscribe({ entries: {} });
    await expect(sub.ready).rejects.toMatchObject({ code: "closed" });
    await expect(board.put("k", 1)).rejects.toMatchObject({ code: "closed" });
    sub.close();
    await server.run(60_000);
    expect(server.timers).toBe(0);
  });

  it("looks at once when the page is shown again, and asks a connection that may be dead", async () => {
    const server = new ScriptedServer();
    await live(server);
    await server.run(4000);
    server.ignored.add("ping");
    server.wake("shown");
    expect(server.socket.of("ping")).toHaveLength(1);
    await server.run(2999);
    expect(server.sockets).toHaveLength(1);
    await server.run(1);
    expect(client.status.phase).toBe("offline");
    server.wake("online");
    expect(client.status.phase).toBe("connecting");
    expect(server.sockets).toHaveLength(2);
  });

  it("has at most as many subscriptions as a session (law L6), with names of their own (W-SUB-1)", async () => {
    expect(MAX_SUBSCRIPTIONS).toBe(SESSION_LIMITS.subscriptions);
    const server = new ScriptedServer();
    const board = start(server).board();
    const names = Array.from({ length: 16 }, () => board.subscribe({ agents: true, entries: { prefix: "t" } }).name);
    expect(new Set(names).size).toBe(16);
    expect(names[1]).toBe(`${names[0]}-2`);
    for (const name of names) expect(name).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
    expect(() => board.subscribe({ agents: true })).toThrow(/too_many_subscriptions/);
    await server.run(10);
  });

  it("leaves nothing running after close", async () => {
    const server = new ScriptedServer();
    const { sub, board } = await live(server);
    server.ignored.add("command");
    const waits = board.put("a", 1);
    const { socket } = server;
    client.close();
    await expect(waits).rejects.toMatchObject({ code: "closed" });
    await expect(board.put("a", 1)).rejects.toMatchObject({ code: "closed" });
    expect(socket.open).toBe(false);
    await server.run(100);
    expect(server.timers).toBe(0);
    expect(sub.entries.size).toBe(0);
  });
});
