// Guards budgets as callers meet them over HTTP: reserve before the spend, settle after it, and a refusal that says why.
// Published failures of other meters are named in the titles.

import { describe, expect, it } from "vitest";
import { CODES, type Code } from "../../src/protocol/index.ts";
import { type Answer, ask, dial, endAfterEach, start, until, write } from "./harness.ts";

endAfterEach();

const API = "/api/v1/boards/default";
type Server = Awaited<ReturnType<typeof start>>;

function refused(answer: Answer, code: Code): Answer["json"] {
  expect(answer.json).toMatchObject({ code, status: CODES[code].httpStatus, type: `urn:swarmboard:code:${code}` });
  expect([answer.status, answer.headers["content-type"]]).toEqual([CODES[code].httpStatus, "application/problem+json"]);
  return answer.json;
}

/** A server with a tree: `team` of 1000 tokens and a dollar, below it `plan` of 600 tokens and `build` without a limit. */
async function withTree(): Promise<{
  server: Server;
  post: (path: string, body: unknown, headers?: Record<string, string>) => Promise<Answer>;
  get: (path: string) => Promise<Answer>;
}> {
  const server = await start();
  const post = (path: string, body: unknown, headers = {}) => write(server, "POST", `${API}/${path}`, body, headers);
  expect((await post("budgets/team", { limitTokens: 1000, limitNanoUsd: 1_000_000_000 })).status).toBe(201);
  expect((await post("budgets/plan", { parent: "team", limitTokens: 600, policy: "hard" })).status).toBe(201);
  expect((await post("budgets/build", { parent: "team" })).status).toBe(201);
  return { server, post, get: (path) => ask(server, "GET", `${API}/${path}`) };
}
const held = (tokens: number, nanoUsd = 0, ttlMs = 60_000) => ({ tokens, nanoUsd, ttlMs });

