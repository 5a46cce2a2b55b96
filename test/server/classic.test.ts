// The seed's protocol over real HTTP and real sockets.

import { describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { classicFrameSchema } from "../../src/protocol/index.ts";
import type { SwarmboardServer } from "../../src/server/index.ts";
import { ask, endAfterEach, listen, refusedUpgrade, start, until, write } from "./harness.ts";

endAfterEach();

const BOARD = "/api/v1/boards/default";
const fast = { timings: { tickMs: 250 } };

async function fill(server: SwarmboardServer): Promise<void> {
  await write(server, "PUT", `${BOARD}/entries/task%3A1`, '{"value":{"n":1.50}}');
  await write(server, "POST", `${BOARD}/budgets/small`, { limitTokens: 100 });
  await write(server, "POST", `${BOARD}/budgets/small/charge`, { tokens: 85 });
  await write(server, "POST", `${BOARD}/budgets/full`, { limitTokens: 100 });
  await write(server, "POST", `${BOARD}/budgets/full/charge`, { tokens: 110 });
  for (let i = 0; i < 120; i++)
    await write(server, "POST", `${BOARD}/audit`, { event: `e${i}`, agent: "ada", granted: i % 2 === 0 });
}

describe("classic HTTP", () => {
  it("each route answers as the seed's did", async () => {
    const server = await start();
    await fill(server);
    const board = await ask(server, "GET", "/api/swarm/blackboard");
    expect(board.json).toStrictEqual({
      success: true,
      entries: { "task:1": { n: 1.5 } },
      state: { "task:1": { n: 1.5 } },
      key_count: 1,
    });
    const one = await ask(server, "GET", "/api/swarm/blackboard/task:1");
    expect(one.text).toBe('{"success":true,"key":"task:1","value":{"n":1.50}}');
    const global = await ask(server, "GET", "/api/swarm/budget/global");
    expect(global.json).toMatchObject({
      success: true,
      tasks: [
        {
          task_id: "full",
          tokens_used: 110,
          budget_limit: 100,
          percentage: expect.closeTo(110),
          status: "exhausted",
          last_updated: expect.stringMatching(/^\d{4}-.*Z$/),
        },
        { task_id: "small", tokens_used: 85, status: "warning" },
      ],
      total_used: 195,
      total_limit: 200,
      global_percentage: 97.5,
    });
    expect((await ask(server, "GET", "/api/swarm/budget/small")).json).toStrictEqual({
      initialized: true,
      task_id: "small",
      max_tokens: 100,
      used_tokens: 85,
      remaining_tokens: 15,
      usage_percentage: 85,
      status: "warning",
      can_continue: true,
    });
    expect((await ask(server, "GET", "/api/swarm/budget/none")).json).toMatchObject({
      initialized: false,
      error: expect.any(String),
    });
    const audit = await ask(server, "GET", "/api/swarm/audit");
    expect(audit.json).toMatchObject({ success: true, total_count: 120 });
    expect(audit.json.entries).toHaveLength(100);
    expect(audit.json.entries[0]).toMatchObject({
      event: "e119",
      agent_id: "ada",
      granted: false,
      resource_type: null,
    });
  });

  it("failures have the seed's form and our code", async () => {
    const server = await start();
    const missing = await ask(server, "GET", "/api/swarm/blackboard/none");
    expect(missing.status).toBe(404);
    expect(missing.json).toMatchObject({ success: false, error: expect.any(String), code: "no_such_entry" });
    const noBoard = await ask(server, "GET", "/api/swarm/audit?board=none");
    expect(noBoard.status).toBe(404);
    expect(noBoard.json).toMatchObject({ success: false, error: expect.any(String), code: "no_such_board" });
    expect((await ask(server, "GET", `/api/swarm/blackboard/${"x".repeat(513)}`)).json).toMatchObject({
      success: false,
      code: "key_too_long",
    });
  });

  it("ETags hold until the board changes", async () => {
    const server = await start();
    await fill(server);
    for (const path of [
      "/api/swarm/blackboard",
      "/api/swarm/blackboard/task:1",
      "/api/swarm/budget/global",
      "/api/swarm/budget/small",
      "/api/swarm/audit",
    ]) {
      const first = await ask(server, "GET", path);
      const headers = { "if-none-match": first.headers["etag"] as string };
      const again = await ask(server, "GET", path, { headers });
      expect([path, again.status, again.text]).toStrictEqual([path, 304, ""]);
    }
    const etag = (await ask(server, "GET", "/api/swarm/audit")).headers["etag"] as string;
    await write(server, "POST", `${BOARD}/audit`, { event: "new" });
    expect((await ask(server, "GET", "/api/swarm/audit", { headers: { "if-none-match": etag } })).status).toBe(200);
  });

  it("another board is read with ?board=", async () => {
    const server = await start();
    await write(server, "POST", "/api/v1/boards", { name: "other" });
    await write(server, "PUT", "/api/v1/boards/other/entries/k", { value: 1 });
    expect((await ask(server, "GET", "/api/swarm/blackboard?board=other")).json.key_count).toBe(1);
    expect((await ask(server, "GET", "/api/swarm/blackboard")).json.key_count).toBe(0);
  });

  it("L6: a part of more than 8 MiB says so and names what to use instead", async () => {
    const server = await start();
    const value = "x".repeat(1_000_000);
    for (let i = 0; i < 9; i++) await write(server, "PUT", `${BOARD}/entries/k${i}`, { value });
    expect((await ask(server, "GET", "/api/swarm/blackboard")).json).toMatchObject({
      success: false,
      error: expect.stringContaining("swarmboard.v1"),
    });
    const frame = JSON.parse(await listen(server).frame(1));
    expect(frame.blackboard).toMatchObject({ success: false, error: expect.stringContaining("8 MiB") });
    expect(classicFrameSchema.parse(frame).budget.success).toBe(true);
  });
});

describe("classic socket", () => {
  it("a frame comes at once, then one every interval, each of the seed's form", async () => {
    const server = await start(fast);
    await fill(server);
    const client = listen(server);
    const first = classicFrameSchema.parse(JSON.parse(await client.frame(1)));
    expect(first.timestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(first.audit).toMatchObject({ total_count: 120 });
    expect(first.audit.success && first.audit.entries).toHaveLength(20);
    await write(server, "PUT", `${BOARD}/entries/k2`, '{"value":12345678901234567890}');
    const frames = new Set<string>();
    for (let i = 2; i <= 4; i++) frames.add(await client.frame(i));
    expect(frames.size).toBe(3);
    expect(client.frames.at(-1)).toContain('"k2":12345678901234567890');
    expect(client.frames.at(-1)).toContain('"task:1":{"n":1.50}');
  });

  it("interval and board choose", async () => {
    const server = await start();
    await fill(server);
    const frame = JSON.parse(await listen(server, "/ws/blackboard?interval=250").frame(2)) as object;
    expect(Object.keys(frame)).toStrictEqual(["timestamp", "blackboard", "budget", "audit"]);
    await write(server, "POST", "/api/v1/boards", { name: "other" });
    expect(JSON.parse(await listen(server, "/ws/blackboard?board=other").frame(1)).blackboard.key_count).toBe(0);
  });

  it("L4: one serialisation per board, view and tick, whatever the number of clients; none while nothing changes", async () => {
    const server = await start(fast);
    await fill(server);
    const clients = Array.from({ length: 20 }, () => listen(server));
    await Promise.all(clients.map((client) => client.frame(2)));
    const before = { ...server.counts };
    const from = clients.map((client) => client.frames.length);
    await until(() => clients.every((client, i) => client.frames.length >= (from[i] as number) + 3));
    const ticks = server.counts.frames - before.frames;
    expect(ticks).toBeLessThanOrEqual(5);
    expect(server.counts.bodies).toBe(before.bodies);
    expect(server.counts.groups).toBe(1);
    // The very same bytes: the timestamps of one tick are equal.
    const lasts = clients.map((client, i) => client.frames[(from[i] as number) + 1]);
    expect(new Set(lasts).size).toBe(1);
  });

  it("L4: joiners of one moment share a frame", async () => {
    const server = await start({ timings: { tickMs: 60_000 } });
    await Promise.all(Array.from({ length: 50 }, () => listen(server).frame(1)));
    expect(server.counts.frames).toBeLessThan(15);
  });

  it("a joiner sees what was written before it joined", async () => {
    const server = await start({ timings: { tickMs: 60_000 } });
    for (let i = 0; i < 10; i++) {
      await write(server, "PUT", `${BOARD}/entries/k${i}`, { value: i });
      expect(JSON.parse(await listen(server).frame(1)).blackboard.key_count).toBe(i + 1);
    }
  });

  it("classic fields are added to each frame; bad ones are left out", async () => {
    const server = await start({
      ...fast,
      classicFields: {
        custom_data: () => "Your data here",
        broken: () => {
          throw new Error("no");
        },
      },
    });
    const frame = JSON.parse(await listen(server).frame(2));
    expect(frame.custom_data).toBe("Your data here");
    expect(frame).not.toHaveProperty("broken");
    expect(classicFrameSchema.parse(frame).blackboard.success).toBe(true);
  });

  it.each([
    ["/ws/blackboard?interval=249", 400, "bad_request"],
    ["/ws/blackboard?interval=60001", 400, "bad_request"],
    ["/ws/blackboard?interval=soon", 400, "bad_request"],
    ["/ws/blackboard?view=half", 400, "bad_request"],
    ["/ws/blackboard?token=x", 400, "bad_request"],
    ["/ws/blackboard?board=none", 404, "no_such_board"],
    ["/ws/other", 404, "not_found"],
    ["/", 404, "not_found"],
  ])("%s is refused with %i %s", async (path, status, code) => {
    const answer = await refusedUpgrade(await start(), path);
    expect(answer.status).toBe(status);
    expect(answer.json).toMatchObject({ code, status });
  });

  it("no subprotocol is agreed to, so that nobody takes classic frames for another protocol", async () => {
    const server = await start();
    const ws = new WebSocket(`ws://127.0.0.1:${server.port}/ws/blackboard`, ["swarmboard.v9"]);
    const error = await new Promise<Error>((resolve) => ws.on("error", resolve));
    expect(error.message).toMatch(/no subprotocol/);
  });

  it("messages mean nothing, too large ones end with 1009, too many with 1008", async () => {
    const server = await start(fast);
    const quiet = listen(server);
    await quiet.frame(1);
    quiet.ws.send("hello");
    quiet.ws.send(Buffer.from([1, 2, 3]));
    await quiet.frame(3);
    quiet.ws.send("x".repeat(70_000));
    expect((await quiet.closed).code).toBe(1009);
    const loud = listen(server);
    await loud.frame(1);
    for (let i = 0; i < 100; i++) loud.ws.send("x");
    expect(await loud.closed).toStrictEqual({ code: 1008, reason: "too many messages" });
    await until(() => server.counts.sockets === 0);
  });

  it("a deleted board ends its sockets", async () => {
    const server = await start(fast);
    await write(server, "POST", "/api/v1/boards", { name: "other" });
    const client = listen(server, "/ws/blackboard?board=other");
    await client.frame(1);
    await ask(server, "DELETE", "/api/v1/boards/other?confirm=other");
    expect(await client.closed).toStrictEqual({ code: 1001, reason: "board deleted" });
    await until(() => server.counts.groups === 0);
  });
});
