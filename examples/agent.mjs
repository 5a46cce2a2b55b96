// An agent: it watches for open tasks, claims one at a time, works on it, charges what that cost and writes the result.
// Start as many as you like: a claim has one holder, and it ends by itself if its holder dies.
//
//   node examples/agent.mjs --url http://127.0.0.1:8000 --agent ada [--once]
//   npx swarmboard put task:1 '{"status": "open", "text": "say hello"}'

import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { connect, SwarmboardError } from "swarmboard/client";

const { values: flags } = parseArgs({
  options: {
    url: { type: "string", default: "http://127.0.0.1:8000" },
    agent: { type: "string", default: `agent-${process.pid}` },
    /** End when no task is open any more. */
    once: { type: "boolean", default: false },
  },
});
const LEASE_MS = 30_000;
const BUDGET_TOKENS = 10_000;

const client = connect(flags.url, { agent: flags.agent, client: "example-agent" });
client.onStatus((status) => console.error(`${status.phase}${"reason" in status ? ` (${status.reason})` : ""}`));
const board = client.board();
const subscription = board.subscribe({ entries: { prefix: "task:" }, claims: true });
const { entries, claims } = subscription;

/** Codes that mean that somebody else was quicker: no reason to stop. */
const OVERTAKEN = new Set(["claim_held", "claim_lost", "rev_mismatch", "budget_exists"]);

const openTasks = () =>
  entries.items().filter(({ key, value }) => value?.status === "open" && claims.get(key)?.holder === undefined);

/** The work itself. Yours calls a model here, and knows what that cost. */
async function work({ text = "" }) {
  await pause(50);
  return { answer: text.toUpperCase(), tokens: 100 + text.length };
}

async function take(task) {
  const { made } = await board.acquire(task.key, LEASE_MS);
  const { fence } = made;
  const renewing = setInterval(() => void board.renew(task.key, fence, LEASE_MS).catch(report), LEASE_MS / 3);
  try {
    await board.reportAgent(flags.agent, { state: "working", task: task.key });
    const { answer, tokens } = await work(task.value);
    await board.openBudget(task.key, BUDGET_TOKENS, { description: "opened by an agent" }).catch(overtaken);
    // One record: the result is there, and its cost with it, or neither.
    const { seq } = await board.batch([
      {
        type: "entry.put",
        key: task.key,
        value: { ...task.value, status: "done", answer, by: flags.agent },
        if: { rev: task.rev },
      },
      { type: "budget.charge", task: task.key, tokens, reason: "worked on it" },
      { type: "audit.note", event: "task_done", resource: task.key },
    ]);
    console.log(`${task.key} done by ${flags.agent}`);
    // The answer may be quicker than the change: what is shown must not look open any more.
    while (subscription.position.seq < seq) await change();
  } finally {
    clearInterval(renewing);
    await board.release(task.key, fence).catch(overtaken);
  }
}

/** The next change of what is watched. */
function change() {
  return new Promise((resolve) => {
    const ends = [entries, claims].map((collection) => collection.onChange(() => done()));
    const done = () => {
      for (const end of ends) end();
      resolve(undefined);
    };
  });
}

function overtaken(error) {
  if (!(error instanceof SwarmboardError) || error.retry === "same") throw error;
  if (!OVERTAKEN.has(error.code)) report(error);
}
function report(error) {
  console.error(String(error));
}

await subscription.ready;
for (;;) {
  const [task] = openTasks();
  if (task !== undefined) await take(task).catch(overtaken);
  else if (flags.once && entries.items().every(({ value }) => value?.status !== "open")) break;
  // Whatever changes next may open a task, or give one back.
  else await change();
}
await board.reportAgent(flags.agent, { state: "idle", task: null });
client.close();
