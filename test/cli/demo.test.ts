import { setTimeout as pause } from "node:timers/promises";
import { afterAll, describe, expect, it } from "vitest";
import type { AgentView, RequestView } from "../../src/protocol/index.ts";
import { run, serve, start, stopAll } from "./program.ts";

afterAll(stopAll);

interface View {
  readonly seq: number;
  readonly agents: readonly AgentView[];
  readonly requests: readonly RequestView[];
  readonly entries: readonly { readonly key: string; readonly value: unknown; readonly ttlLeftMs?: number }[];
  readonly budgets: readonly { readonly usedTokens: number; readonly status: string }[];
  readonly total: number;
}

/** What the API lists, together; of the audit log the total. Each answer may be of another moment. */
async function view(url: string): Promise<View> {
  const lists = ["audit", "entries?limit=1000", "budgets", "agents", "requests"].map(async (path) => {
    const response = await fetch(`${url}/api/v1/boards/default/${path}`);
    return (await response.json()) as Partial<View>;
  });
  return Object.assign({}, ...(await Promise.all(lists))) as View;
}

/** Ask again until it holds; the test's own timeout is the bound. */
async function until(url: string, holds: (now: View) => boolean): Promise<View> {
  for (;;) {
    const now = await view(url);
    if (holds(now)) return now;
    await pause(200);
  }
}

describe("demo", () => {
  it("shows a living board: agents, tasks, budgets in every state, requests and an audit log", async () => {
    const demo = await serve(["demo", "--port", "0"]);
    await demo.until("12 agents is at work");
    const first = await view(demo.url);
    expect(first.agents.length).toBeGreaterThanOrEqual(12);
    expect(first.entries.find(({ key }) => key === "project:goal")?.value).toMatchObject({ due: "Friday 17:00" });
    expect(new Set(first.budgets.map(({ status }) => status))).toEqual(
      new Set(["active", "warning", "critical", "exhausted"]),
    );
    expect(first.total).toBeGreaterThan(0);
    const later = await until(
      demo.url,
      (now) =>
        now.seq > first.seq + 50 &&
        now.requests.some(({ state }) => state === "granted" || state === "denied") &&
        now.entries.some(({ ttlLeftMs }) => ttlLeftMs !== undefined) &&
        now.agents.some(({ claims }) => claims.length > 0),
    );
    const used = ({ budgets }: View) => budgets.reduce((sum, { usedTokens }) => sum + usedTokens, 0);
    expect(used(later)).not.toBe(used(first));
    expect((await demo.stop("SIGINT")).code).toBe(0);
  });

  it("works on a running server, and on a board that it has used before", async () => {
    const server = await serve();
    for (const seed of ["1", "2"]) {
      const before = (await view(server.url)).seq;
      const demo = start(["demo", "--url", server.url, "--seed", seed, "--json"]);
      await demo.until('"event":"demo"');
      await until(server.url, ({ seq }) => seq > before + 60);
      expect((await demo.stop()).code).toBe(0);
    }
    expect((await run(["get", "metrics:swarm", "--url", server.url])).stdout).toContain('"beats"');
    await server.stop();
  });
});
