// Owns the benchmark of the seed's workload: dashboards on a board where mostly nothing happens, and then bursts of writes.
// Three ways to watch it: pages that poll three routes every 5 s, the classic socket every 2 s, and the session protocol.
// All load the same server build with the same data, one after the other; CPU is the server process's own, from the OS,
// less what it uses for the same writes when nobody watches.

import { Agent, get } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import WebSocket from "ws";
import { percentile } from "./figures.mjs";
import { DASHBOARD, startClients, subscribeText } from "./load/subjects.mjs";
import { startServer } from "./server-process.mjs";

const ROUTES = ["/api/swarm/blackboard", "/api/swarm/budget/global", "/api/swarm/audit"];

/** In a burst an agent writes a change every so many ms, over so many keys. */
const WRITE_MS = 100;
const BURST_KEYS = 5;
/** The seed's hour: mostly nothing happens. */
const BURST_MINUTES = 1;

/** @typedef {{ count: () => Promise<{ bytes: number, errors: number }>, stop: () => unknown }} Load */

/** N pages that fetch three routes every 5 s over kept-alive connections, spread evenly over the period. */
function pollers(port, dashboards) {
  const timers = [];
  const agents = [];
  const count = { bytes: 0, errors: 0 };
  for (let n = 0; n < dashboards; n++) {
    const agent = new Agent({ keepAlive: true, maxSockets: 3 });
    agents.push(agent);
    agent.on("free", (socket) => socket.setNoDelay(true));
    const poll = () => {
      for (const path of ROUTES) {
        const request = get({ port, host: "127.0.0.1", path, agent }, (response) => {
          count.bytes += response.rawHeaders.reduce((sum, each) => sum + each.length + 2, 17);
          response.on("data", (chunk) => (count.bytes += chunk.length));
          if (response.statusCode !== 200) count.errors++;
        });
        request.on("error", () => count.errors++);
      }
    };
    timers.push(setTimeout(() => timers.push(setInterval(poll, 5000)), (n / dashboards) * 5000));
  }
  return {
    count: async () => ({ ...count }),
    stop() {
      for (const timer of timers) clearInterval(timer);
      for (const agent of agents) agent.destroy();
    },
  };
}

/** N WebSockets in the load client: it must not be the limit. */
async function sockets(kind, port, dashboards) {
  const client = await startClients({ name: kind, port }, dashboards);
  return {
    async count() {
      const { bytes, failed, closed } = await client.ask("report");
      return { bytes, errors: failed + closed };
    },
    stop: () => client.stop(),
  };
}

/** Writes for a while, and samples how old what a screen shows is: now less the time in the newest value that it has got. */
async function burst({ port, seconds, screen }) {
  let shown;
  let written = 0;
  const ages = [];
  const close = screen?.(port, (entries) => {
    for (let n = 0; n < BURST_KEYS; n++) shown = Math.max(shown ?? 0, entries[`bench:time:${n}`] ?? 0);
  });
  const writer = setInterval(() => {
    void fetch(`http://127.0.0.1:${port}/api/v1/boards/default/entries/bench:time:${written++ % BURST_KEYS}`, {
      method: "PUT",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ value: Date.now() }),
    });
  }, WRITE_MS);
  const startedAt = Date.now();
  const sampler = setInterval(() => {
    // The page that polls has its first answer by then.
    if (Date.now() - startedAt > 5500 && shown > 0) ages.push((Date.now() - shown) / 1000);
  }, 50);
  await sleep(seconds * 1000);
  clearInterval(sampler);
  clearInterval(writer);
  close?.();
  return { ages, written };
}

function pollingScreen(port, show) {
  const poll = async () => show((await (await fetch(`http://127.0.0.1:${port}${ROUTES[0]}`)).json()).entries);
  void poll();
  const timer = setInterval(() => void poll(), 5000);
  return () => clearInterval(timer);
}

function classicScreen(port, show) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/ws/blackboard`);
  socket.on("message", (data) => show(JSON.parse(Buffer.from(data).toString()).blackboard.entries));
  return () => socket.terminate();
}

function sessionScreen(port, show) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/ws/blackboard?agent=bench-screen`, "swarmboard.v1");
  let syncs = 0;
  socket.on("open", () => socket.send(subscribeText(DASHBOARD)));
  socket.on("message", (data) => {
    const { method, params } = JSON.parse(Buffer.from(data).toString());
    if (method !== "sync") return;
    socket.send(JSON.stringify({ jsonrpc: "2.0", method: "ack", params: { syncs: ++syncs } }));
    show(Object.fromEntries((params.entries?.put ?? []).map(({ key, value }) => [key, value])));
  });
  return () => socket.terminate();
}

