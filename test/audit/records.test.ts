// Every record as audit: what is kept of it, how it is found, followed and exported, over HTTP and sockets on a real disk.

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import http from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
// Threads run what was built, and so does the server that starts them; scripts/test.mjs builds before it tests.
import { createServer } from "../../dist/server/index.js";
import type { ServerOptions, SwarmboardServer } from "../../src/server/index.ts";
import { ask, until, write } from "../server/harness.ts";
import { type AuditEvent, followAudit } from "./tail.ts";
import { run } from "../cli/program.ts";
import { endClientsAfterEach, LiveClient } from "../live/client.ts";

let dir: string;
const running: SwarmboardServer[] = [];
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "swarmboard-records-"));
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.close()));
  await rm(dir, { recursive: true, force: true });
});
async function start(options: Partial<ServerOptions> = {}): Promise<SwarmboardServer> {
  const server = await createServer({ memory: true, port: 0, logger: false, ...options });
  running.push(server);
  return server;
}
endClientsAfterEach();

const BOARD = "/api/v1/boards/default";
const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN = "00f067aa0ba902b7";
const onDisk = (): Promise<SwarmboardServer> => start({ memory: false, dataDir: join(dir, "data") });
const by = (agent: string, more: Record<string, string> = {}) => ({ "x-swarmboard-agent": agent, ...more });

interface Found {
  readonly seq: number;
  readonly part: number;
  readonly outcome: string;
  readonly [member: string]: unknown;
}
const records = async (server: SwarmboardServer, query = ""): Promise<Found[]> => {
  const found: Found[] = [];
  for (let after = ""; ;) {
    const answer = await ask(server, "GET", `${BOARD}/audit/records?${query}${after}`);
    if (answer.status !== 200) throw new Error(answer.text);
    const page = answer.json as { records: Found[]; next: string | null };
    found.push(...page.records);
    if (page.next === null) return found;
    after = `&after=${page.next}`;
  }
};
const seqs = async (server: SwarmboardServer, query: string) => (await records(server, query)).map(({ seq }) => seq);

/** Records 2 to 8. */
async function fill(server: SwarmboardServer): Promise<void> {
  const put = (agent: string, body: unknown, more: Record<string, string> = {}) =>
    write(server, "PUT", `${BOARD}/entries/task:1`, { value: body }, by(agent, more));
  await put("ann", 1, {
    traceparent: `00-${TRACE}-${SPAN}-01`,
    "x-swarmboard-task": Buffer.from("review größe").toString("latin1"),
  });
  await put("bob", 2, { "if-match": '"99"' });
  await put("ann", 3, { "idempotency-key": "same" });
  await put("ann", 3, { "idempotency-key": "same" });
  await write(server, "POST", `${BOARD}/budgets/job`, { limitTokens: 10 }, by("boss"));
  await write(
    server,
    "POST",
    `${BOARD}/audit`,
    { event: "permission_denied", agent: "eve", granted: false, reason: "no need" },
    by("boss"),
  );
  const batch = [
    { type: "entry.put", key: "task:2", value: 1 },
    { type: "budget.charge", task: "job", tokens: 4 },
  ];
  await write(server, "POST", `${BOARD}/commands`, { type: "batch", commands: batch }, by("eve"));
}

