// Owns the benchmark of the restart (from a snapshot, from the log alone) and of memory per entry.
// Each restart is measured in a process of its own, as a user meets it.

import { spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createEngine } from "../dist/engine/index.js";
import { createFileStore } from "../dist/log/index.js";

// An entry of 300 B, as README means it.
const VALUE = JSON.stringify({ status: "in_progress", note: "x".repeat(264) });

async function fill({ dir, keys, records, snapshotAt }) {
  const snapshotPolicy = { minRecords: snapshotAt, minRecordsOnClose: Number.POSITIVE_INFINITY };
  const engine = await createEngine({ store: await createFileStore({ dir }), snapshotPolicy });
  const board = await engine.create("bench");
  const group = 512;
  const put = (n) =>
    board.submit({
      actor: "writer",
      source: "bench",
      command: { type: "entry.put", key: `task:${n}:status`, value: VALUE },
    });
  for (let n = 0; n < records; n += group) {
    await Promise.all(Array.from({ length: Math.min(group, records - n) }, (_, i) => put((n + i) % keys)));
  }
  await engine.close();
}

const CHILD = `
const { createEngine } = await import(process.argv[1] + "/engine/index.js");
const { createFileStore } = await import(process.argv[1] + "/log/index.js");
globalThis.gc?.();
const before = process.memoryUsage().rss;
const startedAt = performance.now();
const engine = await createEngine({ store: await createFileStore({ dir: process.argv[2] }) });
const board = await engine.board("bench");
const seconds = (performance.now() - startedAt) / 1000;
globalThis.gc?.();
console.log(JSON.stringify({ seconds, rss: process.memoryUsage().rss - before, entries: board.state.entries.size, seq: board.state.seq }));
process.exit(0);
`;

function restart(dir) {
  const dist = new URL("../dist", import.meta.url).pathname;
  const child = spawnSync(process.execPath, ["--expose-gc", "--input-type=module", "-e", CHILD, dist, dir], {
    encoding: "utf8",
  });
  if (child.status !== 0) throw new Error(child.stderr);
  return JSON.parse(child.stdout);
}

export async function run({ figures, quick }) {
  const scale = quick ? 0.1 : 1;
  const cases = [
    {
      name: "100 000 keys: snapshot and a tail of 10 000",
      keys: 100_000 * scale,
      records: 110_000 * scale,
      snapshotAt: 100_000 * scale,
      target: 0.3,
    },
    {
      name: "1 000 000 keys: snapshot",
      keys: 1_000_000 * scale,
      records: 1_000_000 * scale,
      snapshotAt: 1_000_000 * scale,
      target: 2,
    },
    {
      name: "1 000 000 records, 100 000 keys: no snapshot",
      keys: 100_000 * scale,
      records: 1_000_000 * scale,
      snapshotAt: Number.POSITIVE_INFINITY,
      target: 6,
    },
  ];
  for (const each of cases) {
    const dir = await mkdtemp(join(process.env["SWARMBOARD_BENCH_DIR"] ?? tmpdir(), "swarmboard-start-"));
    await fill({ dir, ...each });
    const results = [restart(dir), restart(dir), restart(dir)].sort((a, b) => a.seconds - b.seconds);
    const middle = results[1];
    figures.add({
      name: `${each.name}: start`,
      value: middle.seconds,
      unit: "s",
      peer: "target",
      ratio: middle.seconds / (each.target * scale),
    });
    // On a smaller board the process itself and garbage of the replay outweigh the entries.
    if (each.keys === 1_000_000 * scale) {
      figures.add({
        name: `${each.name}: RSS per entry`,
        value: middle.rss / middle.entries,
        unit: "B",
        peer: "target 700",
        ratio: middle.rss / middle.entries / 700,
      });
    }
    await rm(dir, { recursive: true, force: true });
  }
}
