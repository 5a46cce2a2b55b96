// Owns the benchmark of the follower: from a finished write to a followed file until the board answers with it over HTTP.

import { randomUUID } from "node:crypto";
import { appendFile, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { percentile } from "./figures.mjs";
import { startServer } from "./server-process.mjs";

/** Ask until the answer satisfies, and say how long that took since `from`, in ms. */
async function until(url, satisfies, from) {
  for (;;) {
    const answer = await fetch(url);
    if (satisfies(await answer.text())) return performance.now() - from;
    await new Promise((resolve) => setTimeout(resolve, 2));
    if (performance.now() - from > 10_000) throw new Error(`${url} never showed the change`);
  }
}

export async function run({ figures, quick }) {
  const times = quick ? 10 : 60;
  const server = await startServer("network-ai-v5");
  const base = `http://127.0.0.1:${server.port}`;
  const board = join(server.workspace, "swarm-blackboard.md");
  const audit = join(server.workspace, "data/audit_log.jsonl");
  const original = await readFile(board, "utf8");
  const writers = {
    "blackboard replaced by rename": async (mark) => {
      await writeFile(`${board}.tmp`, original.replace('"completed"', `"${mark}"`));
      await rename(`${board}.tmp`, board);
    },
    "blackboard truncated and written": (mark) => writeFile(board, original.replace('"completed"', `"${mark}"`)),
    "audit line appended": (mark) =>
      appendFile(audit, `${JSON.stringify({ timestamp: new Date().toISOString(), action: mark, details: {} })}\n`),
  };
  for (const [name, write] of Object.entries(writers)) {
    const path = name.startsWith("audit") ? "/api/swarm/audit" : "/api/swarm/blackboard/task:1:status";
    const ages = [];
    for (let n = 0; n < times; n++) {
      const mark = randomUUID();
      await write(mark);
      ages.push(await until(base + path, (text) => text.includes(mark), performance.now()));
      await new Promise((resolve) => setTimeout(resolve, 50 + Math.random() * 100));
    }
    for (const [what, p] of Object.entries({ p50: 0.5, p99: 0.99 })) {
      const value = percentile(ages, p);
      figures.add({
        name: `${name}: readable by HTTP, ${what}`,
        value,
        unit: "ms",
        peer: "target 250",
        ratio: value / 250,
      });
    }
  }
  await server.stop();
}
