// A streamed call under a budget. The hold is extended while the stream is read, and ends with it: at its end, when you leave
// the loop, or when Ctrl-C cancels it.
//
//   MODEL_API_KEY=… node examples/gateway-streaming.mjs --task demo --prompt "count to ten" [--words 5]

import { parseArgs } from "node:util";
import { connect, SwarmboardError } from "swarmboard/client";
import { withBudget } from "swarmboard/gateway";
import { streamModel } from "./model-api.mjs";

const { values: flags } = parseArgs({
  options: {
    url: { type: "string", default: "http://127.0.0.1:8000" },
    "model-url": { type: "string", default: "https://api.openai.com" },
    model: { type: "string", default: "gpt-4o-mini" },
    task: { type: "string", default: "demo" },
    prompt: { type: "string", default: "count to ten" },
    /** Leave the stream after so many pieces of text. */
    words: { type: "string", default: "1000000" },
  },
});

const client = connect(flags.url, { agent: "example", client: "gateway-streaming" });
const board = client.board();
await board.send({ type: "budget.open", task: flags.task, limitTokens: 100_000 }).catch((error) => {
  if (!(error instanceof SwarmboardError) || error.code !== "budget_exists") throw error;
});

const cancelling = new AbortController();
process.once("SIGINT", () => cancelling.abort(new Error("cancelled")));

const stream = await withBudget(
  board,
  {
    task: flags.task,
    model: `openai/${flags.model}`,
    estimate: { input: Math.ceil(flags.prompt.length / 3) + 50, output: 500 },
    signal: cancelling.signal,
    onEnd: ({ how, usage }) => console.error(`${how}: ${JSON.stringify(usage ?? "all that was held")}`),
  },
  ({ maxTokens, signal }) => {
    const messages = [{ role: "user", content: flags.prompt }];
    // Without include_usage OpenAI tells no usage, and all that is held counts as spent.
    const body = { model: flags.model, messages, max_tokens: maxTokens, stream_options: { include_usage: true } };
    return streamModel(`${flags["model-url"]}/v1/chat/completions`, body, signal);
  },
);

let left = Number(flags.words);
try {
  for await (const { choices } of stream) {
    process.stdout.write(choices[0]?.delta.content ?? "");
    if (choices.length > 0 && --left <= 0) break;
  }
  process.stdout.write("\n");
} catch (error) {
  if (error !== cancelling.signal.reason) throw error;
  process.stdout.write("\n");
} finally {
  client.close();
}