describe("reserve, settle, extend, release", () => {
  it("a hold counts in the whole path until it is settled with what was spent; the rest is free again", async () => {
    const { post, get } = await withTree();
    const before = Date.now();
    const reserved = await post("budgets/plan/reserve", {
      ...held(500, 20_000_000),
      agent: "ada",
      operation: "review",
    });
    expect(reserved.status).toBe(201);
    const { hold, expiresAt, expiresAtClock, seq } = reserved.json;
    expect(reserved.json).toEqual({
      hold: `h${seq}`,
      expiresAt,
      expiresAtClock,
      seq,
      tokens: 500,
      nanoUsd: 20_000_000,
      left: { tokens: 100, nanoUsd: 980_000_000 },
    });
    expect(Math.abs(expiresAt - before - 60_000)).toBeLessThan(5000);
    expect((await get("budgets/team")).json).toMatchObject({
      usedTokens: 0,
      path: ["team"],
      children: ["plan", "build"],
      childCount: 2,
      held: { tokens: 500, nanoUsd: 20_000_000, holds: 1 },
      left: { tokens: 500, nanoUsd: 980_000_000 },
      own: { heldTokens: 0, holds: 0, everTokens: 0 },
    });
    expect((await get("budgets/plan")).json).toMatchObject({
      path: ["team", "plan"],
      left: { tokens: 100, nanoUsd: null },
      own: { heldTokens: 500, holds: 1 },
    });
    expect((await get(`holds/${hold}`)).json).toMatchObject({
      hold,
      task: "plan",
      agent: "ada",
      by: "anonymous",
      operation: "review",
      state: "open",
    });
    const settled = await post(`holds/${hold}/settle`, { tokens: 120, nanoUsd: 5_000_000 });
    expect(settled.json).toMatchObject({ hold, spent: { tokens: 120, nanoUsd: 5_000_000 } });
    expect(settled.json.late).toBeUndefined();
    expect((await get("budgets/team")).json).toMatchObject({
      usedTokens: 120,
      account: { nanoUsd: 5_000_000 },
      held: { tokens: 0, nanoUsd: 0, holds: 0 },
      left: { tokens: 880, nanoUsd: 995_000_000 },
      own: { everTokens: 0 },
    });
    expect((await get("budgets/plan")).json).toMatchObject({
      usedTokens: 120,
      own: { everTokens: 120 },
      burn: { tokensPerHour: expect.any(Number), nanoUsdPerHour: expect.any(Number) },
    });
    refused(await post(`holds/${hold}/settle`, { tokens: 1 }), "hold_ended");
    refused(await post(`holds/${hold}/release`, {}), "hold_ended");
  });

  it("extends in time and amount, and releases what was not spent", async () => {
    const { post, get } = await withTree();
    const { hold, expiresAtClock } = (await post("budgets/plan/reserve", held(100, 0, 1000))).json;
    const extended = await post(`holds/${hold}/extend`, { ttlMs: 60_000, tokens: 50 });
    expect(extended.json).toMatchObject({ hold, tokens: 150 });
    expect(extended.json.expiresAtClock).toBeGreaterThan(expiresAtClock);
    refused(await post(`holds/${hold}/extend`, { ttlMs: 60_000, tokens: 451 }), "over_budget");
    expect((await post(`holds/${hold}/release`, { reason: "not needed" })).status).toBe(200);
    expect((await get("budgets/team")).json).toMatchObject({ usedTokens: 0, held: { tokens: 0, holds: 0 } });
    refused(await post("holds/h999/release", {}), "no_such_hold");
  });

  it("more than was held is recorded, shown as debt, and blocks new reserves", async () => {
    const { post, get } = await withTree();
    const { hold } = (await post("budgets/plan/reserve", held(600))).json;
    await post(`holds/${hold}/settle`, { tokens: 750 });
    expect((await get("budgets/plan")).json).toMatchObject({
      usedTokens: 750,
      debt: { tokens: 150, nanoUsd: 0 },
      left: { tokens: -150 },
      remainingTokens: 0,
    });
    expect(refused(await post("budgets/plan/reserve", held(0)), "over_budget").facts).toMatchObject({
      budget: "plan",
      available: 0,
    });
  });

  it("rule 6: a settlement after the hold's end is a charge, said to be late", async () => {
    const { post, get } = await withTree();
    const { hold } = (await post("budgets/plan/reserve", held(100, 0, 1))).json;
    while ((await get(`holds/${hold}`)).json.state === "open") await new Promise((resolve) => setTimeout(resolve, 5));
    expect((await get("budgets/plan")).json.held).toEqual({ tokens: 0, nanoUsd: 0, holds: 0 });
    expect((await post(`holds/${hold}/settle`, { tokens: 80 })).json).toMatchObject({ late: true });
    expect((await get("budgets/plan")).json.usedTokens).toBe(80);
  });

  it("prices tokens by the model, and settles by the hold's model where none is stated", async () => {
    const { post, get } = await withTree();
    const model = "openai/gpt-4o";
    const usage = { input: 1000, output: 100 };
    refused(
      await post("budgets/plan/reserve", { model, usage: { ...usage, output: 100 }, tokens: 7, ttlMs: 1000 }),
      "usage_mismatch",
    );
    refused(await post("budgets/plan/reserve", { tokens: 7, ttlMs: 1000 }), "amount_required");
    refused(await post("budgets/plan/reserve", { model: "nobody/knows", tokens: 7, ttlMs: 1000 }), "unknown_model");
    const reserved = await post("budgets/plan/reserve", { model, usage: { input: 500, output: 60 }, ttlMs: 60_000 });
    expect(reserved.json.tokens).toBe(560);
    expect(reserved.json.nanoUsd).toBeGreaterThan(0);
    const settled = await post(`holds/${reserved.json.hold}/settle`, { usage: { input: 250, output: 30 } });
    expect(settled.json.spent).toEqual({ tokens: 280, nanoUsd: reserved.json.nanoUsd / 2 });
    const charged = await post("budgets/build/charge", { model, usage, operation: "plan" });
    expect(charged.json.account.usage).toMatchObject(usage);
    // 1000 of input at 2.50 dollars a million, 100 of output at 10 dollars.
    expect(charged.json.account.nanoUsd).toBe(3_500_000);
    expect((await get("budgets/team")).json).toMatchObject({ usedTokens: 1380 });
    refused(await post("budgets/build/charge", {}), "bad_request");
  });
});

