import { setTimeout as pause } from "node:timers/promises";
import { afterAll, describe, expect, it } from "vitest";
import { type FullFrame, fullFrameSchema } from "../../src/protocol/index.ts";
import { run, serve, start, stopAll } from "./program.ts";

afterAll(stopAll);

const view = async (url: string): Promise<FullFrame> =>
  fullFrameSchema.parse(await (await fetch(`${url}/api/v1/boards/default/view`)).json());

/** Ask again until it holds; the test's own timeout is the bound. */
async function until(url: string, holds: (frame: FullFrame) => boolean): Promise<FullFrame> {
  for (;;) {
    const frame = await view(url);
    if (holds(frame)) return frame;
    await pause(200);
  }
}

describe("demo", () => {
  it("shows a living board: agents, tasks, budgets in every state, requests and an audit log", async () => {
    const demo = await serve(["demo", "--port", "0"]);
    await demo.until("12 agents is at work");
    const { board, blackboard, budget, audit } = await view(demo.url);
    expect(board.agents.length).toBeGreaterThanOrEqual(12);
    expect(blackboard).toMatchObject({ success: true, entries: { "project:goal": { due: "Friday 17:00" } } });
    expect(budget.success && new Set(budget.tasks.map(({ status }) => status))).toEqual(
      new Set(["active", "warning", "critical", "exhausted"]),
    );
    expect(audit.success && audit.total_count).toBeGreaterThan(0);
    const later = await until(
      demo.url,
      (now) =>
        now.board.seq > board.seq + 50 &&
        now.board.requests.some(({ state }) => state === "granted" || state === "denied") &&
        Object.values(now.board.entries).some(({ ttlLeftMs }) => ttlLeftMs !== undefined) &&
        now.board.agents.some(({ claims }) => claims.length > 0),
    );
    expect(later.budget.success && later.budget.total_used).not.toBe(budget.success && budget.total_used);
    expect((await demo.stop("SIGINT")).code).toBe(0);
  });

  it("works on a running server, and on a board that it has used before", async () => {
    const server = await serve();
    for (const seed of ["1", "2"]) {
      const before = (await view(server.url)).board.seq;
      const demo = start(["demo", "--url", server.url, "--seed", seed, "--json"]);
      await demo.until('"event":"demo"');
      await until(server.url, ({ board }) => board.seq > before + 60);
      expect((await demo.stop()).code).toBe(0);
    }
    expect((await run(["get", "metrics:swarm", "--url", server.url])).stdout).toContain('"beats"');
    await server.stop();
  });
});
