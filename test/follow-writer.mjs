// One real writer process for the follower's stress test. Usage: node follow-writer.mjs KIND FOLDER MILLISECONDS
// Each kind rewrites its file as one of the real writers does. Says `done` with what the file must have led to.

import { appendFileSync, closeSync, openSync, renameSync, statSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";

const [kind, folder, durationText] = process.argv.slice(2);
const endAt = Date.now() + Number(durationText);
const pause = (ms) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
const stamp = () => new Date().toISOString().replace("Z", "000+00:00");

/** As Python does it: the file is empty first, and then grows. */
function truncateAndWrite(path, text) {
  const file = openSync(path, "w");
  if (Math.random() < 0.3) pause(Math.random() * 4);
  for (let at = 0; at < text.length; at += 8192) {
    writeSync(file, text.slice(at, at + 8192));
    if (Math.random() < 0.05) pause(1);
  }
  closeSync(file);
}

/** As Network-AI's TypeScript does it. */
function replace(path, text) {
  writeFileSync(`${path}.tmp`, text);
  renameSync(`${path}.tmp`, path);
}

const kinds = {
  /** zejzlAI's blackboard, which has no end mark, and a budget file: truncate and write. */
  truncate() {
    const values = {};
    let budgets = {};
    for (let n = 0; Date.now() < endAt; n++) {
      for (let key = 0; key < 200; key++)
        values[`stable:${key}`] = `a "quoted" value\nof two lines ${key % 7 === 0 ? n : 0}`;
      values[`passing:${n % 20}`] = `round ${n}`;
      delete values[`passing:${(n + 10) % 20}`];
      const sections = Object.entries(values).map(
        ([key, value]) => `\n## ${key}\n- **Value:** "${value}"\n- **Timestamp:** ${stamp()}\n`,
      );
      truncateAndWrite(join(folder, "blackboard.md"), `# Swarm Blackboard\n\n${sections.join("")}`);
      budgets = {};
      for (let task = 0; task < 20; task++)
        budgets[`task_${task}`] = { max_tokens: 1000, used_tokens: (n * task) % 1200, status: "OK" };
      if (n % 3 === 0) budgets.sometimes = { max_tokens: 5, used_tokens: 5, status: "EXHAUSTED" };
      truncateAndWrite(join(folder, "budget_tracking.json"), JSON.stringify(budgets, null, 2));
      if (n % 5 === 0) pause(Math.random() * 10);
    }
    return { values, budgets };
  },
  /** Network-AI's blackboard: replaced by rename. */
  rename() {
    const entries = {};
    for (let n = 0; Date.now() < endAt; n++) {
      for (let key = 0; key < 100; key++) entries[`task:${key}:status`] = key % 10 === 0 ? { round: n } : "stable";
      entries[`signal:${n % 10}`] = n;
      delete entries[`signal:${(n + 5) % 10}`];
      const sections = Object.entries(entries).map(([key, value]) => {
        const entry = {
          key,
          value,
          source_agent: "writer",
          timestamp: new Date().toISOString(),
          ttl: null,
          version: n,
        };
        return `### ${key}\n\`\`\`json\n${JSON.stringify(entry, null, 2)}\n\`\`\`\n`;
      });
      replace(
        join(folder, "swarm-blackboard.md"),
        `# Swarm Blackboard\nLast Updated: ${new Date().toISOString()}\n\n## Active Tasks\n\n## Knowledge Cache\n${sections.join("\n")}\n## Coordination Signals\n\n## Execution History\n`,
      );
      pause(Math.random() * 6);
    }
    return { values: entries };
  },
  /** The audit log: append, and rotate now and then. */
  append() {
    const path = join(folder, "audit_log.jsonl");
    let lines = 0;
    let rotations = 0;
    while (Date.now() < endAt) {
      const some = 1 + Math.floor(Math.random() * 5);
      let text = "";
      for (let n = 0; n < some; n++)
        text += `${JSON.stringify({ timestamp: stamp(), action: `n${lines++}`, details: { agent_id: "a" } })}\n`;
      const cut = Math.floor(Math.random() * text.length);
      appendFileSync(path, text.slice(0, cut));
      if (Math.random() < 0.2) pause(2);
      appendFileSync(path, text.slice(cut));
      if (statSync(path).size > 40_000) {
        renameSync(path, `${path}.${++rotations}`);
        if (Math.random() < 0.5) pause(5);
      }
      pause(Math.random() * 4);
    }
    return { lines, rotations };
  },
};

process.stdout.write(JSON.stringify(kinds[kind]()));