describe("clients that go away", () => {
  it("regression: hold leaked by a cancelled stream — a client that is gone before its answer leaves a hold that a retry finds, and that frees itself", async () => {
    const { server, post, get } = await withTree();
    const body = JSON.stringify(held(100, 0, 400));
    const socket = await dial(server);
    socket.write(
      `POST ${API}/budgets/plan/reserve HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nIdempotency-Key: gone\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      () => socket.destroy(),
    );
    await until(() => socket.destroyed);
    let holds: { hold: string }[] = [];
    while (holds.length === 0) ({ holds } = (await get("holds?state=all")).json);
    // Whoever comes back with the same key is told of that hold, and no second one is made.
    const again = await post("budgets/plan/reserve", held(100, 0, 400), { "idempotency-key": "gone" });
    expect([again.status, again.json.hold]).toEqual([201, holds[0]?.hold]);
    while ((await get("holds")).json.holds.length > 0) await new Promise((resolve) => setTimeout(resolve, 20));
    expect((await get("budgets/team")).json).toMatchObject({
      usedTokens: 0,
      held: { tokens: 0, holds: 0 },
      left: { tokens: 1000 },
    });
    expect((await get("holds?state=expired")).json.holds).toHaveLength(1);
  });
});

describe("refusals", () => {
  it("regression: a refusal that does not say which budget — it names budget, dimension and figures, in facts and in words", async () => {
    const { post } = await withTree();
    await post("budgets/build/charge", { tokens: 300, nanoUsd: 990_000_000 });
    await post("budgets/build/reserve", held(450));
    const tokens = refused(await post("budgets/plan/reserve", held(260)), "over_budget");
    expect(tokens.facts).toEqual({
      budget: "team",
      dimension: "tokens",
      limit: 1000,
      spent: 300,
      held: 450,
      requested: 260,
      available: 250,
      resetsAt: null,
    });
    expect(tokens.detail).toBe(
      'The budget "team" has 250 tokens left of 1000 tokens (spent 300 tokens, held 450 tokens), and 260 tokens are asked for.',
    );
    expect(tokens.seq).toBeGreaterThan(0);
    const money = refused(await post("budgets/plan/reserve", held(1, 10_000_001)), "over_budget");
    expect(money.facts).toMatchObject({ budget: "team", dimension: "nanoUsd", available: 10_000_000 });
    expect(money.detail).toContain("0.01 USD left of 1 USD");
    await post("budgets/plan", { window: { every: "day", timeZone: "Europe/Berlin", rollover: false } });
    await new Promise((resolve) => setTimeout(resolve, 30));
    const windowed = refused(await post("budgets/plan/reserve", held(601)), "over_budget");
    expect(windowed.facts).toMatchObject({ budget: "plan" });
    expect(windowed.facts.resetsAt).toBeGreaterThan(Date.now());
    expect(windowed.detail).toContain(new Date(windowed.facts.resetsAt).toISOString());
  });

  it("regression: parent and child both counted — one spend is one spend in each budget of the path, and in the totals", async () => {
    const { post, get } = await withTree();
    const { hold } = (await post("budgets/plan/reserve", held(100))).json;
    await post(`holds/${hold}/settle`, { tokens: 100 });
    await post("budgets/plan/charge", { tokens: 50 });
    expect((await get("budgets/team")).json.usedTokens).toBe(150);
    expect((await get("budgets")).json).toMatchObject({ usedTokens: 150, limitTokens: 1000 });
  });

  it("regression: check-then-act race — of a hundred reserves at once, exactly those that fit are let through", async () => {
    const { post, get } = await withTree();
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, n) => post(`budgets/${n % 2 === 0 ? "plan" : "build"}/reserve`, held(30))),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(33);
    expect(answers.filter(({ status }) => status === 402)).toHaveLength(67);
    expect((await get("budgets/team")).json).toMatchObject({ held: { tokens: 990, holds: 33 }, left: { tokens: 10 } });
  });

  it("L9, regression: double charge by a retried request — the same key gives the first hold, settlement and charge again", async () => {
    const { post, get } = await withTree();
    const key = (name: string) => ({ "idempotency-key": name });
    const first = await post("budgets/plan/reserve", held(200), key("r"));
    const again = await post("budgets/plan/reserve", held(200), key("r"));
    expect([again.status, again.json.hold, again.json.duplicate]).toEqual([201, first.json.hold, true]);
    expect(again.headers["idempotency-replayed"]).toBe("true");
    refused(await post("budgets/plan/reserve", held(201), key("r")), "id_conflict");
    for (let i = 0; i < 3; i++) {
      expect((await post(`holds/${first.json.hold}/settle`, { tokens: 150 }, key("s"))).status).toBe(200);
      expect((await post("budgets/plan/charge", { tokens: 10 }, key("c"))).status).toBe(200);
    }
    expect((await get("budgets/team")).json).toMatchObject({ usedTokens: 160, held: { holds: 0 } });
    // A refusal is remembered as well: the retry does not slip through once there is room.
    refused(await post("budgets/plan/reserve", held(600), key("x")), "over_budget");
    await post("budgets/plan", { limitTokens: 900 });
    refused(await post("budgets/plan/reserve", held(600), key("x")), "over_budget");
  });

  it("say when to try again: Retry-After where a rate is exceeded", async () => {
    const { server, post } = await withTree();
    await write(server, "PATCH", `${API}/budgets/plan`, { rate: { reservesPerMinute: 1 } });
    expect((await post("budgets/plan/reserve", held(1))).status).toBe(201);
    const limited = await post("budgets/plan/reserve", held(1));
    const { facts } = refused(limited, "rate_limited");
    expect(facts.budget).toBe("plan");
    expect(Number(limited.headers["retry-after"])).toBe(Math.ceil(facts.retryAfterMs / 1000));
    expect(facts.retryAfterMs).toBeLessThanOrEqual(60_000);
  });

  it("of too many holds, too large a reserve, a closed budget, and one that is not there", async () => {
    const { server, post } = await withTree();
    await write(server, "PATCH", `${API}/budgets/plan`, { maxHolds: 1, maxReserveTokens: 50 });
    expect(refused(await post("budgets/plan/reserve", held(51)), "reserve_too_large").detail).toContain(
      '"plan" allows 50 tokens',
    );
    await post("budgets/plan/reserve", held(50));
    expect(refused(await post("budgets/plan/reserve", held(1)), "too_many_holds").facts).toEqual({
      budget: "plan",
      holds: 1,
      max: 1,
    });
    await ask(server, "DELETE", `${API}/budgets/team`);
    expect(refused(await post("budgets/build/reserve", held(1)), "budget_closed").facts).toEqual({ budget: "team" });
    refused(await post("budgets/none/reserve", held(1)), "no_such_budget");
    for (const body of [
      { tokens: 1 },
      { tokens: -1, ttlMs: 1 },
      { tokens: 1.5, ttlMs: 1 },
      { ttlMs: 0, tokens: 1 },
      { token: 1, ttlMs: 5 },
    ])
      refused(await post("budgets/build/reserve", body), "bad_request");
  });
});

describe("looking before the spend", () => {
  it("a dry run is judged as the reserve would be, and leaves no record", async () => {
    const { post, get } = await withTree();
    const { seq } = (await get("holds")).json;
    expect(await post("budgets/plan/reserve", { ...held(600), dryRun: true })).toMatchObject({
      status: 200,
      json: { dryRun: true, tokens: 600, nanoUsd: 0, left: { tokens: 600, nanoUsd: 1_000_000_000 } },
    });
    const no = refused(await post("budgets/plan/reserve", { ...held(601), dryRun: true }), "over_budget");
    expect([no.facts.budget, no.seq]).toEqual(["plan", undefined]);
    refused(await post("budgets/none/reserve", { ...held(1), dryRun: true }), "no_such_budget");
    expect((await get("holds")).json).toMatchObject({ seq, holds: [] });
  });

  it("the cap is exactly what goes through, and names the tightest budget", async () => {
    const { server, post, get } = await withTree();
    expect((await get("budgets/build/cap")).json).toMatchObject({
      task: "build",
      agent: "anonymous",
      tokens: 1000,
      nanoUsd: 1_000_000_000,
      tightest: { tokens: { budget: "team", by: "limit" }, nanoUsd: { budget: "team", by: "limit" } },
    });
    await write(server, "PATCH", `${API}/budgets/build`, {
      ratePerAgent: { tokensPerMinute: 300 },
      maxReserveNanoUsd: 5,
    });
    const cap = (await get("budgets/build/cap?agent=ada")).json;
    expect(cap).toMatchObject({
      tokens: 300,
      nanoUsd: 5,
      tightest: { tokens: { by: "rate" }, nanoUsd: { by: "maxReserve" } },
    });
    refused(await post("budgets/build/reserve", { ...held(301), agent: "ada" }), "rate_limited");
    refused(await post("budgets/build/reserve", { ...held(1, 6), agent: "ada" }), "reserve_too_large");
    expect((await post("budgets/build/reserve", { ...held(300, 5), agent: "ada" })).status).toBe(201);
    // Another agent has a rate of its own, within what is left of the budget.
    expect((await get("budgets/build/cap?agent=bob")).json.tokens).toBe(300);
    await post("pauses", { scope: "agent", name: "bob", reason: "enough" });
    expect((await get("budgets/build/cap?agent=bob")).json).toMatchObject({
      tokens: 0,
      stoppedBy: { code: "paused", facts: { paused: "agent:bob", reason: "enough" } },
    });
    refused(await get("budgets/none/cap"), "no_such_budget");
  });

  it("holds are listed by state, task and agent, oldest first and in pages, with their age", async () => {
    const { post, get } = await withTree();
    for (let n = 0; n < 12; n++)
      await post(`budgets/${n % 3 === 0 ? "plan" : "build"}/reserve`, {
        ...held(1),
        agent: n % 2 === 0 ? "ada" : "bob",
      });
    const all = (await get("holds?limit=1000")).json.holds as { hold: string; ageMs: number; ttlLeftMs: number }[];
    expect(all).toHaveLength(12);
    expect(all.every(({ ageMs, ttlLeftMs }) => ageMs >= 0 && ttlLeftMs > 0 && ttlLeftMs <= 60_000)).toBe(true);
    const paged: string[] = [];
    for (let after: string | null = ""; after !== null;) {
      const page: { holds: { hold: string }[]; next: string | null } = (
        await get(`holds?limit=5${after === "" ? "" : `&after=${after}`}`)
      ).json;
      paged.push(...page.holds.map(({ hold }) => hold));
      after = page.next;
    }
    expect(paged).toEqual(all.map(({ hold }) => hold));
    expect(paged.toSorted((a, b) => Number(a.slice(1)) - Number(b.slice(1)))).toEqual(paged);
    await post(`holds/${paged[0]}/release`, {});
    expect((await get("holds?task=plan&agent=ada")).json.holds).toHaveLength(1);
    expect((await get("holds?state=released")).json.holds).toMatchObject([{ hold: paged[0], state: "released" }]);
    expect((await get("holds?state=all")).json.holds).toHaveLength(12);
    refused(await get("holds?after=7"), "bad_request");
  });
});

describe("terms, tree, pauses and alerts", () => {
  it("PATCH changes what is stated, and null clears it", async () => {
    const { server, get } = await withTree();
    const patch = (body: unknown, type = "application/json") =>
      ask(server, "PATCH", `${API}/budgets/plan`, { headers: { "content-type": type }, body: JSON.stringify(body) });
    const terms = { policy: "overdraft", overdraftTokens: 50, thresholds: [50, 100], maxHolds: 3 };
    expect((await patch({ ...terms, limitTokens: 700 })).json).toMatchObject({
      limitTokens: 700,
      terms: { ...terms, parent: "team" },
    });
    const cleared = await patch({ limitTokens: null, maxHolds: null, policy: null }, "application/merge-patch+json");
    expect(cleared.json.limitTokens).toBeUndefined();
    expect(cleared.json.terms).toMatchObject({ policy: "hard", thresholds: [50, 100] });
    expect((await get("budgets/plan")).json.left).toEqual({ tokens: null, nanoUsd: null });
    refused(await patch({}), "bad_request");
    refused(await patch({ polcy: "soft" }), "bad_request");
    expect(
      refused(await patch({ window: { every: "day", timeZone: "Mars/Olympus", rollover: false } }), "unknown_time_zone")
        .facts,
    ).toEqual({
      timeZone: "Mars/Olympus",
    });
    const window = { every: "day", timeZone: "+02:00", rollover: true };
    refused(await write(server, "POST", `${API}/budgets/new`, { window }), "unknown_time_zone");
    refused(
      await write(server, "POST", `${API}/commands`, {
        type: "batch",
        commands: [{ type: "budget.open", task: "x", window }],
      }),
      "unknown_time_zone",
    );
  });

  it("a branch is moved with all it holds, where there is room for it", async () => {
    const { post, get } = await withTree();
    await post("budgets/plan/reserve", held(400));
    await post("budgets/small", { limitTokens: 399 });
    expect(refused(await post("budgets/plan/move", { parent: "small" }), "over_budget").facts).toMatchObject({
      budget: "small",
    });
    refused(await post("budgets/team/move", { parent: "plan" }), "budget_cycle");
    refused(await post("budgets/team/move", { parent: "nobody" }), "no_such_parent");
    await post("budgets/small", { limitTokens: 400 });
    expect((await post("budgets/plan/move", { parent: "small" })).json.terms.parent).toBe("small");
    expect((await get("budgets/team")).json).toMatchObject({ held: { tokens: 0 }, children: ["build"] });
    expect((await post("budgets/plan/move", { parent: null })).json.terms.parent).toBeUndefined();
    refused(await post("budgets/plan", { limitTokens: 5, parent: "team" }), "budget_exists");
  });

  it("a pause refuses new reserves of its scope, says who and why, and lets settlements through", async () => {
    const { server, post, get } = await withTree();
    const { hold } = (await post("budgets/plan/reserve", held(100))).json;
    expect(
      (await post("pauses", { scope: "task", name: "team", reason: "runaway" }, { "x-swarmboard-agent": "eve" }))
        .status,
    ).toBe(200);
    const { facts } = refused(await post("budgets/plan/reserve", held(1)), "paused");
    expect(facts).toEqual({ paused: "task:team", by: "eve", reason: "runaway" });
    expect((await post(`holds/${hold}/settle`, { tokens: 1 })).status).toBe(200);
    expect((await post("budgets/plan/charge", { tokens: 1 })).status).toBe(200);
    expect((await get("pauses")).json.pauses).toMatchObject([
      { pause: "task:team", scope: "task", name: "team", by: "eve" },
    ]);
    refused(await post("pauses", { scope: "task" }), "bad_request");
    refused(await ask(server, "DELETE", `${API}/pauses?scope=board`), "not_paused");
    expect((await ask(server, "DELETE", `${API}/pauses?scope=task&name=team`)).status).toBe(200);
    expect((await post("budgets/plan/reserve", held(1))).status).toBe(201);
  });

  it("alerts are listed, and acknowledged by whoever was first", async () => {
    const { post, get } = await withTree();
    await post("budgets/plan/charge", { tokens: 560 });
    const { alerts } = (await get("alerts?acknowledged=false")).json;
    expect(alerts).toMatchObject([
      { task: "plan", kind: "threshold" },
      { task: "plan", kind: "threshold" },
    ]);
    expect(alerts.map(({ threshold }: { threshold: number }) => threshold).sort()).toEqual([80, 90]);
    const path = `alerts/${alerts[0].alert}/acknowledge`;
    expect((await post(path, { reason: "on it" }, { "x-swarmboard-agent": "eve" })).status).toBe(200);
    await post(path, {}, { "x-swarmboard-agent": "bob" });
    expect((await get("alerts?acknowledged=true")).json.alerts).toMatchObject([
      { acknowledgedBy: "eve", reason: "on it" },
    ]);
    expect((await get("alerts?task=team")).json.alerts).toEqual([]);
    refused(await post("alerts/a9/acknowledge", {}), "no_such_alert");
  });
});
