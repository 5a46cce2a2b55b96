// Owns how a peer's process is told what to send: lines on stdin, JSON lines back on stdout. load/floor.c speaks the same.
//   ready:  {"port":N,"pids":[processes whose CPU counts]}
//   broadcast SIZE PER_SECOND SECONDS  →  {"done":true,"sent":N,"seconds":S,...}: changes of SIZE bytes, each with its time
//   gc  →  {"done":true,"rss":N,"heapUsed":N,...}: garbage is collected, so that memory can be read
// Runs in Node and in Bun.

import { createInterface } from "node:readline";

/** Microseconds since 1970, as the load client's CLOCK_REALTIME says them. */
function createMicroClock() {
  let offset = 0;
  const calibrate = () => {
    // Date.now() counts whole ms: at the moment it moves on, the fraction is known.
    const before = Date.now();
    while (Date.now() === before);
    offset = Date.now() - performance.now();
  };
  calibrate();
  return { calibrate, now: () => Math.round((performance.now() + offset) * 1000) };
}

const WORDS =
  `agent task status in_progress completed failed review {"step": "note" planner researcher result of the budget tokens
  waiting for tool call answer "confidence":0. retry model output file src/ index merge conflict resolved blocked by`
    .split(/\s+/)
    .filter((word) => word !== "");

/** Text that compresses about as an agent's notes do; always the same, so that runs are alike. */
function createText(size, seed) {
  let state = seed;
  let text = "";
  while (text.length < size) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    text += `${WORDS[(state >>> 16) % WORDS.length]} ${(state >>> 8) % 7 === 0 ? state % 100_000 : ""}`;
  }
  return text.slice(0, size).replaceAll('"', "'");
}

/** Makes values of exactly `size` bytes as JSON: some text, and last the time. */
function createValues(size, clock) {
  const room = size - '{"pad":"","t":1234567890123456}'.length;
  const pads = Array.from({ length: 16 }, (_, n) => createText(Math.max(0, room), n + 1));
  return (n) => ({ pad: pads[n % pads.length], t: clock.now() });
}

/** Calls `each` with a new value so many times a second; catches up where timers are late, gives up at the end. */
async function paced({ perSecond, seconds, each }) {
  const startedAt = performance.now();
  const total = Math.round(perSecond * seconds);
  let sent = 0;
  for (;;) {
    const elapsed = (performance.now() - startedAt) / 1000;
    const due = Math.min(total, Math.floor(elapsed * perSecond) + 1);
    for (; sent < due; sent++) each(sent);
    if (sent >= total || elapsed >= seconds) break;
    await new Promise((resolve) =>
      setTimeout(resolve, Math.max(1, (sent / perSecond) * 1000 + startedAt - performance.now())),
    );
  }
  return { sent, seconds: (performance.now() - startedAt) / 1000 };
}

/** All of it: Node's `gc(true)` would only be a scavenge. */
const collect = () => (globalThis.Bun === undefined ? globalThis.gc?.() : globalThis.Bun.gc(true));

/**
 * @param {object} peer
 * @param {number} peer.port
 * @param {number[]} [peer.pids] default this process
 * @param {(value: { pad: string, t: number }, n: number) => void} peer.publish sends one change to every client
 * @param {() => Promise<object>} [peer.settled] waits for what publish began, and adds to the answer
 */
export function serveControl({ port, pids = [process.pid], publish, settled = async () => ({}) }) {
  const clock = createMicroClock();
  const broadcast = async (size, perSecond, seconds) => {
    clock.calibrate();
    const value = createValues(size, clock);
    const told = await paced({ perSecond, seconds, each: (n) => publish(value(n), n) });
    return { ...told, ...(await settled()) };
  };
  // So that what a peer leaves behind is tidied up by its own "exit".
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));
  createInterface({ input: process.stdin })
    .on("line", (line) => {
      const [command, ...numbers] = line.split(" ");
      void (async () => {
        if (command === "gc") for (let n = 0; n < 3; n++) collect();
        const answer = command === "broadcast" ? await broadcast(...numbers.map(Number)) : process.memoryUsage();
        console.log(JSON.stringify({ done: true, ...answer }));
      })();
    })
    .on("close", () => process.exit(0));
  console.log(JSON.stringify({ port, pids }));
}
