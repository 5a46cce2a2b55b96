// Owns the benchmark of the seed's claim: dashboards that poll three routes every 5 s against the classic socket every 2 s.
// Both load the same server build with the same data, one after the other; CPU is the server process's own, from the OS.

import { Agent, get } from "node:http";
import net from "node:net";
import WebSocket from "ws";
import { percentile } from "./figures.mjs";
import { startServer } from "./server-process.mjs";

const ROUTES = ["/api/swarm/blackboard", "/api/swarm/budget/global", "/api/swarm/audit"];

/** N pages that fetch three routes every 5 s over kept-alive connections, spread evenly over the period. */
function pollers({ port, dashboards, count }) {
  const timers = [];
  const agents = [];
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
  return () => {
    for (const timer of timers) clearInterval(timer);
    for (const agent of agents) agent.destroy();
  };
}

/** N raw sockets that speak just enough WebSocket to be counted: the load generator must not be the limit. */
function watchers({ port, dashboards, count }) {
  const sockets = [];
  for (let n = 0; n < dashboards; n++) {
    const socket = net.connect(port, "127.0.0.1");
    socket.write(
      `GET /ws/blackboard HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
    );
    socket.on("data", (chunk) => {
      count.bytes += chunk.length;
      // A ping (0x89) from the server wants its pong, masked, with the same (empty) payload.
      if (chunk[0] === 0x89) socket.write(Buffer.from([0x8a, 0x80, 0, 0, 0, 0]));
    });
    socket.on("error", () => count.errors++);
    sockets.push(socket);
  }
  return () => {
    for (const socket of sockets) socket.destroy();
  };
}

/**
 * The age of what one screen shows, sampled every 50 ms while a key is written with the time every 100 ms:
 * now minus the time in the newest value that the screen has got.
 */
async function screenAges({ port, seconds, screen }) {
  let shown;
  const ages = [];
  const close = screen(port, (entries) => {
    shown = entries["bench:time"] ?? shown;
  });
  const writer = setInterval(() => {
    void fetch(`http://127.0.0.1:${port}/api/v1/boards/default/entries/bench:time`, {
      method: "PUT",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ value: Date.now() }),
    });
  }, 100);
  await new Promise((resolve) => setTimeout(resolve, 5500));
  const sampler = setInterval(() => {
    if (shown !== undefined) ages.push((Date.now() - shown) / 1000);
  }, 50);
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  clearInterval(sampler);
  clearInterval(writer);
  close();
  return ages;
}

function pollingScreen(port, show) {
  const poll = async () => show((await (await fetch(`http://127.0.0.1:${port}${ROUTES[0]}`)).json()).entries);
  void poll();
  const timer = setInterval(() => void poll(), 5000);
  return () => clearInterval(timer);
}

function socketScreen(port, show) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/ws/blackboard`);
  socket.on("message", (data) => show(JSON.parse(Buffer.from(data).toString()).blackboard.entries));
  return () => socket.terminate();
}

async function measure({ dashboards, seconds, quickly, load, screen }) {
  const server = await startServer("zejzl");
  const count = { bytes: 0, errors: 0 };
  // Past its start-up, a server that nobody watches still looks after its files: that is not the dashboards' doing.
  await new Promise((resolve) => setTimeout(resolve, 10_000));
  const idleFrom = await server.cpuSeconds();
  const idleSeconds = quickly ? 5 : 20;
  await new Promise((resolve) => setTimeout(resolve, idleSeconds * 1000));
  const idlePerSecond = ((await server.cpuSeconds()) - idleFrom) / idleSeconds;
  const stop = load({ port: server.port, dashboards, count });
  await new Promise((resolve) => setTimeout(resolve, 6000));
  count.bytes = 0;
  const cpuFrom = await server.cpuSeconds();
  const startedAt = performance.now();
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  const elapsed = (performance.now() - startedAt) / 1000;
  const cpu = (await server.cpuSeconds()) - cpuFrom - idlePerSecond * elapsed;
  const { bytes, errors } = count;
  const ages = await screenAges({ port: server.port, seconds: Math.max(10, seconds / 2), screen });
  stop();
  await server.stop();
  const dashboardHours = (dashboards * elapsed) / 3600;
  return { cpuPerHour: cpu / dashboardHours, bytesPerHour: bytes / dashboardHours, ages, errors };
}

export async function run({ figures, quick }) {
  const dashboards = quick ? 50 : 500;
  const seconds = quick ? 5 : 40;
  figures.note(`${dashboards} dashboards for ${seconds} s each, zejzl data`);
  const old = await measure({ dashboards, seconds, quickly: quick, load: pollers, screen: pollingScreen });
  const socket = await measure({ dashboards, seconds, quickly: quick, load: watchers, screen: socketScreen });
  figures.add({
    name: "polling, 3 requests every 5 s: server CPU per dashboard-hour",
    value: old.cpuPerHour,
    unit: "s",
  });
  figures.add({
    name: "classic socket every 2 s: server CPU per dashboard-hour",
    value: socket.cpuPerHour,
    unit: "s",
    peer: "polling",
    ratio: socket.cpuPerHour / old.cpuPerHour,
  });
  figures.add({ name: "polling: bytes per dashboard-hour", value: old.bytesPerHour, unit: "B" });
  figures.add({
    name: "classic socket: bytes per dashboard-hour",
    value: socket.bytesPerHour,
    unit: "B",
    peer: "polling",
    ratio: socket.bytesPerHour / old.bytesPerHour,
  });
  const mean = (numbers) => numbers.reduce((sum, each) => sum + each, 0) / numbers.length;
  const statistics = { mean, p99: (ages) => percentile(ages, 0.99) };
  for (const [what, of] of Object.entries(statistics)) {
    const [before, now] = [of(old.ages), of(socket.ages)];
    figures.add({ name: `polling: ${what} age of what is on the screen`, value: before, unit: "s" });
    figures.add({
      name: `classic socket: ${what} age of what is on the screen`,
      value: now,
      unit: "s",
      peer: "polling",
      ratio: now / before,
    });
  }
  figures.add({ name: "errors, both", value: old.errors + socket.errors, unit: "" });
}
