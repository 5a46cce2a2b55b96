// Owns the benchmark of a crowd that comes back: all clients are cut off, miss changes, and reconnect within seconds.
// What counts is when the last of them has all of it, and what that costs the server in CPU and memory.
// The peer is what most servers do for want of a position to resume from: the whole state to whoever connects. It is the
// best of its kind (peers/ws-state.mjs); a memory of packets per client (socket.io's connectionStateRecovery) costs one
// message per missed change and client, which is many times more than either.

import { setTimeout as sleep } from "node:timers/promises";
import WebSocket from "ws";
import { cpuSeconds, residentBytes } from "./load/line-process.mjs";
import { quiet, startClients, startSubject, subscribeText } from "./load/subjects.mjs";

const KEYS = 2000;
const VALUE_BYTES = 300;
const MISSED = 500;
const WITHIN_MS = 3000;
/** Whoever has not converged by then never will. */
const LIMIT_MS = 120_000;
const OURS = "swarmboard resuming";
const MB = 1024 * 1024;

const broadcast = (server, count) => server.ask(`broadcast ${VALUE_BYTES} ${count * 4} 0.25`);

/** What a client of the filter needs to resume: the cursor's first part, and the position of the head. */
function resumePoint(port, subscribe) {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/ws/blackboard?agent=bench-probe`, "swarmboard.v1");
    let resume;
    socket.on("error", reject);
    socket.on("open", () => socket.send(subscribe));
    socket.on("message", (data) => {
      const { result, method, params } = JSON.parse(Buffer.from(data).toString());
      resume = result?.resume ?? resume;
      if (method !== "sync" || params.to === undefined) return;
      socket.close();
      resolve({ resume, to: params.to });
    });
  });
}

/** Until every socket is open and stands at the same place; returns the last report, and the most memory meanwhile. */
async function converged({ server, clients, sockets }, head) {
  const startedAt = performance.now();
  let mostBytes = 0;
  for (;;) {
    await sleep(50);
    mostBytes = Math.max(mostBytes, await residentBytes(server.pids));
    const report = await clients.ask("report");
    const isWhole = report.open === sockets && report.synced === sockets && report.leastTo >= head;
    if (isWhole || performance.now() - startedAt > LIMIT_MS) return { report, isWhole, mostBytes };
  }
}

async function comeBack({ name, sockets, note }) {
  const server = await startSubject(name, note, ["--keys", String(KEYS)]);
  if (server === undefined) return undefined;
  await broadcast(server, KEYS);
  const clients = await startClients(server, sockets, name === OURS ? await resuming(server) : []);
  // Everybody stands at one place.
  await broadcast(server, 1);
  const before = await quiet(clients);
  const idleBytes = await residentBytes(server.pids);
  await clients.ask("close");
  await broadcast(server, MISSED);
  await sleep(1000);
  await clients.ask("reset");
  const cpuFrom = await cpuSeconds(server.pids);
  const loadFrom = await cpuSeconds([clients.pid]);
  const answer = clients.ask(`open ${WITHIN_MS}`);
  const { report, isWhole, mostBytes } = await converged({ server, clients, sockets }, before.leastTo + MISSED);
  await answer;
  const cpu = (await cpuSeconds(server.pids)) - cpuFrom;
  const load = (await cpuSeconds([clients.pid])) - loadFrom;
  await sleep(3000);
  await server.ask("gc");
  const afterBytes = await residentBytes(server.pids);
  await clients.stop();
  await server.stop();
  if (!isWhole)
    note(`${name}: after ${LIMIT_MS / 1000} s ${report.synced} of ${sockets} had converged (${report.failed} failed)`);
  if (report.failed > 0) note(`${name}: ${report.failed} attempts failed`);
  return {
    lastMs: isWhole ? report.advancedMs : Number.POSITIVE_INFINITY,
    firstP99Ms: report.first.p99Us / 1000,
    firstP50Ms: report.first.p50Us / 1000,
    cpuUs: (cpu * 1e6) / sockets,
    clientUs: (load * 1e6) / sockets,
    bytes: report.bytes / sockets,
    grownMb: (mostBytes - idleBytes) / MB,
    keptMb: (afterBytes - idleBytes) / MB,
  };
}

async function resuming(server) {
  const { resume, to } = await resumePoint(server.port, subscribeText());
  return ["--to", String(to), "--text", subscribeText({ cursor: `${resume}.{to}` })];
}

export async function run({ figures, quick }) {
  const sockets = quick ? 1000 : 9900;
  figures.note(
    `${sockets} clients on ${KEYS} keys of ${VALUE_BYTES} B, cut off, ${MISSED} changes missed, back within ${WITHIN_MS / 1000} s`,
  );
  const note = (text) => figures.note(text);
  const results = new Map();
  for (const name of ["ws whole state", OURS]) {
    const result = await comeBack({ name, sockets, note });
    if (result !== undefined) results.set(name, result);
  }
  const peer = results.get("ws whole state");
  const ours = results.get(OURS);
  const beside = (name, what) =>
    name === OURS && peer !== undefined ? { peer: "ws whole state", ratio: ours[what] / peer[what] } : {};
  for (const [name, result] of results) {
    const add = (about, what, unit) =>
      figures.add({ name: `${name}: ${about}`, value: result[what], unit, ...beside(name, what) });
    add("until the last one has converged", "lastMs", "ms");
    add("connect → whole, p50", "firstP50Ms", "ms");
    add("connect → whole, p99", "firstP99Ms", "ms");
    add("server CPU per client", "cpuUs", "µs");
    add("load client's CPU per client", "clientUs", "µs");
    add("bytes per client", "bytes", "B");
    add("memory grown meanwhile", "grownMb", "MB");
    add("memory grown, kept after", "keptMb", "MB");
  }
  if (ours === undefined) return;
  figures.add({
    name: "converged within",
    value: ours.lastMs,
    unit: "ms",
    peer: "10 s",
    ratio: ours.lastMs / 10_000,
    target: 1,
  });
  figures.add({
    name: "memory grown",
    value: ours.grownMb,
    unit: "MB",
    peer: "200 MB",
    ratio: ours.grownMb / 200,
    target: 1,
  });
}
