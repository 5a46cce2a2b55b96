// The gateway's examples, as processes against a real board and a model server.

import { fileURLToPath } from "node:url";
import { afterEach, expect, it } from "vitest";
import { startProgram, stopAll } from "../cli/program.ts";
import { endAfterEach } from "../server/harness.ts";
import { ANSWER, CACHED } from "./model-server.ts";
import { leave, setStage } from "./stage.ts";

afterEach(leave);
afterEach(stopAll);
endAfterEach();

const EXAMPLES = fileURLToPath(new URL("../../examples/", import.meta.url));
const stageFor = async () => {
  const stage = await setStage();
  const at = ["--url", stage.server.url, "--model-url", stage.model.url];
  const run = (name: string, ...args: string[]) =>
    startProgram(process.execPath, [`${EXAMPLES}${name}`, ...at, ...args]);
  const budgetOf = async (task: string) => (await stage.state()).budgets.get(task);
  return { ...stage, run, budgetOf };
};

it("gateway-openai.mjs calls within its budget, asks for less where little is left, and is told what stops it", async () => {
  const { run, budgetOf, model } = await stageFor();
  const first = await run("gateway-openai.mjs", "--task", "a", "--prompt", "one two").ended;
  expect(first).toMatchObject({ code: 0, stderr: expect.stringContaining("at most 1000 tokens") as string });
  expect(first.stdout.split(" ")).toHaveLength(ANSWER);
  expect(await budgetOf("a")).toMatchObject({
    usedTokens: 2 + CACHED + ANSWER,
    // gpt-4o-mini: 0.15, 0.075 and 0.6 dollars a million.
    account: { nanoUsd: 2 * 150 + CACHED * 75 + ANSWER * 600, holds: 0 },
  });
  const less = await run("gateway-openai.mjs", "--task", "b", "--usd", "0.0002").ended;
  expect(less.stderr).toMatch(/at most (2\d\d|3\d\d) tokens/);
  const refused = await run("gateway-openai.mjs", "--task", "c", "--usd", "0.00001").ended;
  expect(refused).toMatchObject({ code: 2, stdout: "refused: over_budget, budget c has 10000 nanoUsd left\n" });
  expect(model.requests).toBe(2);
});

it("gateway-anthropic.mjs: agents below one team never use more than the team has", async () => {
  const { run, budgetOf } = await stageFor();
  const { code, stdout, stderr } = await run(
    "gateway-anthropic.mjs",
    "--team",
    "birds",
    "--agents",
    "4",
    "--tokens",
    "2000",
  ).ended;
  expect([code, stderr]).toEqual([0, ""]);
  const calls = Array.from(stdout.matchAll(/agent-\d: (\d+) calls, then birds had \d+ tokens left/g), (match) =>
    Number(match[1]),
  );
  expect(calls).toHaveLength(4);
  const used = (3 + CACHED + ANSWER) * calls.reduce((sum, one) => sum + one, 0);
  const team = await budgetOf("birds");
  expect(team).toMatchObject({ usedTokens: used, account: { holds: 0, heldTokens: 0 } });
  expect(used).toBeLessThanOrEqual(2000);
  expect(used).toBeGreaterThan(2000 - 4 * 500);
});

it("gateway-streaming.mjs settles at the end, when it leaves the stream, and when Ctrl-C cancels it", async () => {
  const { run, budgetOf } = await stageFor();
  const whole = await run("gateway-streaming.mjs", "--task", "whole").ended;
  expect(whole).toMatchObject({ code: 0, stderr: expect.stringContaining("settled: {") as string });
  expect(await budgetOf("whole")).toMatchObject({ usedTokens: 3 + CACHED + ANSWER, account: { holds: 0 } });
  const left = await run("gateway-streaming.mjs", "--task", "left", "--words", "5").ended;
  expect(left).toMatchObject({ code: 0, stderr: 'settled: "all that was held"\n' });
  expect(left.stdout.trim().split(" ")).toHaveLength(5);
  expect(await budgetOf("left")).toMatchObject({ usedTokens: 554, account: { holds: 0 } });
  const slow = run("gateway-streaming.mjs", "--task", "slow", "--model", "gpt-4o-mini-slow");
  await slow.until("word3");
  const cancelled = await slow.stop("SIGINT");
  expect(cancelled).toMatchObject({ code: 0, stderr: 'settled: "all that was held"\n' });
  expect(await budgetOf("slow")).toMatchObject({ account: { holds: 0, heldTokens: 0 } });
});
