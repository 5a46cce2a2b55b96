// Prices over the wire: stated, kept over restarts, and what a budget of money makes of them.

import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connect } from "../../src/client/index.ts";
import { ask, endAfterEach, start, write } from "./harness.ts";

endAfterEach();
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "swarmboard-prices-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const PRICES = "/api/v1/prices";
const COMMANDS = "/api/v1/boards/default/commands";
const SONNET = "anthropic/claude-sonnet-4-5";

describe("prices", () => {
  it("come with the package, by their full names and by aliases, with their day", async () => {
    const server = await start();
    const price = { table: "genai-prices 0.1.8", model: expect.stringMatching(/^anthropic\//) as unknown };
    const rates = { input: 3e9, output: 15e9, cacheRead: 3e8, cacheWrite: 3.75e9, cacheWrite1h: 6e9, reasoning: 15e9 };
    expect((await ask(server, "GET", `${PRICES}/${SONNET}`)).json).toMatchObject({
      ...price,
      nanoUsdPerMillion: rates,
    });
    expect((await ask(server, "GET", `${PRICES}/${encodeURIComponent(SONNET)}-20250929`)).json).toMatchObject(price);
    expect(await ask(server, "GET", `${PRICES}/claude-sonnet-4-5`)).toMatchObject({ status: 200, json: price });
    expect((await ask(server, "GET", `${PRICES}/nobody/knows`)).json).toMatchObject({
      code: "no_such_price",
      status: 404,
    });
  });

  it("are not put under a name that is nothing but white space, which no start could read again", async () => {
    const server = await start();
    const body = { usdPerMillionTokens: { input: "1" } };
    expect((await write(server, "PUT", `${PRICES}/%20`, body)).json).toMatchObject({ code: "bad_key" });
  });

  it("are listed in pages, each model once", async () => {
    const server = await start();
    const seen: string[] = [];
    for (let after = ""; ;) {
      const { json } = await ask(server, "GET", `${PRICES}?q=claude&limit=50&after=${encodeURIComponent(after)}`);
      seen.push(...json.models.map(({ model }: { model: string }) => model));
      if (json.next === null) break;
      after = json.next;
    }
    expect(seen.length).toBeGreaterThan(50);
    expect(seen).toEqual([...new Set(seen)].sort());
    for (const model of seen) expect(model).toContain("claude");
  });

  it("L1: one that was put holds at once and after a restart; one that was deleted does not", async () => {
    const dataDir = join(folder, "kept");
    let server = await start({ memory: false, dataDir });
    const body = {
      usdPerMillionTokens: { input: "0.1", output: 0.25 },
      above: [{ inputTokens: 1000, usdPerMillionTokens: { input: "0.2", output: "0.5" } }],
    };
    expect((await write(server, "PUT", `${PRICES}/acme/Large`, body)).status).toBe(201);
    expect((await write(server, "PUT", `${PRICES}/acme/gone`, body)).status).toBe(201);
    expect(
      (await write(server, "PUT", `${PRICES}/${SONNET}`, { usdPerMillionTokens: { input: "1", output: "2" } })).status,
    ).toBe(201);
    expect((await write(server, "DELETE", `${PRICES}/acme/gone`, "")).json).toEqual({ price: null });
    await server.close();
    server = await start({ memory: false, dataDir });
    expect((await ask(server, "GET", `${PRICES}/ACME/large`)).json).toMatchObject({
      table: "api",
      nanoUsdPerMillion: { input: 1e8, output: 2.5e8, cacheRead: 1e8 },
      above: [{ inputTokens: 1000, nanoUsdPerMillion: { input: 2e8, output: 5e8 } }],
    });
    expect((await ask(server, "GET", `${PRICES}/acme/gone`)).status).toBe(404);
    // An alias is priced as what it stands for.
    expect((await ask(server, "GET", `${PRICES}/${SONNET}`)).json).toMatchObject({
      table: "api",
      nanoUsdPerMillion: { input: 1e9 },
    });
    expect((await write(server, "DELETE", `${PRICES}/${SONNET}`, "")).json).toMatchObject({
      price: { table: "genai-prices 0.1.8" },
    });
    expect((await write(server, "DELETE", `${PRICES}/${SONNET}`, "")).json).toMatchObject({ code: "no_such_price" });
  });

  it("refuses prices that are none, and says where", async () => {
    const server = await start();
    const refused = async (body: unknown) => (await write(server, "PUT", `${PRICES}/m`, body)).json;
    for (const rates of [
      { input: "1e3" },
      { input: -1 },
      { input: "0.0000000001" },
      { input: null },
      {},
      { inputs: "1" },
    ]) {
      expect(await refused({ usdPerMillionTokens: rates })).toMatchObject({
        code: "bad_request",
        errors: expect.any(Array) as unknown,
      });
    }
    expect(
      await refused({ usdPerMillionTokens: { input: "1" }, above: [{ inputTokens: 5, usdPerMillionTokens: {} }] }),
    ).toMatchObject({ code: "bad_request" });
  });

  it("L6: a name that no record has room for is refused", async () => {
    const server = await start({ limits: { maxKeyBytes: 2000 } });
    const body = { usdPerMillionTokens: { input: "1" } };
    expect((await write(server, "PUT", `${PRICES}/${"m".repeat(513)}`, body)).json).toMatchObject({
      code: "key_too_long",
    });
    // Escaped in JSON it is six times as long, and still fits.
    const control = "%01".repeat(512);
    expect((await write(server, "PUT", `${PRICES}/${control}`, body)).status).toBe(201);
    await write(server, "POST", COMMANDS, { type: "budget.open", task: "t" });
    const model = "\u0001".repeat(512);
    const charged = await write(server, "POST", COMMANDS, { type: "budget.charge", task: "t", tokens: 1, model });
    expect(charged.status).toBe(200);
  });

  it("L1: a price that the disk does not take is refused, and the one before holds", async () => {
    const dataDir = join(folder, "failing");
    const server = await start({ memory: false, dataDir });
    await write(server, "PUT", `${PRICES}/m`, { usdPerMillionTokens: { input: "1" } });
    // A folder where the file beside would be written.
    await mkdir(join(dataDir, "prices.json.tmp"));
    expect((await write(server, "PUT", `${PRICES}/m`, { usdPerMillionTokens: { input: "2" } })).json).toMatchObject({
      code: "log_unavailable",
    });
    expect((await ask(server, "GET", `${PRICES}/m`)).json).toMatchObject({ nanoUsdPerMillion: { input: 1e9 } });
  });

  it("come from the file of --prices before the package's, which must be of its form", async () => {
    const file = join(folder, "prices.json");
    await writeFile(
      file,
      JSON.stringify({
        dated: "2026-11-25",
        models: { "gpt-4o": { usdPerMillionTokens: { input: "9", output: "9" } } },
      }),
    );
    const server = await start({ prices: file });
    expect((await ask(server, "GET", `${PRICES}/gpt-4o`)).json).toMatchObject({
      table: "prices.json",
      dated: "2026-11-25",
      nanoUsdPerMillion: { input: 9e9 },
    });
    expect((await ask(server, "GET", `${PRICES}/gpt-4o-mini`)).json).toMatchObject({ table: "genai-prices 0.1.8" });
    for (const [text, why] of [
      ["{", "it is not JSON"],
      ['{"dated": "today", "models": {}}', "dated"],
      [
        '{"dated": "2026-11-25", "models": {"m": {"usdPerMillionTokens": {"input": "x"}}}}',
        "models.m.usdPerMillionTokens.input: must be US dollars",
      ],
      ['{"dated": "2026-11-25", "models": {"m": {"usdPerMillionToken": {"input": "1"}}}}', "usdPerMillionTokens"],
    ]) {
      await writeFile(file, text ?? "");
      await expect(start({ prices: file })).rejects.toThrow(`cannot read the prices in ${file}: `);
      await expect(start({ prices: file })).rejects.toThrow(why);
    }
    await expect(start({ prices: join(folder, "absent.json") })).rejects.toThrow("absent.json");
    await writeFile(join(folder, "kept", "prices.json"), '{"version": 2}');
    await expect(start({ memory: false, dataDir: join(folder, "kept") })).rejects.toThrow("cannot read the prices in");
  });
});

describe("a budget of money", () => {
  it("is charged, reserved and settled by model and usage, alike over HTTP and a session", async () => {
    const server = await start();
    const client = connect(server.url, { agent: "a", reconnectJitterMs: 0 });
    const board = client.board();
    const sonnet = { model: "claude-sonnet-4-5", usage: { input: 1000, cacheRead: 10_000, output: 100 } };
    const cost = 1000 * 3000 + 10_000 * 300 + 100 * 15_000;
    await board.send({ type: "budget.open", task: "t", limitNanoUsd: 1_000_000_000 });
    const { made } = await board.send({ type: "budget.reserve", task: "t", ttlMs: 60_000, ...sonnet });
    await board.send({ type: "hold.settle", hold: made.hold ?? "", usage: sonnet.usage });
    await write(server, "POST", COMMANDS, { type: "budget.charge", task: "t", ...sonnet });
    const account = server.engine.board("default").then((one) => one?.state.budgets.get("t")?.account);
    expect(await account).toMatchObject({ nanoUsd: 2 * cost, everTokens: 22_200, unpricedTokens: 0, heldNanoUsd: 0 });
    const wrong = board.send({ type: "budget.charge", task: "t", tokens: 1, usage: { input: 2 } });
    await expect(wrong).rejects.toMatchObject({ code: "usage_mismatch", facts: { tokens: 1, sum: 2 } });
    client.close();
  });

  it("unknown model: refused where money is limited, counted as unpriced where the budget says tokensOnly, never free", async () => {
    const server = await start();
    const send = async (command: object) => (await write(server, "POST", COMMANDS, command)).json;
    await send({ type: "budget.open", task: "t", limitNanoUsd: 1000, limitTokens: 100 });
    const reserve = { type: "budget.reserve", task: "t", ttlMs: 60_000, model: "nobody/knows", tokens: 10 };
    expect(await send(reserve)).toMatchObject({ code: "unknown_model", facts: { budget: "t" } });
    await send({ type: "budget.change", task: "t", unknownModel: "tokensOnly" });
    const { made } = await send(reserve);
    await send({ type: "hold.settle", hold: made.hold, usage: { input: 7, output: 3 } });
    expect((await server.engine.board("default"))?.state.budgets.get("t")).toMatchObject({
      usedTokens: 10,
      account: { nanoUsd: 0, unpricedTokens: 10 },
    });
    // Stating its price is the way out.
    await write(server, "PUT", `${PRICES}/nobody/knows`, { usdPerMillionTokens: { input: "0.01", output: "0.01" } });
    await send({ type: "budget.change", task: "t", unknownModel: null });
    expect(await send({ ...reserve, tokens: 5 })).toMatchObject({ ok: true });
    expect(await send({ ...reserve, tokens: 200 })).toMatchObject({ code: "over_budget" });
  });

  it("L9: a retry after the price has changed is refused, and nothing is spent twice", async () => {
    const server = await start();
    await write(server, "POST", COMMANDS, { type: "budget.open", task: "t" });
    const id = { "idempotency-key": "charge-1" };
    const put = (input: string) => write(server, "PUT", `${PRICES}/m`, { usdPerMillionTokens: { input } });
    const charge = () =>
      write(
        server,
        "POST",
        COMMANDS,
        { type: "budget.charge", task: "t", model: "m", usage: { input: 1_000_000 } },
        id,
      );
    await put("1");
    expect((await charge()).status).toBe(200);
    expect(await charge()).toMatchObject({ status: 200, json: { duplicate: true } });
    await put("2");
    expect((await charge()).json).toMatchObject({ code: "id_conflict" });
    expect((await server.engine.board("default"))?.state.budgets.get("t")?.account?.nanoUsd).toBe(1_000_000_000);
  });

  it("keeps the price in the record, and refuses usage that does not add up", async () => {
    const server = await start({ memory: false, dataDir: join(folder, "records") });
    await write(server, "POST", COMMANDS, { type: "budget.open", task: "t" });
    await write(server, "POST", COMMANDS, { type: "budget.charge", task: "t", model: SONNET, usage: { input: 1 } });
    const wrong = await write(server, "POST", COMMANDS, {
      type: "budget.charge",
      task: "t",
      tokens: 2,
      usage: { input: 1 },
    });
    expect(wrong.json).toMatchObject({ code: "usage_mismatch", status: 422, facts: { tokens: 2, sum: 1 } });
    await server.close();
    const segments = join(folder, "records/boards/default/segments");
    const text = (
      await Promise.all((await readdir(segments)).map((name) => readFile(join(segments, name), "utf8")))
    ).join("");
    expect(text).toContain('\\"dated\\":\\"2026-09-23\\"');
    expect(text).toContain('"nanoUsd":3000');
  });
});
