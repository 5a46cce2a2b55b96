// Owns the server process of the window benchmark: the built product on a folder that `fill` made, and what the
// benchmark asks of it (CPU, memory, how long its event loop was held up, writes at a rate, and naive answers beside ours).

import { monitorEventLoopDelay } from "node:perf_hooks";
import { createServer } from "../../dist/server/index.js";
import { BoardFeed, viewOf } from "../../dist/feed/index.js";
import { syncPages } from "../../dist/feed/sync-pages.js";

const [dir, mode, countText] = process.argv.slice(2);
const count = Number(countText);
// An entry of some 300 B with all that the board keeps of it.
const VALUE = JSON.stringify({ status: "in_progress", note: "x".repeat(220) });
const keyOf = (n) => `task:${n}:status`;

const server = await createServer({ dataDir: dir, port: 0, logger: false, maxConnectionsPerIp: 1000 });
const board = await server.engine.board("default");
const put = (n) =>
  board.submit({
    actor: "writer",
    source: "bench",
    command: { type: "entry.put", key: keyOf(n), value: VALUE },
  });

if (mode === "fill") {
  // In no order: a board whose keys came sorted would have its order for nothing. 611 953 is prime.
  for (let n = 0; n < count; n += 1000) {
    await Promise.all(Array.from({ length: 1000 }, (_, i) => put(((n + i) * 611_953) % count)));
  }
  await server.close();
  process.exit(0);
}

const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();
let writer;

const ANSWERS = {
  cpu: () => process.cpuUsage(),
  memory() {
    globalThis.gc?.();
    return process.memoryUsage().rss;
  },
  /** The longest time for which the event loop was held up since the last question, in ms. */
  delay() {
    const ms = { max: delay.max / 1e6, p99: delay.percentile(99) / 1e6 };
    delay.reset();
    return ms;
  },
  write({ perSecond }) {
    clearInterval(writer);
    let owed = 0;
    let last = performance.now();
    let put1 = 0;
    ANSWERS.written = () => put1;
    if (perSecond === 0) return;
    writer = setInterval(() => {
      const now = performance.now();
      owed += ((now - last) * perSecond) / 1000;
      last = now;
      for (; owed >= 1; owed--) void put(Math.floor(Math.random() * count)).then(() => put1++);
    }, 2);
  },
  written: () => 0,
  /** What a server without an order does for each request: sort, then slice. */
  naive() {
    const startedAt = performance.now();
    const rows = [...board.state.entries.keys()].sort().slice(500_000, 500_050);
    return { ms: performance.now() - startedAt, rows: rows.length };
  },
  /** A prefix without an order of keys: a look at each. */
  walk({ prefix }) {
    const feed = new BoardFeed(board.state);
    const startedAt = performance.now();
    const view = viewOf({ entries: { prefix } });
    const request = { feed, view, sub: "s", from: 0, reset: "start", patches: false, noteText: String };
    const pages = [...syncPages(request)];
    return { ms: performance.now() - startedAt, pages: pages.length };
  },
};

process.on("message", ({ id, ask, ...rest }) => process.send({ id, answer: ANSWERS[ask](rest) ?? null }));
process.on("disconnect", () => process.exit(0));
process.send({ port: server.port });
