// Owns the benchmark of windows on a board of a million entries: the first rows, scrolling, searching, and what a change
// costs while a hundred are open. Peers in the same run: the REST listing, which walks all keys, and sorting per request.

import { fork } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WebSocket } from "ws";
import { percentile } from "./figures.mjs";

const PROGRAM = new URL("load/window-server.mjs", import.meta.url).pathname;
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function startServer(dir, mode, count) {
  return fork(PROGRAM, [dir, mode, String(count)], { execArgv: ["--expose-gc"] });
}

async function serve(dir, count) {
  const child = startServer(dir, "serve", count);
  const waiting = new Map();
  let lastId = 0;
  const port = await new Promise((resolve, reject) => {
    child.once("exit", () => reject(new Error("the server did not start")));
    child.on("message", (message) => {
      if (message.port !== undefined) resolve(message.port);
      else waiting.get(message.id)?.(message.answer);
    });
  });
  const ask = (what, more = {}) =>
    new Promise((resolve) => {
      const id = ++lastId;
      waiting.set(id, resolve);
      child.send({ id, ask: what, ...more });
    });
  return {
    port,
    ask,
    /** CPU of all its threads while `work` ran, in ms. */
    async cpuMsOf(work) {
      const before = await ask("cpu");
      await work();
      const after = await ask("cpu");
      return (after.user + after.system - before.user - before.system) / 1000;
    },
    async stop() {
      child.disconnect();
      await new Promise((resolve) => child.once("exit", resolve));
    },
  };
}

/** A session that says when a sync came that `meets` something. */
class Client {
  #socket;
  #waits = new Set();
  #syncs = 0;
  #lastId = 0;
  bytes = 0;

  static async open(port) {
    const client = new Client();
    client.#socket = new WebSocket(`ws://127.0.0.1:${port}/ws/blackboard`, "swarmboard.v1");
    client.#socket.on("message", (data) => client.#hear(data));
    await new Promise((resolve) => client.#socket.once("open", resolve));
    return client;
  }

  #hear(data) {
    this.bytes += data.length;
    const { method, params, error } = JSON.parse(data.toString());
    if (error !== undefined) throw new Error(JSON.stringify(error));
    if (method !== "sync") return;
    this.#syncs++;
    // Once a sync is more often than a client has to; so nothing here waits for it.
    this.#socket.send(`{"jsonrpc":"2.0","method":"ack","params":{"syncs":${this.#syncs}}}`);
    for (const wait of this.#waits) {
      if (!wait.meets(params)) continue;
      this.#waits.delete(wait);
      wait.resolve(performance.now());
    }
  }

  send(method, params) {
    this.#socket.send(JSON.stringify({ jsonrpc: "2.0", id: ++this.#lastId, method, params }));
  }

