// Owns the benchmark of what proofs cost: the CPU of durable appends with and without checkpoints, in turns, on one machine.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createEngine } from "../dist/engine/index.js";
import { createFileStore } from "../dist/log/index.js";

const VALUE = JSON.stringify({ status: "in_progress", note: "x".repeat(170), step: 17 });
const NEVER = { everyRecords: Number.POSITIVE_INFINITY, everyMs: 2 ** 31 - 1 };

/** CPU seconds of the process for so many durable commands. With proofs, the last record is under a checkpoint, too. */
async function cpuOf(records, outstanding, checkpointPolicy) {
  const dir = await mkdtemp(join(process.env["SWARMBOARD_BENCH_DIR"] ?? tmpdir(), "swarmboard-bench-"));
  const engine = await createEngine({
    store: await createFileStore({ dir }),
    snapshotPolicy: { minRecords: Number.POSITIVE_INFINITY, minRecordsOnClose: Number.POSITIVE_INFINITY },
    ...(checkpointPolicy === undefined ? {} : { checkpointPolicy }),
  });
  const board = await engine.create("bench");
  const before = process.cpuUsage();
  let next = 0;
  const writer = async (name) => {
    while (next < records) {
      const n = next++;
      const outcome = await board.submit({
        actor: `agent-${name}`,
        source: "bench",
        id: `id-${n}`,
        command: { type: "entry.put", key: `task:${(name * 7919 + n) % 10_000}:status`, value: VALUE },
      });
      if (!outcome.ok) throw new Error(`refused: ${outcome.code}`);
    }
  };
  await Promise.all(Array.from({ length: outstanding }, (_, name) => writer(name)));
  if (checkpointPolicy === undefined) await board.signNow();
  const { user, system } = process.cpuUsage(before);
  await engine.close();
  await rm(dir, { recursive: true, force: true });
  return (user + system) / 1e6;
}

const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];

export async function run({ figures, quick }) {
  const records = quick ? 100_000 : 300_000;
  for (const outstanding of [16, 256]) {
    const without = [];
    const withProofs = [];
    // Once unmeasured, then in turns, so that what else the machine does falls on both.
    await cpuOf(records / 4, outstanding);
    for (let turn = 0; turn < 5; turn++) {
      without.push(await cpuOf(records, outstanding, NEVER));
      withProofs.push(await cpuOf(records, outstanding));
    }
    const base = median(without) / (records / 1e6);
    const value = median(withProofs) / (records / 1e6);
    figures.add({ name: `without proofs, ${outstanding}: CPU per million`, value: base, unit: "s" });
    figures.add({
      name: `with proofs, ${outstanding}: CPU per million`,
      value,
      unit: "s",
      peer: "without proofs",
      ratio: value / base,
    });
  }
}
