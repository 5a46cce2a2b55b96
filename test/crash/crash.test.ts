// Owns the proof of law L1 by force: a real engine is killed with SIGKILL under load, again and again.
// `npm run crash` makes 200 kills; the suite makes fewer. The seed is in the title and in every failure.

import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { apply, createBoardState, digestOf } from "../../src/board/index.ts";
import { openBoard } from "../../src/engine/index.ts";
import { sha256 } from "../../src/engine/recovery.ts";
import { createFileStore } from "../../src/log/index.ts";
import { seq } from "../../src/protocol/index.ts";

const KILLS = Number(process.env["SWARMBOARD_KILLS"] ?? 8);
const SEED = Number(process.env["SWARMBOARD_SEED"] ?? 1);
/** A fresh directory after so many kills, or each check would replay everything there ever was. */
const KILLS_PER_DIR = 10;
const SEGMENT_BYTES = 256 * 1024;
const WRITER = fileURLToPath(new URL("writer.mjs", import.meta.url));

/** mulberry32, a small seeded generator: the same seed gives the same kills. */
function randomFrom(seed: number): () => number {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

interface Told {
  readonly sent: Set<number>;
  /** Position that each command was acknowledged at. */
  readonly acked: Map<number, number>;
}

/** Let the writer run, kill it after a while, and learn what it said until then. */
async function runAndKill(args: object, killAfterMs: number, told: Told): Promise<number> {
  const child = spawn(process.execPath, [WRITER, JSON.stringify(args)], { stdio: ["ignore", "pipe", "pipe"] });
  let text = "";
  let errors = "";
  let acks = 0;
  let timer: NodeJS.Timeout | undefined;
  child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
  child.stdout.on("data", (chunk: Buffer) => {
    text += chunk.toString();
    if (timer === undefined && text.includes("ready")) timer = setTimeout(() => child.kill("SIGKILL"), killAfterMs);
    const lines = text.split("\n");
    text = lines.pop() ?? "";
    for (const line of lines) {
      const [word, n, at, , duplicate] = line.split(" ");
      if (word === "sent") told.sent.add(Number(n));
      if (word !== "ack") continue;
      acks++;
      const earlier = told.acked.get(Number(n));
      // Law L9: whoever asks again gets the first outcome.
      if (earlier !== undefined) expect([Number(at), duplicate]).toEqual([earlier, "true"]);
      told.acked.set(Number(n), Number(at));
    }
  });
  await new Promise((resolve) => child.once("close", resolve));
  expect(errors).toBe("");
  return acks;
}

/** Open what the dead process left, and hold it against what it had promised. */
async function check(dir: string, told: Told): Promise<void> {
  const store = await createFileStore({ dir, segmentBytes: SEGMENT_BYTES });
  try {
    const board = await openBoard({ name: "default", memory: await store.open("default") });
    const replayed = createBoardState(sha256);
    const first = new Map<string, number>();
    const charged = new Map<string, number>();
    let expected = 1;
    for await (const records of board.read(seq(1))) {
      for (const record of records) {
        expect(record.seq).toBe(expected++);
        const { outcome } = apply(replayed, record);
        if (!first.has(record.id)) first.set(record.id, record.seq);
        else if (record.id !== "") expect(outcome).toMatchObject({ duplicate: true, seq: first.get(record.id) });
        if (outcome.ok && outcome.duplicate !== true && record.command.type === "budget.charge") {
          charged.set(record.command.task, (charged.get(record.command.task) ?? 0) + record.command.tokens);
        }
      }
    }
    for (const [n, at] of told.acked) expect([n, first.get(`c-${n}`)]).toEqual([n, at]);
    for (const [task, tokens] of charged) expect(board.state.budgets.get(task)?.usedTokens).toBe(tokens);
    expect(board.state.seq).toBe(replayed.seq);
    expect(digestOf(board.state)).toBe(digestOf(replayed));
    await board.close();
  } finally {
    await store.close();
  }
}

it(
  `L1, L9: every acknowledged command survives kill -9, once, and the digest equals a replay (${KILLS} kills, seed ${SEED})`,
  // A law that holds only at the second try does not hold.
  { timeout: KILLS * 10_000, retry: 0 },
  async () => {
    const random = randomFrom(SEED);
    let total = 0;
    for (let done = 0; done < KILLS;) {
      const dir = await mkdtemp(join(tmpdir(), "swarmboard-crash-"));
      const told: Told = { sent: new Set(), acked: new Map() };
      for (let kill = 0; kill < KILLS_PER_DIR && done < KILLS; kill++, done++) {
        const unknown = [...told.sent].filter((n) => !told.acked.has(n));
        const known = [...told.acked.keys()].filter(() => random() < 0.01).slice(0, 50);
        const args = { dir, from: told.sent.size, retry: [...unknown, ...known], segmentBytes: SEGMENT_BYTES };
        total += await runAndKill(args, random() * 150, told);
        await check(dir, told);
      }
      await rm(dir, { recursive: true });
    }
    expect(total).toBeGreaterThan(KILLS);
    if (process.env["SWARMBOARD_KILLS"] !== undefined)
      console.log(`${KILLS} kills, ${total} acknowledged commands, seed ${SEED}`);
  },
);
