// Owns the log that `npm run bench -- audit` asks questions about: many actors, kinds of records and outcomes, from a seed, with
// rare ones at its old end, where a search from the newest on comes last.

import { createEngine } from "../dist/engine/index.js";
import { createFileStore } from "../dist/log/index.js";

const HOUR_MS = 3_600_000;
export const STARTED_AT = Date.UTC(2026, 0, 1);
/** Board time between two records. */
export const STEP_MS = 100;
export const RARE_TRACE = "0af7651916cd43dd8448eb211c80319c";

/** A small generator (mulberry32): the same log for every run. */
function chanceOf(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const VALUE = JSON.stringify({ status: "in_progress", note: "x".repeat(100) });
const EVENTS = ["permission_requested", "permission_granted", "permission_denied", "tool_called", "handoff"];
const RESOURCES = ["DATABASE", "FILE_EXPORT", "PAYMENTS", "EMAIL", "SHELL"];
const WORDS = "the agent asked for access to nightly summary tables because the report needs fresh figures".split(" ");

function commandOf(n, chance) {
  const pick = (list) => list[Math.floor(chance() * list.length)];
  // A few records near the beginning hold what nothing after them does.
  if (n > 1000 && n < 1060) {
    return {
      type: "audit.note",
      event: "root_login",
      agent: "mallory",
      resource: "VAULT",
      reason: "zanzibar was opened",
    };
  }
  const kind = chance();
  if (kind < 0.55) return { type: "entry.put", key: `task:${Math.floor(chance() * 100_000)}:status`, value: VALUE };
  if (kind < 0.57)
    return { type: "entry.put", key: `task:${Math.floor(chance() * 100)}:status`, value: VALUE, if: { rev: 0 } };
  if (kind < 0.82) {
    const reason = Array.from({ length: 6 }, () => pick(WORDS)).join(" ");
    const granted = chance() < 0.8;
    return {
      type: "audit.note",
      event: pick(EVENTS),
      agent: `agent-${Math.floor(chance() * 200)}`,
      resource: pick(RESOURCES),
      granted,
      reason,
    };
  }
  const task = `job-${Math.floor(chance() * 2000)}`;
  return { type: "budget.charge", task, tokens: Math.floor(chance() * 1000), reason: "model call" };
}

/** Fill a data folder with a board `default` of so many records. */
export async function fillAuditLog(dir, records) {
  const chance = chanceOf(4);
  let wallMs = STARTED_AT;
  const timepieces = {
    wallMs: () => wallMs,
    monotonicMs: () => wallMs - STARTED_AT,
    after: (ms, run) => {
      const timer = setTimeout(() => run(), Math.min(ms, HOUR_MS)).unref();
      return () => clearTimeout(timer);
    },
  };
  const policies = { checkpointPolicy: { everyRecords: 100_000, everyMs: HOUR_MS } };
  const engine = await createEngine({ store: await createFileStore({ dir }), timepieces, ...policies });
  const board = await engine.create("default");
  for (let task = 0; task < 2000; task++) {
    void board.submit({
      actor: "boss",
      source: "bench",
      command: { type: "budget.open", task: `job-${task}`, limitTokens: 1e12 },
    });
  }
  const group = 1024;
  for (let n = 0; n < records - 2001; n += group) {
    const sent = [];
    for (let i = n; i < Math.min(records - 2001, n + group); i++) {
      wallMs += STEP_MS;
      const actor = i > 1000 && i < 1060 ? "mallory" : `worker-${Math.floor(chance() ** 2 * 50)}`;
      const trace =
        i === 1500
          ? RARE_TRACE
          : Math.floor(i / 5)
              .toString(16)
              .padStart(32, "0");
      const links = { role: "open", trace: `${trace}-00f067aa0ba902b7` };
      sent.push(board.submit({ actor, source: "bench", ...links, command: commandOf(i, chance) }));
    }
    await Promise.all(sent);
  }
  await engine.close();
}
