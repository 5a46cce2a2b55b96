// Owns the benchmark of the log: the bare disk (the floor), our log alone, the whole path of a command, and Redis.

import { fdatasync, open, write } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { createEngine } from "../dist/engine/index.js";
import { createFileStore } from "../dist/log/index.js";
import { closedLoop, grouped } from "./closed-loop.mjs";
import { startRedis } from "./redis.mjs";

const VALUE = JSON.stringify({ status: "in_progress", note: "x".repeat(170), step: 17 });
const command = (writer, n) => ({
  type: "entry.put",
  key: `task:${(writer * 7919 + n) % 10_000}:status`,
  value: VALUE,
});

async function floor(dir) {
  const fd = await promisify(open)(join(dir, "floor"), "a");
  const body = Buffer.alloc(400, 0x61);
  const append = grouped(
    (items) =>
      new Promise((resolve, reject) => {
        write(fd, Buffer.concat(items), (failed) => {
          if (failed) reject(failed);
          else fdatasync(fd, (error) => (error ? reject(error) : resolve()));
        });
      }),
  );
  return { send: (_writer, done) => append(body, done), close: async () => {} };
}

async function logAlone(dir) {
  const store = await createFileStore({ dir: join(dir, "log") });
  const { log } = await store.open("bench");
  let n = 0;
  const append = grouped((drafts) => log.append(drafts));
  return {
    send(writer, done) {
      n++;
      append(
        {
          at: Date.now(),
          clock: n,
          actor: `agent-${writer}`,
          source: "bench",
          id: `id-${n}`,
          command: command(writer, n),
        },
        done,
      );
    },
    close: () => store.close(),
  };
}

async function wholePath(dir) {
  const engine = await createEngine({ store: await createFileStore({ dir: join(dir, "engine") }) });
  const board = await engine.create("bench");
  let n = 0;
  return {
    send(writer, done) {
      n++;
      void board
        .submit({ actor: `agent-${writer}`, source: "bench", id: `id-${n}`, command: command(writer, n) })
        .then((outcome) => {
          if (!outcome.ok) throw new Error(`refused: ${outcome.code}`);
          done();
        });
    },
    close: () => engine.close(),
  };
}

async function redis(dir) {
  const server = await startRedis(dir);
  if (server === undefined) return undefined;
  const body = "x".repeat(330);
  return { send: (_writer, done) => server.xadd(body, done), close: async () => server.close() };
}

const SUBJECTS = { floor, "log alone": logAlone, "whole path": wholePath, "redis (aof always)": redis };

export async function run({ figures, quick }) {
  const seconds = quick ? 1 : 4;
  for (const outstanding of quick ? [256] : [1, 16, 256, 2048]) {
    figures.note(`${outstanding} outstanding`);
    let base;
    for (const [name, start] of Object.entries(SUBJECTS)) {
      const dir = await mkdtemp(join(process.env["SWARMBOARD_BENCH_DIR"] ?? tmpdir(), "swarmboard-bench-"));
      const subject = await start(dir);
      if (subject === undefined) {
        figures.note(`${name}: not installed, left out`);
        continue;
      }
      const result = await closedLoop({ outstanding, seconds, send: subject.send });
      await subject.close();
      await rm(dir, { recursive: true, force: true });
      base ??= result;
      const peer = name === "floor" ? {} : { peer: "floor" };
      const beside = (value, of) => (name === "floor" ? {} : { ...peer, ratio: value / of });
      figures.add({
        name: `${name}, ${outstanding}: rate`,
        value: result.perSecond,
        unit: "/s",
        ...beside(result.perSecond, base.perSecond),
      });
      figures.add({
        name: `${name}, ${outstanding}: p99`,
        value: result.p99Ms,
        unit: "ms",
        ...beside(result.p99Ms, base.p99Ms),
      });
      if (name.startsWith("redis")) continue;
      figures.add({
        name: `${name}, ${outstanding}: CPU per million`,
        value: result.cpuSecondsPerMillion,
        unit: "s",
        ...beside(result.cpuSecondsPerMillion, base.cpuSecondsPerMillion),
      });
      figures.add({ name: `${name}, ${outstanding}: event loop delay p99`, value: result.loopDelayP99Ms, unit: "ms" });
    }
  }
}