describe("every record as audit", () => {
  it("rule 2: keeps who sent it, as what, from where, what it came to, and what it belongs to; refused ones too", async () => {
    const server = await onDisk();
    await fill(server);
    const all = await records(server, "order=oldest");
    expect(
      all.map(({ seq, part, by: who, role, source, action, outcome }) => [
        seq,
        part,
        who,
        role,
        source,
        action,
        outcome,
      ]),
    ).toStrictEqual([
      [1, 0, "system", undefined, "system", "rules.change", "ok"],
      [2, 0, "ann", "open", "http", "entry.put", "ok"],
      [3, 0, "bob", "open", "http", "entry.put", "rev_mismatch"],
      [4, 0, "ann", "open", "http", "entry.put", "ok"],
      [5, 0, "ann", "open", "http", "entry.put", "repeat"],
      [6, 0, "boss", "open", "http", "budget.open", "ok"],
      [7, 0, "boss", "open", "http", "permission_denied", "ok"],
      [8, 0, "eve", "open", "http", "entry.put", "ok"],
      [8, 1, "eve", "open", "http", "budget.charge", "ok"],
    ]);
    expect(all[1]).toMatchObject({
      trace: TRACE,
      span: SPAN,
      task: "review größe",
      about: "task:1",
      command: { value: 1 },
    });
    expect(all[6]).toMatchObject({ agent: "eve", granted: false, reason: "no need" });
    expect(all[8]).toMatchObject({ about: "job", task: "job" });
    // What only took effect stays what the history tells.
    const history = (await ask(server, "GET", `${BOARD}/history`)).json as {
      records: { seq: number; trace?: string }[];
    };
    expect(history.records.map(({ seq }) => seq)).toStrictEqual([8, 8, 7, 6, 4, 2, 1]);
    expect(history.records.at(-2)?.trace).toBe(`${TRACE}-${SPAN}`);
  });

  it.each(["on disk", "in memory"])("is found by any of its facts, in both orders (%s)", async (where) => {
    const server = where === "in memory" ? await start() : await onDisk();
    await fill(server);
    const cases: Record<string, number[]> = {
      "actor=ann": [5, 4, 2],
      "actor=ann&order=oldest": [2, 4, 5],
      "outcome=refused": [3],
      "outcome=rev_mismatch": [3],
      "outcome=repeat": [5],
      "outcome=ok&actor=ann": [4, 2],
      "action=entry.put": [8, 5, 4, 3, 2],
      "action=permission_denied": [7],
      "key=task:2": [8],
      "prefix=task:&limit=1": [8, 5, 4, 3, 2],
      "task=job": [8, 6],
      [`task=${encodeURIComponent("review größe")}`]: [2],
      [`trace=${TRACE}`]: [2],
      "agent=eve&granted=false": [7],
      "q=need": [7],
      "q=bo": [7, 6, 3],
      "to=2000-01-01": [],
      "from=2000-01-01&actor=boss&order=oldest&limit=1": [6, 7],
    };
    for (const [query, wanted] of Object.entries(cases))
      expect([query, await seqs(server, query)]).toStrictEqual([query, wanted]);
    for (const bad of ["outcome=nonsense", "trace=1", "order=up", "actr=ann", "limit=0", "from=yesterday"]) {
      expect([bad, (await ask(server, "GET", `${BOARD}/audit/records?${bad}`)).status]).toStrictEqual([bad, 400]);
    }
  });

  it("says the same after a restart without its index: outcomes are known again", async () => {
    let server = await onDisk();
    await fill(server);
    const before = await records(server);
    await server.close();
    await rm(join(dir, "data/boards/default/index.db"));
    server = await onDisk();
    expect(await records(server)).toStrictEqual(before);
  });

  it("law L9: a retry from another span of the trace is the same command, and a traceparent that is not valid is passed over", async () => {
    const server = await onDisk();
    const put = (traceparent: string) =>
      write(server, "PUT", `${BOARD}/entries/k`, { value: 1 }, by("ann", { "idempotency-key": "one", traceparent }));
    expect((await put(`00-${TRACE}-${SPAN}-01`)).status).toBe(201);
    const again = await put(`00-${TRACE}-1111111111111111-01`);
    expect([again.status, again.headers["idempotency-replayed"]]).toStrictEqual([201, "true"]);
    const odd = [
      "nonsense",
      `00-${"0".repeat(32)}-${SPAN}-01`,
      `ff-${TRACE}-${SPAN}-01`,
      `00-${TRACE.toUpperCase()}-${SPAN}-01`,
      `00-${TRACE}-${SPAN}-01-more`,
    ];
    for (const traceparent of odd)
      expect((await write(server, "PUT", `${BOARD}/entries/o`, { value: 1 }, { traceparent })).status).toBeLessThan(
        300,
      );
    await write(
      server,
      "PUT",
      `${BOARD}/entries/o`,
      { value: 1 },
      { traceparent: `cc-${TRACE}-${SPAN}-01-later-fields` },
    );
    expect((await records(server, "key=o")).map(({ trace }) => trace)).toStrictEqual([
      TRACE,
      ...odd.map(() => undefined),
    ]);
  });

  it("commands of a session carry their trace and task", async () => {
    const server = await onDisk();
    const client = new LiveClient(server, { headers: by("planner") });
    const command = { type: "entry.put", key: "k", value: 1 };
    await client.ask("command", { board: "default", command, trace: `00-${TRACE}-${SPAN}-00`, task: "t-1" });
    expect(await records(server, `trace=${TRACE}`)).toMatchObject([
      { by: "planner", source: "socket", role: "open", task: "t-1" },
    ]);
  });

  it("imported permission events keep their own time and their source", async () => {
    const workspace = join(dir, "workspace");
    const { mkdir } = await import("node:fs/promises");
    await mkdir(join(workspace, "data"), { recursive: true });
    const line = {
      timestamp: "2024-03-05T06:07:08.000Z",
      action: "permission_granted",
      details: { agent_id: "scout", resource_type: "DATABASE", justification: "key sk-abcdefghijklmnop1234" },
    };
    await writeFile(join(workspace, "data/audit_log.jsonl"), `${JSON.stringify(line)}\n`);
    const server = await start({
      memory: false,
      dataDir: join(dir, "data"),
      follow: [{ board: "default", dir: workspace }],
    });
    await server.ready;
    const [found] = await records(server, "action=permission_granted&from=2024-03-05&to=2024-03-06");
    expect(found).toMatchObject({ time: "2024-03-05T06:07:08.000Z", agent: "scout", about: "DATABASE" });
    expect(found?.["source"]).toMatch(/^follow:/);
    expect(found?.["role"]).toBeUndefined();
    expect(JSON.stringify(found)).not.toContain("sk-abcdefghijklmnop1234");
  });
});