/** What the server uses by itself and for the writes, in CPU seconds a second: not the dashboards' doing. */
async function aloneFor(server, seconds) {
  // Past its start-up, a server that nobody watches still looks after its files.
  await sleep(10_000);
  const idleFrom = await server.cpuSeconds();
  await sleep(seconds * 1000);
  const burstFrom = await server.cpuSeconds();
  await burst({ port: server.port, seconds });
  return { idle: (burstFrom - idleFrom) / seconds, burst: ((await server.cpuSeconds()) - burstFrom) / seconds };
}

async function measure({ dashboards, seconds, load, screen }) {
  const server = await startServer("zejzl");
  const alone = await aloneFor(server, seconds / 2);
  const { count, stop } = await load(server.port, dashboards);
  await sleep(6000);
  const phase = async (alonePerSecond, during) => {
    const before = await count();
    const cpuFrom = await server.cpuSeconds();
    const startedAt = performance.now();
    const result = await during();
    const elapsed = (performance.now() - startedAt) / 1000;
    const hours = (dashboards * elapsed) / 3600;
    const cpu = (await server.cpuSeconds()) - cpuFrom - alonePerSecond * elapsed;
    const after = await count();
    const errors = after.errors - before.errors;
    return { ...result, cpu: cpu / hours, bytes: (after.bytes - before.bytes) / hours, errors };
  };
  const idle = await phase(alone.idle, () => sleep(seconds * 1000));
  const busy = await phase(alone.burst, () => burst({ port: server.port, seconds, screen }));
  await stop();
  await server.stop();
  const inHour = (what) => (idle[what] * (60 - BURST_MINUTES) + busy[what] * BURST_MINUTES) / 60;
  const hour = { cpu: inHour("cpu"), bytes: inHour("bytes") };
  return { idle, busy, hour, ages: busy.ages, errors: idle.errors + busy.errors };
}

const SUBJECTS = {
  polling: { load: pollers, screen: pollingScreen, targets: {} },
  "classic socket": { load: (...at) => sockets("classic socket", ...at), screen: classicScreen, targets: {} },
  session: {
    load: (...at) => sockets("swarmboard dashboard", ...at),
    screen: sessionScreen,
    targets: { bytes: 0.02, cpu: 0.1 },
  },
};

export async function run({ figures, quick }) {
  const dashboards = quick ? 50 : 500;
  const seconds = quick ? 10 : 30;
  const perMinute = 60_000 / WRITE_MS;
  figures.note(
    `${dashboards} dashboards, zejzl data; ${seconds} s idle, then a burst of ${perMinute} changes a minute`,
  );
  const results = new Map();
  for (const [name, { load, screen }] of Object.entries(SUBJECTS))
    results.set(name, await measure({ dashboards, seconds, load, screen }));
  const polling = results.get("polling");
  const mean = (numbers) => numbers.reduce((sum, each) => sum + each, 0) / numbers.length;
  const add = (name, about, unit, of, target) => {
    const value = of(results.get(name));
    const beside = name === "polling" ? {} : { peer: "polling", ratio: value / of(polling) };
    figures.add({ name: `${name}: ${about}`, value, unit, ...beside, ...(target === undefined ? {} : { target }) });
  };
  const phases = { hour: `with ${BURST_MINUTES} min of bursts`, idle: "idle", busy: "all bursts" };
  for (const [phase, about] of Object.entries(phases)) {
    for (const [name, { targets }] of Object.entries(SUBJECTS)) {
      const wanted = phase === "hour" ? targets : {};
      add(name, `server CPU per dashboard-hour, ${about}`, "s", (one) => one[phase].cpu, wanted.cpu);
      add(name, `bytes per dashboard-hour, ${about}`, "B", (one) => one[phase].bytes, wanted.bytes);
    }
  }
  for (const name of results.keys()) {
    add(name, "mean age of what is on the screen", "s", ({ ages }) => mean(ages));
    add(name, "p99 age of what is on the screen", "s", ({ ages }) => percentile(ages, 0.99));
  }
  const errors = [...results.values()].reduce((sum, one) => sum + one.errors, 0);
  figures.add({ name: "errors, all", value: errors, unit: "" });
}
