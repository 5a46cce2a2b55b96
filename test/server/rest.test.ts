// The REST routes: every good way and every refusal.

import { describe, expect, it } from "vitest";
import type { SwarmboardServer } from "../../src/server/index.ts";
import { CODES } from "../../src/protocol/index.ts";
import { type Answer, ask, endAfterEach, JSON_TYPE, start, write } from "./harness.ts";

endAfterEach();

const BOARD = "/api/v1/boards/default";

function refused(answer: Answer, code: keyof typeof CODES, status: number = CODES[code].httpStatus): void {
  expect(answer.headers["content-type"]).toBe("application/problem+json");
  expect(answer.json).toMatchObject({ code, status, retry: CODES[code].retry, type: `urn:swarmboard:code:${code}` });
  expect(answer.status).toBe(status);
  expect(answer.text).not.toMatch(/node_modules|\.ts:\d|\\n +at |\/src\//);
}

const put = (server: SwarmboardServer, key: string, body: unknown, headers = {}): Promise<Answer> =>
  write(server, "PUT", `${BOARD}/entries/${encodeURIComponent(key)}`, body, headers);

describe("entries", () => {
  it("put, read, list, delete: the documented answers", async () => {
    const server = await start();
    const made = await put(server, "task:1", { value: { done: false } }, { "x-swarmboard-agent": "ada" });
    expect(made.status).toBe(201);
    expect(made.json).toStrictEqual({
      key: "task:1",
      value: { done: false },
      rev: 1,
      seq: 2,
      by: "ada",
      at: expect.any(Number),
    });
    expect(made.headers["etag"]).toBe('"1"');
    const changed = await put(server, "task:1", { value: true, ttlMs: 60_000 });
    expect(changed.status).toBe(200);
    expect(changed.json).toMatchObject({ value: true, rev: 2, by: "anonymous", ttlLeftMs: expect.any(Number) });
    const read = await ask(server, "GET", `${BOARD}/entries/task:1`);
    expect(read.json).toMatchObject({ key: "task:1", value: true, rev: 2 });
    expect(read.headers["cache-control"]).toBe("no-store");
    const listed = await ask(server, "GET", `${BOARD}/entries`);
    expect(listed.json).toMatchObject({ total: 1, entries: [{ key: "task:1", value: true }], next: null, seq: 3 });
    const gone = await ask(server, "DELETE", `${BOARD}/entries/task:1`, { headers: { "x-swarmboard-agent": "bob" } });
    expect(gone.json).toStrictEqual({ key: "task:1", rev: 3, seq: 4, by: "bob", at: expect.any(Number) });
    refused(await ask(server, "GET", `${BOARD}/entries/task:1`), "no_such_entry");
    refused(await ask(server, "DELETE", `${BOARD}/entries/task:1`), "no_such_entry");
  });

  it("rule 19: a value keeps its bytes from the request to the answers", async () => {
    const server = await start();
    const value = String.raw`{"n":12345678901234567890.10,"e":1E400,"s":"\u0041\/","z":-0,"__proto__":{"a":1}}`;
    await put(server, "big", `{"value":${value}}`);
    for (const path of [
      `${BOARD}/entries/big`,
      `${BOARD}/entries`,
      "/api/swarm/blackboard",
      "/api/swarm/blackboard/big",
    ]) {
      expect((await ask(server, "GET", path)).text).toContain(value);
    }
  });

  it("a merge patch (RFC 7396) is the body, of its own content type", async () => {
    const server = await start();
    const path = `${BOARD}/entries/doc`;
    const headers = { "content-type": "application/merge-patch+json" };
    await write(server, "PUT", path, { value: { a: 1, b: 2 } });
    const merged = await ask(server, "PATCH", path, { headers, body: '{"b":null,"c":3.0}' });
    expect(merged.status).toBe(200);
    expect(merged.text).toContain('"value":{"a":1,"c":3.0}');
    refused(await write(server, "PATCH", path, { a: 1 }), "unsupported_media_type");
    refused(
      await ask(server, "PATCH", path, { headers: { ...headers, "if-match": '"1"' }, body: "{}" }),
      "rev_mismatch",
    );
  });

  it("conditions: If-Match, If-None-Match, and those that cannot be read", async () => {
    const server = await start();
    expect((await put(server, "k", { value: 1 }, { "if-none-match": "*" })).status).toBe(201);
    refused(await put(server, "k", { value: 2 }, { "if-none-match": "*" }), "exists");
    refused(await put(server, "k", { value: 2 }, { "if-match": '"7"' }), "rev_mismatch");
    expect((await put(server, "k", { value: 2 }, { "if-match": '"1"' })).json.rev).toBe(2);
    refused(await put(server, "k", { value: 2 }, { "if-match": "2" }), "bad_condition");
    refused(await put(server, "k", { value: 2 }, { "if-match": '"2"', "if-none-match": "*" }), "bad_condition");
    const absent = await put(server, "none", { value: 1 }, { "if-match": '"1"' });
    refused(absent, "rev_mismatch");
    expect(absent.json.detail).toContain("no entry with this key");
    refused(await put(server, "none", { value: 1 }, { "if-match": "*" }), "no_such_entry", 412);
    expect((await put(server, "k", { value: 2 }, { "if-match": "*" })).json.rev).toBe(3);
    refused(await ask(server, "DELETE", `${BOARD}/entries/k`, { headers: { "if-match": '"1"' } }), "rev_mismatch");
    expect((await ask(server, "GET", `${BOARD}/entries/k`, { headers: { "if-none-match": '"3"' } })).status).toBe(304);
    expect((await ask(server, "GET", `${BOARD}/entries/k`, { headers: { "if-none-match": '"1"' } })).status).toBe(200);
  });

  it("L9: an Idempotency-Key makes retries safe, also after the entry has moved on", async () => {
    const server = await start();
    const id = { "idempotency-key": "one" };
    const first = await put(server, "k", { value: 1 }, id);
    await put(server, "k", { value: 2 });
    const again = await put(server, "k", { value: 1 }, id);
    expect(again.json).toStrictEqual(first.json);
    expect([first.status, again.status]).toStrictEqual([201, 201]);
    expect([first.headers["idempotency-replayed"], again.headers["idempotency-replayed"]]).toStrictEqual([
      undefined,
      "true",
    ]);
    expect((await ask(server, "GET", `${BOARD}/entries/k`)).json.value).toBe(2);
    refused(await put(server, "k", { value: 3 }, { "idempotency-key": "" }), "bad_request");
    refused(await put(server, "k", { value: 3 }, id), "id_conflict");
    refused(await put(server, "k", { value: 3 }, { "idempotency-key": "a b" }), "bad_request");
  });

  it.each([
    "a/b",
    "/",
    "//",
    "/a",
    "a/",
    ".",
    "..",
    "../x",
    "%",
    "%2F",
    "%252F",
    "a?b#c",
    "a b+c",
    "__proto__",
    "constructor",
    "ключ",
    "😀",
    "\u0000",
    "x".repeat(512),
    "ж".repeat(256),
  ])("the key %j works in the path and as ?key=", async (key) => {
    const server = await start();
    const encoded = encodeURIComponent(key).replaceAll(".", "%2E");
    const made = await write(server, "PUT", `${BOARD}/entries/${encoded}`, { value: "by path" });
    expect(made.json).toMatchObject({ key, value: "by path" });
    expect((await ask(server, "GET", `${BOARD}/entries?key=${encoded}`)).json).toMatchObject({ key, value: "by path" });
    expect((await write(server, "PUT", `${BOARD}/entries?key=${encoded}`, { value: "by query" })).status).toBe(200);
    expect((await ask(server, "GET", `${BOARD}/entries/${encoded}`)).json.value).toBe("by query");
    expect((await ask(server, "GET", `/api/swarm/blackboard/${encoded}`)).json).toStrictEqual({
      success: true,
      key,
      value: "by query",
    });
    expect((await ask(server, "GET", `/api/swarm/blackboard?key=${encoded}`)).json.value).toBe("by query");
    expect((await ask(server, "DELETE", `${BOARD}/entries?key=${encoded}`)).status).toBe(200);
  });

  it("keys that may not be are refused with their codes", async () => {
    const server = await start();
    refused(await write(server, "PUT", `${BOARD}/entries/`, { value: 1 }), "bad_key");
    refused(await write(server, "PUT", `${BOARD}/entries`, { value: 1 }), "bad_key");
    refused(await write(server, "PUT", `${BOARD}/entries/${"x".repeat(513)}`, { value: 1 }), "key_too_long");
    refused(await write(server, "PUT", `${BOARD}/entries/%ED%A0%80`, { value: 1 }), "bad_request");
    refused(await write(server, "PUT", `${BOARD}/entries/${"x".repeat(5000)}`, { value: 1 }), "key_too_long");
    refused(await write(server, "PUT", `${BOARD}/entries?key=a&key=b`, { value: 1 }), "bad_request");
  });

  it("lists in pages by prefix, in order of UTF-8 bytes, to the end and without doubles", async () => {
    const server = await start();
    const keys = ["b:1", "b:2", "b:3", "b:\uffff", "b:😀", "a", "c"];
    for (const key of keys) await put(server, key, { value: key });
    const seen: string[] = [];
    for (let after = ""; ;) {
      const { json } = await ask(server, "GET", `${BOARD}/entries?prefix=b:&limit=2${after}`);
      seen.push(...json.entries.map((entry: { key: string }) => entry.key));
      if (json.next === null) break;
      after = `&after=${encodeURIComponent(json.next)}`;
    }
    expect(seen).toStrictEqual(["b:1", "b:2", "b:3", "b:\uffff", "b:😀"]);
    refused(await ask(server, "GET", `${BOARD}/entries?limit=0`), "bad_request");
    refused(await ask(server, "GET", `${BOARD}/entries?limit=1001`), "bad_request");
  });

  it("bodies and values that may not be are refused with their codes", async () => {
    const server = await start({ limits: { maxValueBytes: 1000 }, maxBodyBytes: 5000 });
    refused(await put(server, "k", "{"), "bad_json");
    refused(await put(server, "k", ""), "bad_json");
    refused(
      await ask(server, "PUT", `${BOARD}/entries/k`, { headers: JSON_TYPE, body: Buffer.from([0x7b, 0xff, 0x7d]) }),
      "bad_json",
    );
    refused(await put(server, "k", { val: 1 }), "bad_request");
    refused(await put(server, "k", { value: 1, ttlMs: 0 }), "bad_request");
    refused(await put(server, "k", { value: "x".repeat(1000) }), "value_too_large");
    refused(await put(server, "k", { value: "x".repeat(6000) }), "body_too_large");
    refused(await put(server, "k", `{"value":${"[".repeat(200)}${"]".repeat(200)}}`), "value_too_deep");
    refused(await put(server, "k", String.raw`{"value":"\ud800"}`), "lone_surrogate");
    refused(await ask(server, "PUT", `${BOARD}/entries/k`, { body: '{"value":1}' }), "unsupported_media_type");
    for (const type of [
      "text/plain",
      "application/x-www-form-urlencoded",
      "application/json; charset=latin1",
      "application/jsonx",
    ]) {
      refused(
        await ask(server, "PUT", `${BOARD}/entries/k`, { headers: { "content-type": type }, body: '{"value":1}' }),
        "unsupported_media_type",
      );
    }
    expect((await put(server, "k", { value: 1 }, { "content-type": 'application/json; charset="UTF-8"' })).status).toBe(
      201,
    );
    refused(
      await put(server, "k", { value: 1 }, { "x-swarmboard-agent": Buffer.from([0xff]).toString("latin1") }),
      "bad_request",
    );
    refused(await put(server, "k", { value: 1 }, { "x-swarmboard-agent": "follow:x" }), "bad_request");
    refused(await put(server, "k", { value: 1 }, { "x-swarmboard-agent": "system" }), "bad_request");
    const named = await put(server, "k", { value: 1 }, { "x-swarmboard-agent": Buffer.from("Åsa").toString("latin1") });
    expect(named.json.by).toBe("Åsa");
  });

  it("board_full: the fold's refusals of limits come through", async () => {
    const server = await start({ limits: { maxEntries: 1 } });
    await put(server, "a", { value: 1 });
    const full = await put(server, "b", { value: 1 });
    if (full.status !== 201) refused(full, "board_full");
  });
});

describe("boards", () => {
  it("create, list, read, delete, and every refusal", async () => {
    const server = await start({ limits: { maxBoards: 2 } });
    const made = await write(server, "POST", "/api/v1/boards", { name: "second" });
    expect(made.status).toBe(201);
    expect(made.headers["location"]).toBe("/api/v1/boards/second");
    expect((await ask(server, "GET", "/api/v1/boards")).json).toStrictEqual({
      boards: [{ name: "default" }, { name: "second" }],
    });
    expect((await ask(server, "GET", "/api/v1/boards/second")).json).toMatchObject({ name: "second", seq: 1 });
    expect((await ask(server, "GET", "/api/v1/boards/second/position")).json).toMatchObject({
      seq: 1,
      epoch: made.json.epoch,
    });
    refused(await write(server, "POST", "/api/v1/boards", { name: "second" }), "board_exists");
    refused(await write(server, "POST", "/api/v1/boards", { name: "Third!" }), "bad_board_name");
    refused(await write(server, "POST", "/api/v1/boards", { name: "third" }), "too_many_boards");
    refused(await write(server, "POST", "/api/v1/boards", {}), "bad_request");
    const unsure = await ask(server, "DELETE", "/api/v1/boards/second");
    refused(unsure, "precondition_required");
    expect(unsure.json.detail).toContain("?confirm=second");
    refused(await ask(server, "DELETE", "/api/v1/boards/second?confirm=default"), "bad_condition");
    expect((await ask(server, "DELETE", "/api/v1/boards/second?confirm=second")).status).toBe(204);
    refused(await ask(server, "DELETE", "/api/v1/boards/default?confirm=default"), "default_board");
    refused(await ask(server, "GET", "/api/v1/boards/second"), "no_such_board");
    refused(await ask(server, "GET", "/api/v1/boards/..%2F..%2Fetc/entries"), "bad_board_name");
  });
});

describe("budgets", () => {
  it("open, change, charge beyond the limit, close", async () => {
    const server = await start();
    const path = `${BOARD}/budgets/${encodeURIComponent("a/b")}`;
    expect((await write(server, "POST", path, { limitTokens: 1000, description: "d" })).status).toBe(201);
    const changed = await write(server, "POST", path, { limitTokens: 100 });
    expect(changed.status).toBe(200);
    expect(changed.json).toMatchObject({ task: "a/b", limitTokens: 100, usedTokens: 0, status: "active" });
    const charged = await write(server, "POST", `${path}/charge`, { tokens: 120, agent: "ada", reason: "work" });
    expect(charged.json).toMatchObject({
      usedTokens: 120,
      remainingTokens: 0,
      percentage: 120,
      status: "exhausted",
      lastCharge: { tokens: 120, agent: "ada", reason: "work" },
    });
    expect((await ask(server, "GET", path)).json).toMatchObject({ usedTokens: 120 });
    expect((await ask(server, "GET", `${BOARD}/budgets`)).json).toMatchObject({
      usedTokens: 120,
      limitTokens: 100,
      percentage: 120,
      budgets: [{ task: "a/b" }],
    });
    expect((await ask(server, "DELETE", path)).json).toMatchObject({ seq: 5 });
    refused(await write(server, "POST", `${path}/charge`, { tokens: 1 }), "budget_closed");
    expect((await write(server, "POST", path, { limitTokens: 500 })).status).toBe(201);
    refused(await write(server, "POST", `${BOARD}/budgets/none/charge`, { tokens: 1 }), "no_such_budget");
    refused(await ask(server, "GET", `${BOARD}/budgets/none`), "no_such_budget");
    refused(await write(server, "POST", path, { limitTokens: -1 }), "bad_request");
    refused(await write(server, "POST", path, { limitTokens: 1.5 }), "bad_request");
    await write(server, "POST", `${path}/charge`, { tokens: Number.MAX_SAFE_INTEGER - 200 });
    refused(await write(server, "POST", `${path}/charge`, { tokens: 1000 }), "number_too_large");
  });

  it("L9: charging and setting the limit are safe to retry", async () => {
    const server = await start();
    const path = `${BOARD}/budgets/t`;
    for (let i = 0; i < 3; i++)
      expect((await write(server, "POST", path, { limitTokens: 10 }, { "idempotency-key": "open" })).status).toBe(201);
    for (let i = 0; i < 3; i++) {
      expect(
        (await write(server, "POST", path, { limitTokens: 20 }, { "idempotency-key": "limit" })).json.limitTokens,
      ).toBe(20);
      expect(
        (await write(server, "POST", `${path}/charge`, { tokens: 5 }, { "idempotency-key": "charge" })).json.usedTokens,
      ).toBe(5);
    }
  });
});

describe("agents, tasks, audit, claims, requests", () => {
  it("an agent reports and is listed with what it holds", async () => {
    const server = await start();
    await write(server, "PUT", `${BOARD}/agents/ada%2F1`, { state: "working", task: "t", trust: 0.75 });
    await write(server, "POST", `${BOARD}/claims/t/acquire`, { ttlMs: 60_000 }, { "x-swarmboard-agent": "ada/1" });
    const { json } = await ask(server, "GET", `${BOARD}/agents`);
    expect(json.agents.find((one: { agent: string }) => one.agent === "ada/1")).toMatchObject({
      state: "working",
      task: "t",
      trust: 0.75,
      lastSeenAt: expect.any(Number),
      claims: ["t"],
    });
    refused(await write(server, "PUT", `${BOARD}/agents/x`, { trust: 2 }), "bad_request");
  });

  it("tasks are listed with their details byte for byte (rule 19), and sources as a list, with an ETag", async () => {
    const server = await start();
    const command = '{"type":"task.report","task":"t","status":"open","details":{"n":12345678901234567890}}';
    await write(server, "POST", `${BOARD}/commands`, command);
    const tasks = await ask(server, "GET", `${BOARD}/tasks`);
    expect(tasks.text).toContain('"task":"t","status":"open","at":');
    expect(tasks.text).toContain('"details":{"n":12345678901234567890}');
    expect((await ask(server, "GET", `${BOARD}/sources`)).json).toMatchObject({ sources: [] });
    for (const path of ["tasks", "sources"]) {
      const { headers } = await ask(server, "GET", `${BOARD}/${path}`);
      const again = { headers: { "if-none-match": headers["etag"] as string } };
      expect((await ask(server, "GET", `${BOARD}/${path}`, again)).status).toBe(304);
    }
  });

  it("audit notes come newest first, filtered and in pages, also several of one record", async () => {
    const server = await start();
    const audit = `${BOARD}/audit`;
    expect(
      (
        await write(server, "POST", audit, {
          event: "permission_granted",
          agent: "ada",
          resource: "DB",
          granted: true,
          reason: "ok",
          details: { n: 1.5 },
        })
      ).status,
    ).toBe(201);
    const commands = Array.from({ length: 5 }, (_, i) => ({
      type: "audit.note",
      event: `e${i}`,
      agent: "bob",
      granted: false,
    }));
    await write(server, "POST", `${BOARD}/commands`, { type: "batch", commands });
    const events = (answer: Answer): string[] => answer.json.entries.map((one: { event: string }) => one.event);
    expect(events(await ask(server, "GET", audit))).toStrictEqual(["e4", "e3", "e2", "e1", "e0", "permission_granted"]);
    expect(events(await ask(server, "GET", `${audit}?granted=true`))).toStrictEqual(["permission_granted"]);
    expect(events(await ask(server, "GET", `${audit}?agent=bob&event=e2`))).toStrictEqual(["e2"]);
    const seen: string[] = [];
    for (let after = ""; ;) {
      const page = await ask(server, "GET", `${audit}?limit=2${after}`);
      seen.push(...events(page));
      if (page.json.next === null) break;
      after = `&after=${page.json.next}`;
    }
    expect(seen).toStrictEqual(["e4", "e3", "e2", "e1", "e0", "permission_granted"]);
    refused(await ask(server, "GET", `${audit}?granted=maybe`), "bad_request");
    refused(await ask(server, "GET", `${audit}?after=x`), "bad_request");
    refused(await write(server, "POST", audit, { agent: "ada" }), "bad_request");
  });

  it("a claim is held by one, with a fence", async () => {
    const server = await start();
    const claim = `${BOARD}/claims/task%3A1`;
    const ada = { "x-swarmboard-agent": "ada" };
    const held = await write(server, "POST", `${claim}/acquire`, { ttlMs: 60_000 }, ada);
    expect(held.json).toMatchObject({
      claim: "task:1",
      holder: "ada",
      fence: expect.any(Number),
      ttlLeftMs: expect.any(Number),
    });
    const { fence } = held.json;
    refused(
      await write(server, "POST", `${claim}/acquire`, { ttlMs: 60_000 }, { "x-swarmboard-agent": "bob" }),
      "claim_held",
    );
    refused(await write(server, "POST", `${claim}/renew`, { fence: fence + 1, ttlMs: 1000 }, ada), "claim_lost");
    expect(
      (await write(server, "POST", `${claim}/renew`, { fence, ttlMs: 90_000 }, ada)).json.ttlLeftMs,
    ).toBeGreaterThan(60_000);
    expect((await ask(server, "GET", `${BOARD}/claims`)).json.claims).toMatchObject([
      { claim: "task:1", holder: "ada", fence },
    ]);
    expect((await write(server, "POST", `${claim}/release`, { fence }, ada)).status).toBe(200);
    refused(await write(server, "POST", `${claim}/release`, { fence }, ada), "claim_lost");
    expect((await ask(server, "GET", `${BOARD}/claims`)).json.claims).toStrictEqual([]);
    refused(await write(server, "POST", `${claim}/acquire`, { ttlMs: "long" }, ada), "bad_request");
  });

  it("a request waits for a decision", async () => {
    const server = await start();
    const path = `${BOARD}/requests`;
    const opened = await write(
      server,
      "POST",
      path,
      { kind: "permission", subject: "DB", agent: "ada", reason: "need" },
      { "idempotency-key": "r1" },
    );
    expect(opened.status).toBe(201);
    expect(
      (
        await write(
          server,
          "POST",
          path,
          { kind: "permission", subject: "DB", agent: "ada", reason: "need" },
          { "idempotency-key": "r1" },
        )
      ).json.request,
    ).toBe(opened.json.request);
    const one = `${path}/${opened.json.request}`;
    expect((await ask(server, "GET", `${path}?state=open`)).json.requests).toMatchObject([
      { subject: "DB", state: "open" },
    ]);
    refused(
      await write(server, "POST", path, { request: opened.json.request, kind: "change", subject: "k" }),
      "request_exists",
    );
    expect(
      (await write(server, "POST", `${one}/decide`, { decision: "granted" }, { "x-swarmboard-agent": "boss" })).status,
    ).toBe(200);
    refused(await write(server, "POST", `${one}/decide`, { decision: "denied" }), "request_decided");
    expect((await ask(server, "GET", path)).json.requests).toMatchObject([{ state: "granted", decidedBy: "boss" }]);
    expect((await write(server, "POST", `${one}/close`, {})).status).toBe(200);
    refused(await write(server, "POST", `${path}/none/decide`, { decision: "denied" }), "no_such_request");
    refused(await write(server, "POST", path, { kind: "wish", subject: "x" }), "bad_request");
  });
});

describe("commands", () => {
  const commands = `${BOARD}/commands`;

  it("a batch is all or nothing, and says what each command made", async () => {
    const server = await start();
    const good = await write(server, "POST", commands, {
      type: "batch",
      commands: [
        { type: "entry.put", key: "a", value: [1] },
        { type: "budget.open", task: "t", limitTokens: 5 },
      ],
    });
    expect(good.json).toMatchObject({ ok: true, seq: 2, parts: [{ rev: 1 }, {}] });
    const bad = await write(server, "POST", commands, {
      type: "batch",
      commands: [
        { type: "entry.put", key: "b", value: 1 },
        { type: "entry.put", key: "a", value: 2, if: { absent: true } },
      ],
    });
    refused(bad, "batch_failed");
    expect(bad.json.facts).toMatchObject({ index: 1, cause: "exists" });
    expect(bad.json.seq).toBe(3);
    refused(await ask(server, "GET", `${BOARD}/entries/b`), "no_such_entry");
  });

  it("what only the engine and followers send is refused, and so is what no command is", async () => {
    const server = await start({ limits: { maxBatchCommands: 2 } });
    for (const command of [
      { type: "rules.change", version: 1 },
      { type: "items.expire", items: [] },
      { type: "source.report", source: "s", state: "ok" },
      { type: "budget.mirror", task: "t", limitTokens: 1, usedTokens: 1 },
      { type: "entry.put", key: "k", value: 1, by: "someone else" },
      { type: "entry.delete", key: "k", owned: true },
      { type: "entry.put", key: "k" },
      { type: "none" },
      { type: "batch", commands: [] },
      { type: "batch", commands: [{ type: "batch", commands: [] }] },
      [],
      7,
    ]) {
      refused(await write(server, "POST", commands, command), "bad_request");
    }
    const three = Array.from({ length: 3 }, () => ({ type: "audit.note", event: "e" }));
    refused(await write(server, "POST", commands, { type: "batch", commands: three }), "batch_too_large");
    expect((await ask(server, "GET", `${BOARD}/position`)).json.seq).toBe(1);
  });

  it("takes a body of several megabytes where other routes do not", async () => {
    const server = await start();
    const value = "x".repeat(900_000);
    const batch = { type: "batch", commands: ["a", "b", "c"].map((key) => ({ type: "entry.put", key, value })) };
    expect((await write(server, "POST", commands, batch)).status).toBe(200);
    refused(await put(server, "k", { value: "x".repeat(2_200_000) }), "body_too_large");
  });
});

describe("what a refusal says", () => {
  it("is in plain sentences, with the limit that was met", async () => {
    const server = await start();
    const said = async (answer: Promise<Answer>): Promise<string> => {
      const { json } = await answer;
      return `${json.code}: ${json.errors?.map((one: { at: string; message: string }) => `${one.at} ${one.message}`).join(", ") ?? json.detail}`;
    };
    expect(await said(ask(server, "GET", `${BOARD}/entries?limit=abc`))).toBe("bad_request: limit must be a number");
    expect(await said(ask(server, "GET", `${BOARD}/audit?from=abc`))).toContain(
      "from is no moment: send ms since 1970",
    );
    expect(await said(ask(server, "GET", `${BOARD}/audit?after=abc`))).toBe(
      "bad_request: after is no `next` of a page",
    );
    expect(await said(put(server, "k", {}))).toBe("bad_request: value is missing");
    expect(await said(put(server, "k", '{"value":1,"ttlMs":1e300}'))).toMatch(
      /^bad_request: ttlMs must be a whole number of at most 3153600000000$/,
    );
    expect(await said(put(server, "k", { value: 1, ttlMs: "1" }))).toBe("bad_request: ttlMs must be a number");
    expect(await said(put(server, "k", '{"value":"\\ud800"}'))).toContain("in the string at character 9");
    for (const depth of [129, 300]) {
      const deep = await put(server, "k", `{"value":${"[".repeat(depth)}${"]".repeat(depth)}}`);
      refused(deep, "value_too_deep");
      expect(deep.json.facts.max).toBe(128);
    }
    const large = await put(server, "k", { value: "x".repeat(2_200_000) });
    refused(large, "body_too_large");
    expect(large.json.facts).toStrictEqual({ max: 2_097_152 });
  });

  it("fits the case: a claim of one's own, a budget closed twice, a socket's address asked for plainly", async () => {
    const server = await start();
    const acquire = () =>
      write(server, "POST", `${BOARD}/claims/c/acquire`, { ttlMs: 60_000 }, { "x-swarmboard-agent": "ada" });
    await acquire();
    const own = await acquire();
    refused(own, "claim_held");
    expect(own.json.detail).toContain("own name");
    await write(server, "POST", `${BOARD}/budgets/t`, { limitTokens: 1 });
    await ask(server, "DELETE", `${BOARD}/budgets/t`);
    const closed = await ask(server, "DELETE", `${BOARD}/budgets/t`);
    refused(closed, "budget_closed");
    expect(closed.json.detail).not.toContain("charge");
    const plain = await ask(server, "GET", "/ws/blackboard");
    refused(plain, "bad_request", 426);
    expect(plain.headers["upgrade"]).toBe("websocket");
    const head = await ask(server, "GET", "/healthz", { headers: { "x-long": "x".repeat(20_000) } });
    refused(head, "bad_request", 431);
    expect(head.json.detail).toContain("16384 bytes");
  });
});

describe("addresses", () => {
  it("query parameters that an address does not have are refused, and the others are named", async () => {
    const server = await start();
    const misspelt = await ask(server, "GET", `${BOARD}/entries?prefx=a`);
    refused(misspelt, "bad_request");
    expect(misspelt.json.detail).toContain("prefix");
    expect(misspelt.json.errors).toMatchObject([{ at: "prefx" }]);
    refused(await ask(server, "GET", `${BOARD}/tasks?x=1`), "bad_request");
    expect((await ask(server, "GET", "/api/swarm/audit?x=1")).status).toBe(200);
    const bogus = await ask(server, "GET", `${BOARD}/history?type=bogus`);
    refused(bogus, "bad_request");
    expect(bogus.json.errors[0].message).toContain("entry.put");
  });

  it("unknown ones are 404, known ones with another method 405 with Allow", async () => {
    const server = await start();
    refused(await ask(server, "GET", "/nothing"), "not_found");
    refused(await ask(server, "GET", "/api/v1/nothing"), "not_found");
    refused(await ask(server, "GET", "/assets/../../package.json"), "not_found");
    const other = await write(server, "POST", `${BOARD}/entries/k`, {});
    refused(other, "method_not_allowed");
    expect(other.headers["allow"]).toContain("PUT");
    refused(await ask(server, "OPTIONS", "/api/v1/boards"), "method_not_allowed");
    refused(await ask(server, "DELETE", "/healthz"), "method_not_allowed");
  });

  it("HEAD answers like GET, without a body", async () => {
    const server = await start();
    const head = await ask(server, "HEAD", "/api/v1/boards");
    expect(head.status).toBe(200);
    expect(head.text).toBe("");
  });

  it("health: alive and ready", async () => {
    const server = await start();
    expect((await ask(server, "GET", "/healthz")).json).toMatchObject({ status: "ok" });
    expect((await ask(server, "GET", "/readyz")).json).toStrictEqual({ ready: true, reasons: {} });
  });
});
