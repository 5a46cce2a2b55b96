// Owns the benchmark of the audit: the first page of every kind of filter over HTTP, from a board of a million records, and its index.
// Each page is asked for several times in a row, as a person does who looks twice. The target is on p99.

import { mkdtemp, rm, stat } from "node:fs/promises";
import http from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer } from "../dist/server/index.js";
import { fillAuditLog, RARE_TRACE, STARTED_AT, STEP_MS } from "./audit-log.mjs";
import { percentile } from "./figures.mjs";

const TARGET_MS = 50;

/** What is asked, by what it shows. `mallory`, `VAULT`, `root_login` and `zanzibar` are only at the old end. */
const filtersOf = (records) => {
  const at = (n) => new Date(STARTED_AT + n * STEP_MS).toISOString();
  return {
    "no filter": {},
    "actor: frequent": { actor: "worker-1" },
    "actor: only at the old end": { actor: "mallory" },
    "actor: none": { actor: "nobody" },
    "action: frequent type": { action: "entry.put" },
    "action: frequent event": { action: "handoff" },
    "action: only at the old end": { action: "root_login" },
    "outcome: ok": { outcome: "ok" },
    "outcome: refused": { outcome: "refused" },
    "outcome: a code": { outcome: "rev_mismatch" },
    "outcome: none": { outcome: "claim_held" },
    "key prefix: most records": { prefix: "task:" },
    "key prefix: a few": { prefix: "task:12345:" },
    "key prefix: only at the old end": { prefix: "VAU" },
    "key prefix: none": { prefix: "zzz" },
    "task: a few": { task: "job-17" },
    trace: { trace: RARE_TRACE },
    "time: 10 s at the old end": { from: at(5000), to: at(5100) },
    "time: the newest hour": { from: at(records - 36_000) },
    "time: none": { from: at(records * 2) },
    "text: frequent word": { q: "figures" },
    "text: only at the old end": { q: "zanzibar" },
    "text: none": { q: "qqqqq" },
    "text: one letter": { q: "w" },
    "text: a beginning of every record": { q: "worke" },
    "text: two words": { q: "nightly figures" },
    "actor and action": { actor: "worker-1", action: "budget.charge" },
    "actor and action that never meet": { actor: "worker-1", action: "root_login" },
    "prefix and outcome": { prefix: "task:", outcome: "refused" },
    "prefix and actor that never meet": { prefix: "task:", actor: "mallory" },
    "text and actor that never meet": { q: "worker", actor: "mallory" },
    "text and a time at the old end": { q: "access", from: at(1000), to: at(2000) },
  };
};

function get(agent, port, query) {
  const path = `/api/v1/boards/default/audit/records?${new URLSearchParams(query)}`;
  return new Promise((done, failed) => {
    const request = http.get({ host: "127.0.0.1", port, path, agent }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part) => (text += part));
      response.on("end", () => done({ status: response.statusCode, page: JSON.parse(text) }));
    });
    request.on("error", failed);
  });
}

export async function run({ figures, quick }) {
  const records = quick ? 100_000 : 1_000_000;
  const times = quick ? 20 : 100;
  const dir = await mkdtemp(join(process.env["SWARMBOARD_BENCH_DIR"] ?? tmpdir(), "swarmboard-audit-"));
  await fillAuditLog(dir, records);
  const server = await createServer({ dataDir: dir, port: 0, logger: false });
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  try {
    const startedAt = performance.now();
    for (;;) {
      const { status } = await get(agent, server.port, {});
      if (status === 200) break;
    }
    figures.note(`${records} records`);
    figures.add({ name: "index: built from nothing", value: (performance.now() - startedAt) / 1000, unit: "s" });
    const { size } = await stat(join(dir, "boards/default/index.db"));
    figures.add({ name: "index: bytes per record", value: size / records, unit: "B" });
    for (const order of ["newest", "oldest"]) {
      for (const [name, filter] of Object.entries(filtersOf(records))) {
        const took = [];
        let hits = 0;
        let isMore = false;
        for (let i = 0; i < times; i++) {
          const from = performance.now();
          const { page } = await get(agent, server.port, { ...filter, order, limit: "100" });
          took.push(performance.now() - from);
          hits = page.records.length;
          isMore = page.next !== null;
        }
        const p99 = percentile(took, 0.99);
        const shown = `${hits} records${isMore ? ", more follow" : ""}`;
        figures.add({ name: `${order} · ${name} (${shown}): p50`, value: percentile(took, 0.5), unit: "ms" });
        figures.add({
          name: `${order} · ${name}: p99`,
          value: p99,
          unit: "ms",
          peer: `${TARGET_MS} ms`,
          ratio: p99 / TARGET_MS,
          target: 1,
        });
      }
    }
  } finally {
    agent.destroy();
    await server.close();
    await rm(dir, { recursive: true, force: true });
  }
}