describe("the live tail", () => {
  it("law L5: tells every record that meets the filter once and in order, over answers that end and connections that break", async () => {
    const server = await start({ memory: false, dataDir: join(dir, "data"), timings: { streamMs: 60, quietMs: 20 } });
    const total = 600;
    const seen: AuditEvent[] = [];
    const tail = followAudit(server, "prefix=k&actor=ann", {
      after: "0.0",
      cutEvery: 7,
      onEvent: (event) => seen.push(event),
    });
    for (let n = 0; n < total; n += 20) {
      const commands = Array.from({ length: 20 }, (_, i) => ({ type: "entry.put", key: `k${n + i}`, value: 1 }));
      await write(
        server,
        "POST",
        `${BOARD}/commands`,
        n % 40 === 0 ? { type: "batch", commands } : commands[0],
        by("ann"),
      );
      await write(server, "PUT", `${BOARD}/entries/k`, { value: n }, by("bob"));
    }
    const wanted = (await records(server, "prefix=k&actor=ann&order=oldest")).map(({ seq, part }) => `${seq}.${part}`);
    const told = () =>
      seen
        .filter(({ event }) => event === "record")
        .map(({ data }) => `${data["seq"] as number}.${data["part"] as number}`);
    await until(() => told().length >= wanted.length);
    await tail.close();
    expect(told()).toStrictEqual(wanted);
    expect(tail.answers).toBeGreaterThan(5);
    expect(server.counts.streams).toBeLessThanOrEqual(1);
  }, 30_000);

  it("begins from now, tells refusals with their codes, and says where a place is of another history", async () => {
    const server = await onDisk();
    await fill(server);
    const seen: AuditEvent[] = [];
    const tail = followAudit(server, "outcome=refused", { onEvent: (event) => seen.push(event) });
    await until(() => seen.length > 0);
    await fill(server);
    await until(() => seen.some(({ event }) => event === "record"));
    await tail.close();
    expect(seen.map(({ event, data }) => [event, data["outcome"]])).toStrictEqual([
      ["open", undefined],
      ["record", "rev_mismatch"],
    ]);

    const lost: AuditEvent[] = [];
    const other = followAudit(server, "", { after: "another.5.0", onEvent: (event) => lost.push(event) });
    await until(() => lost.length >= 2);
    await other.close();
    expect(lost.map(({ event, data }) => [event, data["reason"]])).toStrictEqual([
      ["reset", "epoch"],
      ["open", undefined],
    ]);
    expect((await ask(server, "GET", `${BOARD}/audit/tail?after=x`)).status).toBe(400);
    expect((await ask(server, "HEAD", `${BOARD}/audit/tail`)).headers["content-type"]).toBe("text/event-stream");
  });

  it("law L6: a reader that takes nothing is let go, and what was not taken is read from the past when it comes back", async () => {
    const server = await start({
      memory: false,
      dataDir: join(dir, "data"),
      timings: { slowMs: 200, streamMs: 20_000 },
    });
    const request = http.get({ host: "127.0.0.1", port: server.port, path: `${BOARD}/audit/tail?after=0.0` });
    const response = await new Promise<http.IncomingMessage>((done) => request.once("response", done));
    response.pause();
    response.on("error", () => undefined);
    const closed = new Promise((done) => response.once("close", done));
    const value = "x".repeat(200_000);
    for (let n = 0; n < 60; n++) await write(server, "PUT", `${BOARD}/entries/large${n}`, { value });
    await until(() => server.counts.streams === 0);
    request.destroy();
    await closed;
    const seen: AuditEvent[] = [];
    const tail = followAudit(server, "prefix=large", { after: "0.0", onEvent: (event) => seen.push(event) });
    await until(() => seen.filter(({ event }) => event === "record").length >= 60, 20_000);
    await tail.close();
    expect(new Set(seen.filter(({ event }) => event === "record").map(({ data }) => data["about"])).size).toBe(60);
  }, 40_000);
});

