// Owns the process that dies by kill -9 at a chosen call to the disk while it erases a record or archives a segment.
// Does not own what is expected of what it leaves.

import { writeSync } from "node:fs";
import { createEngine } from "../../dist/engine/index.js";
import { nodeDisk } from "../../dist/log/disk.js";
import { createFileStore } from "../../dist/log/index.js";

const { dir, job, seq, dieAt } = JSON.parse(process.argv[2]);
let armed = false;
let calls = 0;
/** The call itself may have happened or not: before odd ones, after even ones. */
const dying =
  (call) =>
  async (...args) => {
    if (!armed || ++calls !== dieAt) return call(...args);
    if (dieAt % 2 === 0) await call(...args).catch(() => undefined);
    process.kill(process.pid, "SIGKILL");
    return new Promise(() => {});
  };
const disk = { ...nodeDisk };
for (const name of ["open", "write", "fdatasync", "truncate", "syncFolder", "rename", "unlink"]) {
  disk[name] = dying(nodeDisk[name]);
}

const store = await createFileStore({ dir, segmentBytes: 4000, disk });
const engine = await createEngine({ store, checkpointPolicy: { everyRecords: 1e9, everyMs: 1e9 } });
const board = await engine.board("default");
armed = true;
const outcome =
  job === "erase"
    ? await board.past.erase(seq, { actor: "admin", source: "test", reason: "asked for" })
    : { ok: true, archived: await board.past.retain({ retainBytes: 1 }) };
armed = false;
writeSync(1, `done ${calls} ${JSON.stringify(outcome)}\n`);
await engine.close();
