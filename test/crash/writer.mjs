// Owns the process that the crash test kills: a real engine on a real disk, under load until it dies.
// Commands follow from their number alone, so that the parent knows what every id stands for.
// It tells on stdout: `sent <n>` before a command goes, `ack <n> <seq> <ok> <duplicate>` once its outcome is there.

import { writeSync } from "node:fs";
import { createEngine } from "../../dist/engine/index.js";
import { createFileStore } from "../../dist/log/index.js";
import { commandOf } from "./commands.mjs";

const { dir, from, retry, segmentBytes } = JSON.parse(process.argv[2]);
const store = await createFileStore({ dir, segmentBytes });
const engine = await createEngine({ store, snapshotPolicy: { minRecords: 300, minRecordsOnClose: 1 } });
const made = (await engine.board("default")) ?? (await engine.create("default"));

const tell = (line) => writeSync(1, `${line}\n`);
const send = async (n) => {
  tell(`sent ${n}`);
  const outcome = await made.submit({ actor: `agent-${n % 7}`, source: "crash", id: `c-${n}`, command: commandOf(n) });
  if (outcome.seq !== undefined) tell(`ack ${n} ${outcome.seq} ${outcome.ok} ${outcome.duplicate === true}`);
};

tell("ready");
for (const n of retry) void send(n);
let next = from;
const writer = async () => {
  for (;;) await send(next++);
};
for (let i = 0; i < 48; i++) void writer();