  sync(meets) {
    return new Promise((resolve) => this.#waits.add({ meets, resolve }));
  }

  /** When the first rows of a window came, and when they were exact. */
  async window(sub, window, rateMs = 0) {
    const first = this.sync((sync) => sync.sub === sub && (sync.entries?.window?.rows.length ?? 0) > 0);
    const exact = this.sync(
      (sync) => sync.sub === sub && sync.entries?.window !== undefined && sync.entries.window.approximate === undefined,
    );
    this.send("subscribe", { sub, board: "default", entries: { window }, rateMs });
    return { first: await first, exact };
  }

  close() {
    this.#socket.terminate();
  }
}

async function firstWindow(server, window) {
  await server.ask("delay");
  const startedAt = performance.now();
  const client = await Client.open(server.port);
  const { first, exact } = await client.window("w", window);
  const exactAt = await exact;
  const { max } = await server.ask("delay");
  return { client, firstMs: first - startedAt, exactMs: exactAt - startedAt, delayMs: max };
}

async function scrolls(client, server, { count, times }) {
  const trips = [];
  const cpuMs = await server.cpuMsOf(async () => {
    for (let i = 0; i < times; i++) {
      const from = Math.floor(Math.random() * (count - 50));
      const moved = client.sync((sync) => sync.entries?.window?.from === from);
      const startedAt = performance.now();
      client.send("window", { sub: "w", from, count: 50 });
      trips.push((await moved) - startedAt);
      // Below the rate that a session may send at (W-FLOW-4).
      await pause(5);
    }
  });
  return { median: percentile(trips, 0.5), p99: percentile(trips, 0.99), cpuMs: cpuMs / times };
}

async function search(server, text) {
  await server.ask("delay");
  const client = await Client.open(server.port);
  const startedAt = performance.now();
  const ended = client.sync((sync) => {
    const window = sync.entries?.window;
    return window !== undefined && (window.approximate === undefined || window.total >= 10_000);
  });
  const { first } = await client.window("w", { sort: "key", count: 50, search: text });
  const endedAt = await ended;
  const { max } = await server.ask("delay");
  client.close();
  return { firstMs: first - startedAt, endMs: endedAt - startedAt, delayMs: max };
}

/** CPU of the server for each change, with these windows open. */
async function changes(server, { windows, seconds }) {
  const clients = [];
  for (const [i, window] of windows.entries()) {
    if (i % 16 === 0) clients.push(await Client.open(server.port));
    await (
      await clients.at(-1).window(`w${i}`, window)
    ).exact;
  }
  await server.ask("write", { perSecond: 1000 });
  await pause(1000);
  await server.ask("delay");
  const before = await server.ask("written");
  const cpuMs = await server.cpuMsOf(() => pause(seconds * 1000));
  const written = (await server.ask("written")) - before;
  const { p99 } = await server.ask("delay");
  await server.ask("write", { perSecond: 0 });
  const bytes = clients.reduce((sum, client) => sum + client.bytes, 0);
  for (const client of clients) client.close();
  return { cpuUs: (cpuMs * 1000) / written, perSecond: written / seconds, delayP99Ms: p99, bytes };
}

/** From connecting until all of a prefix is told, in ms. */
async function snapshot(server, prefix) {
  const startedAt = performance.now();
  const client = await Client.open(server.port);
  const told = client.sync(({ more }) => more === undefined);
  client.send("subscribe", { sub: "p", board: "default", entries: { prefix }, rateMs: 0 });
  const ms = (await told) - startedAt;
  client.close();
  return ms;
}

async function prefixes({ add, server, prefix }) {
  const times = [];
  const cpuMs = await server.cpuMsOf(async () => {
    for (let i = 0; i < 20; i++) times.push(await snapshot(server, prefix));
  });
  const walk = await server.ask("walk", { prefix });
  add(`${prefix}, some 1100 of all: connect → snapshot`, percentile(times, 0.5), "ms", walk.ms, "a look at every key");
  add(`${prefix}: CPU`, cpuMs / 20, "ms");
}

export async function run({ figures, quick }) {
  const count = quick ? 100_000 : 1_000_000;
  const dir = await mkdtemp(join(process.env["SWARMBOARD_BENCH_DIR"] ?? tmpdir(), "swarmboard-window-"));
  const fill = startServer(dir, "fill", count);
  await new Promise((resolve) => fill.once("exit", resolve));
  let server = await serve(dir, count);
  /** Beside a bound that it has to keep, or beside a peer. */
  const add = (name, value, unit, beside, peer) =>
    figures.add({
      name,
      value,
      unit,
      ...(beside === undefined ? {} : { peer: peer ?? `${beside} ${unit}`, ratio: value / beside }),
      ...(beside === undefined || peer !== undefined ? {} : { target: 1 }),
    });
  figures.note(`${count} entries, keys in no order, from a snapshot; RSS before anybody looks:`);
  add("RSS, nobody looks", (await server.ask("memory")) / 1e6, "MB");

  const prefix = `task:${quick ? 42 : 424}`;
  await server.ask("delay");
  const asked = await snapshot(server, prefix);
  add(`${prefix}, keys in no order yet: connect → snapshot`, asked, "ms");
  add(`${prefix}, while it is looked for: longest stall`, (await server.ask("delay")).max, "ms", 50);
  await server.stop();
  server = await serve(dir, count);

  const orders = {};
  for (const sort of ["key", "changed"]) {
    const cold = await firstWindow(server, { sort, count: 50 });
    add(`by ${sort}, no order yet: connect → first rows`, cold.firstMs, "ms", 150);
    add(`by ${sort}, no order yet: connect → exact`, cold.exactMs, "ms");
    add(`by ${sort}, while the order is built: longest stall`, cold.delayMs, "ms", 50);
    const warm = [];
    for (let i = 0; i < 20; i++) {
      const one = await firstWindow(server, { sort, count: 50 });
      warm.push(one.exactMs);
      one.client.close();
    }
    add(`by ${sort}: connect → first window, median`, percentile(warm, 0.5), "ms", 150);
    orders[sort] = cold.client;
  }

  const naive = [];
  for (let i = 0; i < 3; i++) naive.push((await server.ask("naive")).ms);
  const naiveMs = percentile(naive, 0.5);
  const rest = [];
  const restCpuMs = await server.cpuMsOf(async () => {
    for (let i = 0; i < 10; i++) {
      const startedAt = performance.now();
      await (
        await fetch(`http://127.0.0.1:${server.port}/api/v1/boards/default/entries?prefix=task:${i}&limit=50`)
      ).text();
      rest.push(performance.now() - startedAt);
    }
  });
  add("REST listing, 50 of a prefix: median", percentile(rest, 0.5), "ms");
  add("REST listing: CPU", restCpuMs / 10, "ms");
  add("sorting for each request", naiveMs, "ms");
  for (const sort of ["key", "changed"]) {
    const { median, p99, cpuMs } = await scrolls(orders[sort], server, { count, times: quick ? 50 : 300 });
    add(`by ${sort}, another window of 50: median`, median, "ms", 30);
    add(`by ${sort}, another window: p99`, p99, "ms", 30);
    add(`by ${sort}, another window: CPU`, cpuMs, "ms", restCpuMs / 10, "the REST listing");
    add(`by ${sort}, another window: median`, median, "ms", naiveMs, "sorting for each request");
  }
  add("RSS with both orders", (await server.ask("memory")) / 1e6, "MB", 1100);

  await prefixes({ add, server, prefix });

  for (const [what, text] of [
    ["rare, worker starts", quick ? "42424" : "424242"],
    ["rare", quick ? "31313" : "313131"],
    ["some 1000 hits", quick ? "42:" : "424:"],
    ["every key", "task"],
  ]) {
    const { firstMs, endMs, delayMs } = await search(server, text);
    add(`search, ${what}: first rows`, firstMs, "ms");
    add(`search, ${what}: end`, endMs, "ms");
    add(`search, ${what}: longest stall`, delayMs, "ms", 50);
  }
  add("RSS with a search worker", (await server.ask("memory")) / 1e6, "MB", 1100);

  for (const one of Object.values(orders)) one.close();
  const seconds = quick ? 3 : 10;
  const place = () => Math.floor(Math.random() * (count - 50));
  const byKey = Array.from({ length: 100 }, () => ({ sort: "key", from: place(), count: 50 }));
  const newest = Array.from({ length: 100 }, (_, i) => ({ sort: "changed", from: i, count: 50 }));
  const none = await changes(server, { windows: [], seconds });
  add("1000 puts/s, no window: CPU per change", none.cpuUs, "µs");
  for (const [what, windows] of Object.entries({
    "100 windows by key": byKey,
    "100 windows of the newest": newest,
    "10 windows of the newest": newest.slice(0, 10),
  })) {
    const one = await changes(server, { windows, seconds });
    add(`1000 puts/s, ${what}: CPU per change`, one.cpuUs, "µs", none.cpuUs, "no window");
    add(`1000 puts/s, ${what}: loop delay p99`, one.delayP99Ms, "ms");
  }
  await server.stop();
  await rm(dir, { recursive: true, force: true });
}
