// Guards the spending of a budget over time as callers read it: in memory and from a disk, as JSON and CSV.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { serve, stopAll } from "../cli/program.ts";
import { ask, endAfterEach, start } from "./harness.ts";

endAfterEach();
afterEach(stopAll);

const API = "/api/v1/boards/default";

const portOf = async (server: Promise<{ readonly url: string }>): Promise<{ readonly port: number }> => ({
  port: Number(new URL((await server).url).port),
});

describe.each(["memory", "disk"])("the history of a budget, kept in %s", (kept) => {
  it("tells what was spent below it by bucket, agent, model and operation, and nothing that was only held", async () => {
    const dir = await mkdtemp(join(tmpdir(), "swarmboard-budget-history-"));
    // Threads run what was built, so the server on a disk is the built program.
    const server = kept === "memory" ? await start() : await portOf(serve(["--port", "0", "--data", dir]));
    const send = async (command: object) => {
      const body = JSON.stringify(command);
      const headers = { "Content-Type": "application/json" };
      const answer = await ask(server, "POST", `${API}/commands`, { headers, body });
      expect(answer.json).toMatchObject({ ok: true });
      return answer.json.made;
    };
    await send({ type: "budget.open", task: "=team", limitTokens: 1000, limitNanoUsd: 9000 });
    await send({ type: "budget.open", task: "t", parent: "=team" });
    const spend = { task: "t", agent: "ann", model: "m", operation: "plan" };
    await send({ type: "budget.charge", ...spend, tokens: 5, nanoUsd: 50 });
    const { hold } = await send({
      type: "budget.reserve",
      ...spend,
      agent: "bob",
      tokens: 100,
      nanoUsd: 1000,
      ttlMs: 60_000,
    });
    await send({ type: "budget.reserve", ...spend, tokens: 1, nanoUsd: 1, ttlMs: 60_000 });
    await send({ type: "hold.settle", hold, tokens: 20, nanoUsd: 200 });
    await send({ type: "budget.charge", task: "t", agent: "ann", tokens: 3, model: "new" });

    const path = `${API}/budgets/${encodeURIComponent("=team")}/history`;
    const { json } = await ask(server, "GET", `${path}?bucket=minute`);
    expect(json).toMatchObject({ task: "=team", bucket: "minute", limitTokens: 1000, limitNanoUsd: 9000, resets: [] });
    expect(json.points).toHaveLength(120);
    const sum = (member: string): number =>
      json.points.reduce((all: number, point: Record<string, number>) => all + point[member]!, 0);
    expect([sum("tokens"), sum("nanoUsd"), sum("unpricedTokens")]).toEqual([28, 250, 3]);
    expect(json.points.at(-1)).toMatchObject({ cumTokens: 28, cumNanoUsd: 250 });
    expect(json.byAgent).toEqual([
      { name: "bob", tokens: 20, nanoUsd: 200, unpricedTokens: 0 },
      { name: "ann", tokens: 8, nanoUsd: 50, unpricedTokens: 3 },
    ]);
    expect(json.byModel.map(({ name }: { name: string }) => name)).toEqual(["m", "new"]);
    expect(json.byOperation.map(({ name }: { name: string }) => name)).toEqual(["plan", ""]);

    const csv = await ask(
      server,
      "GET",
      `${path}?bucket=day&format=csv&from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z`,
    );
    expect(csv.headers["content-type"]).toContain("text/csv");
    expect(csv.text).toBe(
      "at,tokens,nanoUsd,unpricedTokens,cumTokens,cumNanoUsd\r\n" +
        "2026-01-01T00:00:00.000Z,0,0,0,0,0\r\n2026-01-02T00:00:00.000Z,0,0,0,0,0\r\n",
    );
    await stopAll();
    await rm(dir, { recursive: true, force: true });
  });

  it("refuses a budget that is not there, and more buckets than it gives", async () => {
    const server = await start();
    expect((await ask(server, "GET", `${API}/budgets/none/history`)).json).toMatchObject({ code: "no_such_budget" });
    const body = JSON.stringify({ limitTokens: 5 });
    await ask(server, "POST", `${API}/budgets/t`, { headers: { "Content-Type": "application/json" }, body });
    const many = await ask(server, "GET", `${API}/budgets/t/history?bucket=minute&from=2020-01-01T00:00:00Z`);
    expect(many.json).toMatchObject({ code: "bad_request", errors: [{ at: "from" }] });
  });
});
