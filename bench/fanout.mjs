// Owns the benchmark of fan-out: what it costs the server to bring one change to many sockets, and how late it arrives.
// Rows a to e, each with its subjects beside each other in one run (load/measure.mjs). CPU is the server's own, from the
// system, less what it uses when idle; the load is a C program. A subject that cannot keep a rate is measured at one that
// it can: a server that sends each change by itself costs the same per delivery at either.

import { median } from "./figures.mjs";
import { residentBytes } from "./load/line-process.mjs";
import { medianOf, ratioOf, rounds, startField } from "./load/measure.mjs";
import { quiet, startClients, startSubject } from "./load/subjects.mjs";
import { SESSION_LIMITS } from "../dist/protocol/index.js";

const RATE_MS = 50;
/** Changes a second to 1000 sockets: seldom enough that ours, which sends every RATE_MS, sends each by itself. */
const CALM_PER_SECOND = 15;
const OURS = "swarmboard";
const PEERS = ["floor", "ws", "socket.io", "bun", "nchan"];

/** A line per subject, then how ours compares. */
function addCosts({ figures, results, row, base, unit = "µs", targets }) {
  for (const [name, each] of results) {
    const beside =
      name === base || !results.has(base) ? {} : { peer: base, ratio: ratioOf(each, results.get(base), "cpuUs") };
    figures.add({ name: `${row}, ${name}: CPU per delivery`, value: medianOf(each, "cpuUs"), unit, ...beside });
  }
  for (const [ours, peer, target] of targets) {
    if (!results.has(ours) || !results.has(peer)) continue;
    const ratio = ratioOf(results.get(ours), results.get(peer), "cpuUs");
    figures.add({
      name: `${row}, ${ours} beside ${peer}`,
      value: medianOf(results.get(ours), "cpuUs"),
      unit,
      peer,
      ratio,
      target,
    });
  }
}

async function oneChange({ figures, quick, note }) {
  for (const sockets of quick ? [1000] : [1000, 9900]) {
    const { field, stop } = await startField({ names: [...PEERS, OURS], sockets, note });
    // Not much less for more sockets, since acknowledgements go by the second; more than this the machine cannot carry.
    const perSecond = sockets > 1000 ? 5 : CALM_PER_SECOND;
    const load = () => ({ size: 200, perSecond, seconds: 2 });
    const results = await rounds({ field, times: quick || sockets > 1000 ? 2 : 4, load, note });
    await stop();
    const row = `a: 200 B to ${sockets}, ${perSecond}/s`;
    const targets = [
      [OURS, "floor", 1.5],
      [OURS, "socket.io", 0.6],
    ];
    addCosts({ figures, results, row, base: "floor", targets });
    for (const [name, each] of results)
      figures.add({ name: `${row}, ${name}: p99 sent → received`, value: medianOf(each, "p99Ms"), unit: "ms" });
    // Below 1, changes shared a message and the delivery looks cheaper than it is; heartbeats add a little.
    const ours = results.get(OURS)?.map((one) => one.messagesPerSecond / perSecond);
    if (ours) figures.add({ name: `${row}, ${OURS}: messages per change`, value: median(ours), unit: "" });
  }
}

async function busyBoard({ figures, quick, note }) {
  const sockets = 1000;
  const { field, stop } = await startField({ names: ["floor", "ws", "socket.io", OURS], sockets, note });
  const load = (name) => ({
    size: 200,
    perSecond: name === OURS ? 1000 : CALM_PER_SECOND,
    seconds: name === OURS ? 3 : 1.5,
  });
  const results = await rounds({ field, times: quick ? 1 : 3, load, note });
  await stop();
  const row = "b: 200 B to 1000, 1000/s";
  const targets = [
    [OURS, "ws", 0.08],
    [OURS, "socket.io", 0.06],
    [OURS, "floor", 0.2],
  ];
  note(
    `b: ws, socket.io and the floor send each change by itself and cannot keep 1000/s: measured at ${CALM_PER_SECOND}/s`,
  );
  addCosts({ figures, results, row, base: "floor", targets });
  const ours = results.get(OURS);
  if (ours === undefined) return;
  const p99Ms = medianOf(ours, "p99Ms");
  const limitMs = RATE_MS + 25;
  // Counted from before the write was submitted: an upper bound of the time since its acknowledgement.
  figures.add({
    name: `${row}, ${OURS}: p99 submitted → received`,
    value: p99Ms,
    unit: "ms",
    peer: `${limitMs} ms`,
    ratio: p99Ms / limitMs,
    target: 1,
  });
  const told = ours.map((one) => one.told);
  figures.add({ name: `${row}, ${OURS}: p99 acknowledged`, value: medianOf(told, "acknowledgeP99Ms"), unit: "ms" });
  figures.add({
    name: `${row}, ${OURS}: messages to a socket`,
    value: medianOf(ours, "messagesPerSecond"),
    unit: "/s",
  });
}

