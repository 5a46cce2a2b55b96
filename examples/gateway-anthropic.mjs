// Calls in the style of Anthropic's messages by several agents at once, each with a budget of its own below that of the team:
// together they never spend more than the team has. What was read from a cache costs what cached input costs.
//
//   MODEL_API_KEY=… node examples/gateway-anthropic.mjs --team demo --agents 3 --tokens 5000

import { parseArgs } from "node:util";
import { connect, SwarmboardError } from "swarmboard/client";
import { BudgetRefused, withBudget } from "swarmboard/gateway";
import { callModel } from "./model-api.mjs";

const { values: flags } = parseArgs({
  options: {
    url: { type: "string", default: "http://127.0.0.1:8000" },
    "model-url": { type: "string", default: "https://api.anthropic.com" },
    model: { type: "string", default: "claude-sonnet-4-5" },
    team: { type: "string", default: "demo" },
    agents: { type: "string", default: "3" },
    /** What the team may use. */
    tokens: { type: "string", default: "5000" },
    prompt: { type: "string", default: "name a bird" },
  },
});

const client = connect(flags.url, { agent: "example", client: "gateway-anthropic" });
const board = client.board();
const open = (task, more) =>
  board.send({ type: "budget.open", task, ...more }).catch((error) => {
    if (!(error instanceof SwarmboardError) || error.code !== "budget_exists") throw error;
  });

async function work(agent) {
  const task = `${flags.team}/${agent}`;
  await open(task, { parent: flags.team });
  for (let calls = 0; ; calls++) {
    try {
      await withBudget(
        board,
        { task, agent, model: `anthropic/${flags.model}`, operation: "bird", estimate: { input: 200, output: 300 } },
        ({ maxTokens, signal }) => {
          const messages = [{ role: "user", content: flags.prompt }];
          const body = { model: flags.model, messages, max_tokens: maxTokens };
          return callModel(`${flags["model-url"]}/v1/messages`, body, signal);
        },
      );
    } catch (error) {
      if (!(error instanceof BudgetRefused)) throw error;
      console.log(`${agent}: ${calls} calls, then ${error.budget} had ${error.available} tokens left`);
      return;
    }
  }
}

await open(flags.team, { limitTokens: Number(flags.tokens) });
await Promise.all(Array.from({ length: Number(flags.agents) }, (_, n) => work(`agent-${n}`)));
client.close();