describe("a server that stops", () => {
  it("ends tails as a stream ends, so that readers come back, and waits for none of them", async () => {
    const server = await onDisk();
    const request = http.get({ host: "127.0.0.1", port: server.port, path: `${BOARD}/audit/tail`, agent: false });
    const response = await new Promise<http.IncomingMessage>((done) => request.once("response", done));
    let text = "";
    response.setEncoding("utf8").on("data", (part: string) => (text += part));
    const ended = new Promise<boolean>((done) => response.once("close", () => done(response.complete)));
    await until(() => text.includes("event: open"));
    await server.close();
    expect([await ended, text.endsWith("retry: 20\n\n")]).toStrictEqual([true, true]);
  });
});

describe("exports", () => {
  it("JSON lines hold what the pages hold, oldest first, and CSV the same in rows", async () => {
    const server = await onDisk();
    await fill(server);
    const all = await records(server, "order=oldest");
    const jsonl = await ask(server, "GET", `${BOARD}/audit/export`);
    expect(jsonl.headers["content-disposition"]).toBe('attachment; filename="default-audit.jsonl"');
    expect(
      jsonl.text
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line) as unknown),
    ).toStrictEqual(all);
    const csv = await ask(server, "GET", `${BOARD}/audit/export?format=csv&outcome=refused`);
    expect(csv.headers["content-type"]).toBe("text/csv; charset=utf-8; header=present");
    const [head, row, ...rest] = csv.text.split("\r\n");
    expect(head?.split(",").slice(0, 3)).toStrictEqual(["seq", "part", "time"]);
    expect(row).toMatch(/^3,0,.*,bob,open,http,entry\.put,rev_mismatch,task:1,/);
    expect(rest).toStrictEqual([""]);
  });

  it("the proof is accepted by `audit verify`, whole or in part, and not once a byte was changed", async () => {
    const server = await onDisk();
    await fill(server);
    const key = join(dir, "board.key");
    await writeFile(key, (await ask(server, "GET", `${BOARD}/audit/key`)).text);
    const file = join(dir, "export.jsonl");
    for (const [query, said] of [
      ["", "whole to #8"],
      ["&first=3&last=6", ""],
    ] as const) {
      const { status, text } = await ask(server, "GET", `${BOARD}/audit/export?format=proof${query}`);
      expect(status).toBe(200);
      await writeFile(file, text);
      const verdict = await run(["audit", "verify", file, "--key", key]);
      expect([verdict.code, verdict.stderr]).toStrictEqual([0, ""]);
      expect(verdict.stdout).toContain(said);
      await writeFile(file, text.replace('"actor":"bob"', '"actor":"rob"'));
      expect((await run(["audit", "verify", file, "--key", key])).code).toBe(1);
    }
    const bad = { "format=proof&actor=ann": 400, "first=2": 400, "format=proof&first=99": 404, "format=xml": 400 };
    for (const [query, status] of Object.entries(bad)) {
      expect([query, (await ask(server, "GET", `${BOARD}/audit/export?${query}`)).status]).toStrictEqual([
        query,
        status,
      ]);
    }
    expect((await ask(await start(), "GET", `${BOARD}/audit/export?format=proof`)).status).toBe(404);
  }, 30_000);

  it("law L6: a client that leaves ends its export, and only so many run at once", async () => {
    const server = await onDisk();
    const value = "x".repeat(500_000);
    for (let n = 0; n < 60; n++) await write(server, "PUT", `${BOARD}/entries/k${n}`, { value });
    const open = (): Promise<http.IncomingMessage> =>
      new Promise((done, failed) => {
        const request = http.get({ host: "127.0.0.1", port: server.port, path: `${BOARD}/audit/export`, agent: false });
        request.once("response", (response) => done(response.pause()));
        request.once("error", failed);
      });
    const running = await Promise.all([open(), open(), open(), open()]);
    const refused = await ask(server, "GET", `${BOARD}/audit/export`);
    expect([refused.status, (refused.json as { code: string }).code]).toStrictEqual([503, "overloaded"]);
    for (const response of running) {
      response.on("error", () => undefined);
      response.destroy();
    }
    let status = 0;
    for (let tries = 0; status !== 200 && tries < 100; tries++) {
      ({ status } = await ask(server, "GET", `${BOARD}/audit/export?key=k1`));
      if (status !== 200) await new Promise((done) => setTimeout(done, 20));
    }
    expect(status).toBe(200);
  }, 30_000);
});
