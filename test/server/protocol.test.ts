// The wire's descriptions are served, and what a session really says is what they describe.

import { once } from "node:events";
import { afterEach, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { asyncApi } from "../../src/protocol/wire/asyncapi.ts";
import { ANSWERS, CLIENT_MESSAGES, errorAnswerSchema, SERVER_PUSHES } from "../../src/protocol/wire/envelope.ts";
import { wireSchema } from "../../src/protocol/wire/schema.ts";
import { ask, endAfterEach, start, until } from "./harness.ts";

endAfterEach();

describe("the wire's descriptions", () => {
  it("are served as the OpenAPI document is", async () => {
    const server = await start();
    const openapi = await ask(server, "GET", "/api/openapi.json");
    for (const [path, type, document] of [
      ["/api/protocol.json", "application/schema+json; charset=utf-8", wireSchema()],
      ["/api/asyncapi.json", "application/json; charset=utf-8", asyncApi()],
    ] as const) {
      const answer = await ask(server, "GET", path);
      expect([answer.status, answer.headers["content-type"]]).toStrictEqual([200, type]);
      expect(answer.headers["cache-control"]).toBe(openapi.headers["cache-control"]);
      expect(answer.text).toBe(JSON.stringify(document));
      expect((await ask(server, "GET", path)).text).toBe(answer.text);
    }
  });
});

interface Said {
  readonly id?: number;
  readonly method?: keyof typeof SERVER_PUSHES;
  readonly error?: unknown;
}

const open: WebSocket[] = [];
afterEach(() => {
  for (const ws of open.splice(0)) ws.terminate();
});

const commands = [
  { type: "entry.put", key: "k", value: { a: [1, null, "x"] }, ttlMs: 60_000 },
  { type: "entry.put", key: "gone", value: 1 },
  { type: "entry.delete", key: "gone" },
  { type: "entry.put", key: "large", value: { text: "x".repeat(6000), n: 1 } },
  { type: "entry.merge", key: "large", patch: { n: 2 } },
  { type: "budget.open", task: "t", limitTokens: 100 },
  { type: "budget.charge", task: "t", tokens: 30, reason: "work" },
  { type: "claim.acquire", claim: "c", ttlMs: 60_000 },
  { type: "request.open", request: "r", kind: "permission", subject: "disk", details: { why: 1 } },
  { type: "request.decide", request: "r", decision: "granted", reason: "fine" },
  { type: "agent.report", agent: "a", state: "busy", trust: 0.5, namespaces: ["n"] },
  { type: "task.report", task: "t", status: "running", details: [1] },
  { type: "audit.note", event: "permission_granted", granted: true, details: { more: true } },
  {
    type: "batch",
    commands: [
      { type: "entry.put", key: "b", value: 1 },
      { type: "entry.put", key: "c", value: 2 },
    ],
  },
];

const streams = { entries: {}, budgets: true, agents: true, tasks: true, requests: true, claims: true, sources: true };

describe("what a session says", () => {
  it("W-SYNC-9: has the members that the schemas describe and no others, from the snapshot to the refusals", async () => {
    const server = await start();
    const ws = new WebSocket(`ws://127.0.0.1:${server.port}/ws/blackboard?beatMs=250&agent=a`, "swarmboard.v1");
    open.push(ws);
    const said: Said[] = [];
    // oxlint-disable-next-line typescript/no-base-to-string -- ws hands out one Buffer unless told otherwise
    ws.on("message", (data) => said.push(JSON.parse(data.toString()) as Said));
    await once(ws, "open");

    const asked: (keyof typeof ANSWERS)[] = [];
    const call = (method: keyof typeof ANSWERS, params: object): Promise<void> => {
      const id = asked.push(method);
      const message = { jsonrpc: "2.0", id, method, params };
      if (!("wrong" in params)) expect(CLIENT_MESSAGES[method].safeParse(message).error).toBeUndefined();
      ws.send(JSON.stringify(message));
      return until(() => said.some((one) => one.id === id));
    };
    // Values are plain JSON here, which the schema of the text that a gate cuts out would refuse.
    const command = async (one: object): Promise<void> => {
      const id = asked.push("command");
      ws.send(JSON.stringify({ jsonrpc: "2.0", id, method: "command", params: { board: "default", command: one } }));
      await until(() => said.some((answer) => answer.id === id));
    };
    const subscribe = (sub: string, filter: object): Promise<void> =>
      call("subscribe", { sub, board: "default", rateMs: 0, ...filter });

    await subscribe("all", { ...streams, audit: { tail: 10 } });
    await subscribe("window", { entries: { window: { count: 3 } } });
    for (const one of commands) await command(one);
    await subscribe("again", { ...streams, audit: { tail: 10 } });
    await subscribe("over", { entries: { atMost: 1 } });
    await call("window", { sub: "window", from: 1, count: 2 });
    await call("unsubscribe", { sub: "over" });
    await call("authenticate", { token: "t" });
    await call("ping", {});
    // Refusals: of the fold, of the reader, and of the place.
    await command({ type: "entry.put", key: "k", value: 1, if: { rev: 99 } });
    await call("ping", { wrong: 1 });
    await call("subscribe", { sub: "x", board: "nowhere", budgets: true });
    ws.send(JSON.stringify({ jsonrpc: "2.0", method: "ack", params: { syncs: 3 } }));
    await until(() => said.some((one) => one.method === "beat"));

    const pushed = new Set<string>();
    let refused = 0;
    for (const one of said) {
      const { id, method } = one;
      if (one.error !== undefined) refused++;
      if (method !== undefined) pushed.add(method);
      const schema =
        method === undefined
          ? one.error === undefined
            ? ANSWERS[asked[(id ?? 0) - 1]!]
            : errorAnswerSchema
          : SERVER_PUSHES[method];
      const read = schema.safeParse(one);
      expect([read.error, read.data]).toStrictEqual([undefined, one]);
    }
    expect([...pushed].sort()).toStrictEqual(["beat", "sync", "welcome"]);
    expect(refused).toBe(3);
    const syncs = JSON.stringify(said.filter(({ method }) => method === "sync"));
    for (const member of ["patch", "del", "window", "over", "reset", ...Object.keys(streams).slice(1, -1), "audit"]) {
      expect(syncs).toContain(`"${member}":`);
    }
  });
});