async function compressed({ figures, quick, note }) {
  const squeezed = `${OURS} compressed`;
  const { field, stop } = await startField({ names: ["ws", "ws deflate", OURS, squeezed], sockets: 1000, note });
  const load = (name) => ({ size: 8192, perSecond: name === "ws deflate" ? 2 : CALM_PER_SECOND, seconds: 1.5 });
  const results = await rounds({ field, times: quick ? 1 : 3, load, note });
  await stop();
  const row = "c: 8 KB to 1000";
  const targets = [
    [squeezed, OURS, 1.2],
    [squeezed, "ws deflate", 1 / 20],
  ];
  addCosts({ figures, results, row, base: "ws", targets });
  for (const [name, each] of results) {
    const value = each[0].report.bytes / (each[0].told.sent * 1000);
    figures.add({ name: `${row}, ${name}: bytes on the wire per delivery`, value, unit: "B" });
  }
}

async function memory({ figures, quick, note }) {
  const sockets = quick ? 2000 : 9900;
  const held = new Map();
  for (const name of ["ws", "socket.io", "bun", "nchan", OURS]) {
    const server = await startSubject(name, note);
    if (server === undefined) continue;
    // What the first connections bring along once (code, pools) is not the price of one more.
    const first = await startClients(server, 500);
    await first.stop();
    await server.ask("gc");
    const before = await residentBytes(server.pids);
    const perSocket = async () => {
      await server.ask("gc");
      return ((await residentBytes(server.pids)) - before) / sockets / 1024;
    };
    const clients = await startClients(server, sockets);
    const idle = await perSocket();
    await server.ask("broadcast 200 20 5");
    await quiet(clients);
    held.set(name, { idle, after: await perSocket() });
    await clients.stop();
    await server.stop();
  }
  const row = `d: ${sockets} idle`;
  for (const [name, { idle, after }] of held) {
    const target = (most, peer, value) => (name === OURS ? { peer, ratio: value / most, target: 1 } : {});
    const about = "memory per subscribed connection";
    figures.add({ name: `${row}, ${name}: ${about}`, value: idle, unit: "KB", ...target(12, "12 KB", idle) });
    // A growth below 1 KB is what the allocator keeps.
    const grown = target(idle + 1, "idle and 1 KB", after);
    figures.add({ name: `${row}, ${name}: ${about} after 100 changes`, value: after, unit: "KB", ...grown });
  }
}

/** What a server's own memory holds, garbage aside: its heap and what lies beside it. */
async function heldBytes(server) {
  const { heapUsed, external } = await server.ask("gc");
  return heapUsed + external;
}

const SLOW_ONES = { "one that reads 1 KB/s": ["--slow", "1024"], "one that never reads": ["--never-read"] };
/** So many at once for their memory: one alone is lost in what a heap varies by. */
const SLOW_CROWD = 20;

async function slowOnes({ figures, quick, note }) {
  const { field, stop } = await startField({ names: [OURS], sockets: 1000, note });
  const row = "e: 200 B to 1000, 1000/s";
  const load = () => ({ size: 200, perSecond: 1000, seconds: 3 });
  for (const each of field) {
    const alone = [];
    const beside = new Map(Object.keys(SLOW_ONES).map((way) => [way, []]));
    const once = async () => (await rounds({ field: [each], times: 1, load, note })).get(OURS)[0];
    for (let round = 0; round < (quick ? 1 : 5); round++) {
      alone.push(await once());
      for (const [way, args] of Object.entries(SLOW_ONES)) {
        const bad = await startClients(each.server, 1, args);
        beside.get(way).push(await once());
        await bad.stop();
      }
    }
    const about = "p99 of the others";
    figures.add({ name: `${row}: ${about}, nobody slow`, value: medianOf(alone, "p99Ms"), unit: "ms" });
    for (const [way, results] of beside) {
      const ratio = ratioOf(results, alone, "p99Ms");
      const value = medianOf(results, "p99Ms");
      figures.add({ name: `${row}: ${about}, ${way}`, value, unit: "ms", peer: "nobody slow", ratio, target: 1.1 });
    }
    const mostKb = (SESSION_LIMITS.unackedBytes + SESSION_LIMITS.frameBytes) / 1024;
    for (const [way, args] of Object.entries(SLOW_ONES)) {
      const before = await heldBytes(each.server);
      const bad = await startClients(each.server, SLOW_CROWD, args);
      await once();
      const value = ((await heldBytes(each.server)) - before) / SLOW_CROWD / 1024;
      const target = { peer: `${mostKb} KB`, ratio: value / mostKb, target: 1 };
      figures.add({ name: `${row}: memory for ${way}`, value, unit: "KB", ...target });
      await bad.stop();
    }
  }
  await stop();
}

const ROWS = { a: oneChange, b: busyBoard, c: compressed, d: memory, e: slowOnes };

export async function run({ figures, quick, only = Object.keys(ROWS) }) {
  const noted = new Set();
  const note = (text) => {
    if (!noted.has(text)) figures.note(text);
    noted.add(text);
  };
  for (const row of only) {
    if (ROWS[row] === undefined) throw new Error(`no such row: ${row}; there are ${Object.keys(ROWS).join(", ")}`);
    await ROWS[row]({ figures, quick, note });
  }
}
