// Owns Swarmboard as a subject of the fan-out benchmark: the built server on a data folder of its own, and a writer in the
// same process, so that no HTTP request is counted. The whole way of a command is: parsing aside, log, fold, feed, frames.
// `--compress` asks for the shared compression, `--keys N` spreads the writes over so many keys.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer } from "../../dist/server/index.js";
import { serveControl } from "./control.mjs";

const compress = process.argv.includes("--compress");
const keys = Number(process.argv[process.argv.indexOf("--keys") + 1]) || 1000;
const dataDir = mkdtempSync(join(tmpdir(), "swarmboard-fanout-"));
process.once("exit", () => rmSync(dataDir, { recursive: true, force: true }));

const server = await createServer({
  port: 0,
  dataDir,
  logger: false,
  maxConnections: 20_000,
  maxConnectionsPerIp: 20_000,
  compress: compress ? "always" : "never",
});
const board = await server.engine.board("default");
let under = 0;
let refused = 0;
let acknowledgeMs = [];
serveControl({
  port: server.port,
  publish(value, n) {
    const sentAt = performance.now();
    under++;
    void board
      .submit({
        actor: "bench",
        source: "bench",
        command: { type: "entry.put", key: `task:${n % keys}:status`, value: JSON.stringify(value) },
      })
      .then((outcome) => {
        under--;
        if (!outcome.ok) refused++;
        acknowledgeMs.push(performance.now() - sentAt);
      });
  },
  async settled() {
    while (under > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    const sorted = acknowledgeMs.sort((a, b) => a - b);
    acknowledgeMs = [];
    return {
      refused,
      acknowledgeP50Ms: sorted[sorted.length >> 1],
      acknowledgeP99Ms: sorted[Math.floor(sorted.length * 0.99)],
    };
  },
});
