// Owns the making of test/fixtures/data-dirs/<version>: a small data directory that every later version must open and
// replay to the same digest. Run once per release, from a built tree: node scripts/data-dir-fixture.mjs

import { existsSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { digestOf } from "../dist/board/index.js";
import { createEngine } from "../dist/engine/index.js";
import { createFileStore } from "../dist/log/index.js";
import { PRODUCT_VERSION } from "../dist/protocol/index.js";

const dir = new URL(`../test/fixtures/data-dirs/${PRODUCT_VERSION}/`, import.meta.url);
if (existsSync(dir)) {
  console.error(`${dir.pathname} is there already: what a released version wrote is never written again.`);
  process.exit(2);
}
const data = new URL("data", dir).pathname;
const engine = await createEngine({
  store: await createFileStore({ dir: data, segmentBytes: 4096 }),
  snapshotPolicy: { minRecords: 40, minRecordsOnClose: Number.POSITIVE_INFINITY },
});
const board = await engine.create("default");
const send = (command, more = {}) => board.submit({ actor: "planner", source: "http", command, ...more });

for (let n = 0; n < 30; n++)
  await send(
    { type: "entry.put", key: `task:${n % 12}:status`, value: `{"n":${n},"big":1234567890123456789.10}` },
    { id: `put-${n}` },
  );
await send({ type: "entry.put", key: "__proto__", value: '"ümläut \u2028 😀"', ttlMs: 3_000_000_000_000 });
await send({ type: "entry.merge", key: "task:1:status", patch: '{"big":null,"note":"merged"}' });
await send({ type: "entry.delete", key: "task:2:status" });
await send({ type: "entry.delete", key: "task:2:status" });
await send({ type: "entry.put", key: "task:3:status", value: "1", if: { rev: 1 } });
await send({ type: "entry.put", key: "put-again", value: "1" }, { id: "put-1" });
await send({ type: "entry.put", key: "gone", value: "1", ttlMs: 1 });
await new Promise((resolve) => setTimeout(resolve, 100));
for (let n = 0; n < 12; n++)
  await send({
    type: "audit.note",
    event: "step",
    agent: `agent-${n % 3}`,
    granted: n % 2 === 0,
    reason: "because",
    details: `{"n":${n}}`,
  });
await send({ type: "budget.open", task: "t-1", limitTokens: 1000, description: "first" });
await send({ type: "budget.charge", task: "t-1", tokens: 1500, agent: "planner", reason: "draft" });
await send({ type: "budget.open", task: "t-2", limitTokens: 10 });
await send({ type: "budget.close", task: "t-2" });
await send({ type: "budget.charge", task: "t-2", tokens: 1 });
await send(
  { type: "budget.mirror", task: "t-3", limitTokens: 5, usedTokens: 1, exhausted: true },
  { source: "follow:w" },
);
await send({ type: "claim.acquire", claim: "t-1", ttlMs: 3_000_000_000_000 });
await send({ type: "claim.acquire", claim: "t-1", ttlMs: 5 }, { actor: "rival" });
await send({
  type: "request.open",
  request: "r-1",
  kind: "permission",
  subject: "DATABASE",
  reason: "to read",
  details: '{"scope":"read"}',
});
await send(
  { type: "request.decide", request: "r-1", decision: "granted", grantedUntil: 1_900_000_000_000 },
  { actor: "person" },
);
await send({ type: "request.open", request: "r-2", kind: "change", subject: "task:1:status", ttlMs: 1 });
await new Promise((resolve) => setTimeout(resolve, 100));
await send({
  type: "agent.report",
  agent: "planner",
  seenAt: 1_795_000_000_000,
  state: "busy",
  task: "t-1",
  trust: 0.9,
  namespaces: ["task:"],
  resources: ["*"],
});
await send({ type: "task.report", task: "t-1", status: "active", details: '{"handoffs":[]}' });
await send(
  {
    type: "batch",
    commands: [
      { type: "source.report", source: "follow:w", state: "ok", paused: true },
      {
        type: "source.mark",
        source: "follow:w",
        marks: [
          ["k:a", "1"],
          ["k:b", null],
        ],
      },
      { type: "entry.put", key: "imported", value: "[]", by: "writer", at: 1_795_000_000_000 },
    ],
  },
  { actor: "follow:w", source: "follow:w" },
);
await send({
  type: "batch",
  commands: [
    { type: "entry.put", key: "never", value: "1" },
    { type: "entry.delete", key: "missing" },
  ],
});

const expected = {
  version: PRODUCT_VERSION,
  seq: board.state.seq,
  epoch: board.position.epoch,
  entries: board.state.entries.size,
  digest: digestOf(board.state),
};
await engine.close();
await rm(`${data}/lock`, { force: true });
await writeFile(new URL("expected.json", dir), `${JSON.stringify(expected, undefined, 2)}\n`);
console.log(expected);
