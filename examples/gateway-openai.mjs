// One call in the style of OpenAI's chat completions, under a budget of money: refused before it is made if it could cost too much,
// and recorded as what it did cost.
//
//   MODEL_API_KEY=… node examples/gateway-openai.mjs --task demo --prompt "say hello" --usd 0.01

import { parseArgs } from "node:util";
import { connect, SwarmboardError } from "swarmboard/client";
import { BudgetRefused, PausedError, withBudget } from "swarmboard/gateway";
import { callModel } from "./model-api.mjs";

const { values: flags } = parseArgs({
  options: {
    url: { type: "string", default: "http://127.0.0.1:8000" },
    "model-url": { type: "string", default: "https://api.openai.com" },
    model: { type: "string", default: "gpt-4o-mini" },
    task: { type: "string", default: "demo" },
    prompt: { type: "string", default: "say hello" },
    /** The limit of the budget, where it is opened here. */
    usd: { type: "string", default: "0.01" },
  },
});

const client = connect(flags.url, { agent: "example", client: "gateway-openai" });
const board = client.board();
const limitNanoUsd = Math.round(Number(flags.usd) * 1e9);
await board.send({ type: "budget.open", task: flags.task, limitNanoUsd }).catch((error) => {
  if (!(error instanceof SwarmboardError) || error.code !== "budget_exists") throw error;
});

try {
  const answer = await withBudget(
    board,
    {
      task: flags.task,
      model: `openai/${flags.model}`,
      // About four characters a token; too much does no harm, as the rest is freed.
      estimate: { input: Math.ceil(flags.prompt.length / 3) + 50, output: 1000 },
      // A short answer is better than none.
      minTokens: 100,
    },
    ({ maxTokens, signal }) => {
      console.error(`at most ${maxTokens} tokens of output`);
      const messages = [{ role: "user", content: flags.prompt }];
      const body = { model: flags.model, messages, max_tokens: maxTokens };
      return callModel(`${flags["model-url"]}/v1/chat/completions`, body, signal);
    },
  );
  console.log(answer.choices[0].message.content.trim());
} catch (error) {
  if (error instanceof BudgetRefused) {
    const { budget, dimension, available } = error;
    console.log(`refused: ${error.code}, budget ${budget} has ${available} ${dimension} left`);
    process.exitCode = 2;
  } else if (error instanceof PausedError) {
    console.log(`paused by ${error.by}: ${error.reason}`);
    process.exitCode = 2;
  } else throw error;
} finally {
  client.close();
}
