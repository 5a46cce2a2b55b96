// Guards the budget commands as people and scripts use them: the program as a process, against a real server.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run as runProgram, serve, type Server, stopAll } from "./program.ts";

let server: Server;
beforeAll(async () => {
  server = await serve();
});
afterAll(stopAll);

const run = (line: string) =>
  runProgram(["budget", ...line.split(" ")], { env: { SWARMBOARD_URL: server.url, SWARMBOARD_AGENT: "ann" } });
async function ok(line: string): Promise<string> {
  const { code, stdout, stderr } = await run(line);
  expect([line, code, stderr]).toEqual([line, 0, ""]);
  return stdout.trimEnd();
}
// oxlint-disable-next-line typescript/no-explicit-any
const json = async (line: string): Promise<any> => JSON.parse(await ok(`${line} --json`));

describe("swarmboard budget", () => {
  it("opens a tree, reserves, settles, extends, releases and charges, and says what became of it", async () => {
    expect(await ok("open team 1k 1.50usd --thresholds 50,100 --window day --time-zone Europe/Berlin")).toBe(
      "team: 0 of 1000 tokens used, 0 of 1.5 USD (0.0 %, active)",
    );
    await ok("open plan 600 --parent team --max-holds 2");
    await ok("open build --parent team");
    const reserved = await ok("reserve plan 400 0.25usd --ttl 5m --operation review");
    const [hold = ""] = reserved.split(" ");
    expect(reserved).toMatch(/^h\d+ {2}400 tokens and 0\.25 USD held until \S+Z; 200 tokens and 1\.25 USD left$/);
    expect(await ok("holds --of ann")).toMatch(
      /^HOLD.*\nh\d+ +plan +ann +400 tokens and 0\.25 USD +\d+s +open, 5m left +review$/,
    );
    expect(await ok(`extend ${hold} 50 0usd --ttl 30s`)).toContain("450 tokens and 0.25 USD held until");
    expect(await ok(`settle ${hold} 120 0.1usd`)).toBe(`${hold}  120 tokens and 0.1 USD spent`);
    const other = (await json("reserve plan 100 0usd --id once")).hold;
    expect((await json("reserve plan 100 0usd --id once")).hold).toBe(other);
    expect(await ok(`release ${other}`)).toBe(`${other}  released`);
    expect(await ok("charge build 30 0.000000001usd --reason late")).toContain("30 tokens used, 0.000000001 USD");
    expect(await json("tree team")).toMatchObject([
      {
        budget: { task: "team", usedTokens: 150, account: { nanoUsd: 100_000_001 } },
        children: [
          { budget: { task: "build" }, children: [] },
          { budget: { task: "plan", usedTokens: 120 }, children: [] },
        ],
      },
    ]);
  });

  it("refuses with exit code 1 and the budget's name, and tells before how much would go through", async () => {
    expect(await ok("cap plan")).toBe(
      "480 tokens and 1.399999999 USD\ntokens: what is left of plan\ndollars: what is left of team",
    );
    expect(await ok("reserve plan 480 0usd --dry-run")).toBe(
      "480 tokens and 0 USD could be reserved; 480 tokens and 1.399999999 USD left",
    );
    const refused = await run("reserve plan 481 0usd");
    expect([refused.code, refused.stdout]).toEqual([1, ""]);
    expect(refused.stderr).toContain("(over_budget)");
    expect(refused.stderr).toContain('The budget "plan" has 480 tokens left of 600 tokens');
    const told = JSON.parse((await run("reserve plan 481 0usd --json")).stderr);
    expect(told.problem.facts).toMatchObject({ budget: "plan", available: 480 });
    expect(await json("holds")).toMatchObject({ holds: [] });
  });

  it("draws the tree with what is spent, held and left", async () => {
    await ok("reserve plan 300 0usd");
    const lines = (await ok("tree")).split("\n");
    expect(lines).toHaveLength(3);
    expect(lines[0]).toMatch(
      /^team {4} {2}███▒{6}·{11} {2}150 of 1000 tokens used, 0\.100000001 of 1\.5 USD, 300 tokens held in 1 hold \(15\.0 %, active\)$/,
    );
    expect(lines[1]).toMatch(/^├─ build {2} {20} {2}30 tokens used/);
    expect(lines[2]).toMatch(/^└─ plan {3}████▒{10}·{6} {2}120 of 600/);
  });

  it("changes and moves budgets, and clears with none", async () => {
    expect(await ok("change plan 700 --policy overdraft --overdraft 50 --rate 100")).toContain("120 of 700 tokens");
    const patched = await json(
      "change plan --no-token-limit --max-holds none --max-reserve none --agent-rate none --window week --rollover",
    );
    expect(patched.limitTokens).toBeUndefined();
    expect(patched.terms).toMatchObject({
      policy: "overdraft",
      overdraftTokens: 50,
      rate: { reservesPerMinute: 100 },
      window: { every: "week", timeZone: "UTC", rollover: true },
    });
    expect(patched.terms.maxHolds).toBeUndefined();
    expect((await json("change plan --window none")).terms.window).toBeUndefined();
    expect((await json("move build plan")).terms.parent).toBe("plan");
    expect((await json("move build")).terms.parent).toBeUndefined();
    expect((await run("move team plan")).stderr).toContain("(budget_cycle)");
    expect((await run("change plan --window day --time-zone Mars/Olympus")).stderr).toContain("(unknown_time_zone)");
  });

  it("pauses and resumes, lists alerts and minds them", async () => {
    expect(await ok("pause task team --reason enough")).toBe("task team is paused");
    const stopped = await run("reserve plan 1 0usd");
    expect([stopped.code, stopped.stderr.includes("(paused)"), stopped.stderr.includes('"enough"')]).toEqual([
      1,
      true,
      true,
    ]);
    expect(await ok("cap plan")).toContain("nothing (paused)");
    expect(await ok("pauses")).toMatch(/task:team +ann +\d+s +enough$/);
    expect(await ok("resume task team")).toBe("task team goes on");
    await ok("charge team 400");
    const alerts = (await json("alerts --open")).alerts as { alert: string; threshold: number }[];
    expect(alerts).toMatchObject([{ task: "team", threshold: 50 }]);
    expect(await ok("alerts")).toMatch(/team +50 % reached +550 tokens and 0\.100000001 USD +\d+s +open$/);
    await ok(`acknowledge ${alerts[0]?.alert}`);
    expect((await json("alerts --open")).alerts).toEqual([]);
  });

  it("says what is wrong with a word, with exit code 2, and never rounds money", async () => {
    for (const line of [
      "reserve plan 0.0000000001usd",
      "reserve plan 1.5k",
      "reserve plan 1 2",
      "reserve plan 1 --ttl 5",
      "open x --policy lax",
      "open x --thresholds 0",
      "open x --time-zone UTC",
      "pause everything",
      "pause task",
      "change plan",
    ]) {
      expect([line, (await run(line)).code]).toEqual([line, 2]);
    }
    expect((await run("--help")).stdout).toContain("reserve");
    for (const one of ["reserve", "settle", "extend", "release", "holds", "cap", "tree", "pause", "alerts", "change"])
      expect((await run(`${one} --help`)).code).toBe(0);
  });
});
