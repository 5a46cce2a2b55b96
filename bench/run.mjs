// Owns `npm run bench -- <name> [--json] [--quick] [--only ROWS]`: runs one benchmark on the built product and prints its figures.
// A figure is a number beside a peer's in the same run, because machines differ and are noisy; ratios travel, numbers do not.

import { existsSync } from "node:fs";
import { createFigures } from "./figures.mjs";

const BENCHES = {
  log: {
    about: "durable appends against the bare disk and Redis, and the whole path of a command",
    load: () => import("./log.mjs"),
  },
  proofs: {
    about: "what the tree and the checkpoints add to the CPU of durable appends",
    load: () => import("./proofs.mjs"),
  },
  audit: {
    about: "the first page of every kind of filter among a million records of the audit",
    load: () => import("./audit.mjs"),
  },
  start: {
    about: "restart from a snapshot and from the log alone, and memory per entry",
    load: () => import("./start.mjs"),
  },
  follow: {
    about: "from a finished write to a followed file until the board answers with it",
    load: () => import("./follow.mjs"),
  },
  fanout: {
    about:
      "one change to many sockets: CPU, delay, memory; beside the floor, ws, socket.io, Bun and nchan (--only a,b)",
    load: () => import("./fanout.mjs"),
  },
  resume: {
    about: "a crowd that was cut off comes back within 3 s, beside a server that sends everybody the whole state",
    load: () => import("./resume.mjs"),
  },
  window: {
    about: "windows on a million entries: first rows, scrolling, searching, and changes while 100 are open",
    load: () => import("./window.mjs"),
  },
  mixed: {
    about: "dashboards on a board that is mostly idle: pages that poll, the classic socket, sessions",
    load: () => import("./mixed.mjs"),
  },
  polling: { about: "the same as mixed", load: () => import("./mixed.mjs") },
};

const [name, ...flags] = process.argv.slice(2);
const bench = BENCHES[name];
if (bench === undefined) {
  console.log("usage: npm run bench -- <name> [--json] [--quick] [--only ROWS]\n");
  for (const [each, { about }] of Object.entries(BENCHES)) console.log(`  ${each.padEnd(10)}${about}`);
  process.exit(name === undefined || name === "--help" ? 0 : 2);
}
if (!existsSync(new URL("../dist/engine/index.js", import.meta.url))) {
  console.error("The product is not built: run `npm run build` first.");
  process.exit(2);
}
const figures = createFigures({ json: flags.includes("--json") });
const { run } = await bench.load();
const only = flags.includes("--only") ? flags[flags.indexOf("--only") + 1]?.split(",") : undefined;
await run({ figures, quick: flags.includes("--quick"), only });
process.exit(0);
