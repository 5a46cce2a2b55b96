// Owns the processes that spend of one tree of budgets while its server dies again and again: half of their clients speak HTTP,
// half a socket. Each retries what it does not know the end of, under the same id, until it knows.
// It tells on stdout, a JSON object a line: what was acknowledged, and what was refused.

import { writeSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { connect, SwarmboardError } from "../../dist/client/index.js";

const { url, name, clients, seed, leaves, ttlMs: usualTtlMs } = JSON.parse(process.argv[2]);
let stopping = false;
process.on("SIGTERM", () => (stopping = true));

const tell = (line) => writeSync(1, `${JSON.stringify(line)}\n`);

function randomFrom(start) {
  let a = start;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Over HTTP: `{ok, made}` or `{ok: false, code}`; again with the same key while nobody says which. */
function overHttp(agent) {
  return async (command, id) => {
    const headers = { "content-type": "application/json", "idempotency-key": id, "x-swarmboard-agent": agent };
    const { type, task, hold, ...body } = command;
    const path =
      type === "budget.reserve" ? `budgets/${task}/reserve` : `holds/${hold}/${type.slice(type.indexOf(".") + 1)}`;
    for (;;) {
      try {
        const request = { method: "POST", headers, body: JSON.stringify(body), signal: AbortSignal.timeout(5000) };
        const response = await fetch(`${url}/api/v1/boards/default/${path}`, request);
        const answer = await response.json();
        if (response.ok) return { ok: true, hold: answer.hold };
        if (response.status < 500) return { ok: false, code: answer.code, facts: answer.facts };
      } catch {
        // The server is gone, or the answer with it.
      }
      await pause(30);
    }
  };
}

function overSocket(agent) {
  const client = connect(url, { agent });
  const board = client.board();
  const send = async (command, id) => {
    for (;;) {
      try {
        const { made } = await board.send(command, { id });
        return { ok: true, hold: made.hold };
      } catch (error) {
        if (!(error instanceof SwarmboardError)) throw error;
        if (error.retry === "no" || error.code === "over_budget") {
          return { ok: false, code: error.code, facts: error.facts };
        }
      }
      await pause(30);
    }
  };
  return Object.assign(send, { close: () => client.close() });
}

async function spend(n) {
  const random = randomFrom(seed * 1000 + n);
  const agent = `${name}-${n}`;
  const send = n % 2 === 0 ? overHttp(agent) : overSocket(agent);
  for (let turn = 0; !stopping; turn++) {
    const id = `${agent}-${turn}`;
    const tokens = 1 + Math.floor(random() * 200);
    const task = leaves[Math.floor(random() * leaves.length)];
    const fate = random();
    // So that now tokens and now money are short.
    const each = random() < 0.5 ? 2 : 4;
    const ttlMs = fate < 0.1 ? 400 : usualTtlMs;
    const reserved = await send({ type: "budget.reserve", task, tokens, nanoUsd: tokens * each, ttlMs }, id);
    tell({ did: "reserve", id, task, tokens, ...reserved });
    if (!reserved.ok) {
      // One token more than there is: the limit itself is tried, not only its neighbourhood.
      const edge = (reserved.facts?.available ?? 0) + 1;
      const money = reserved.facts?.dimension === "nanoUsd";
      const most = { tokens: money ? 0 : edge, nanoUsd: money ? edge : 0 };
      const tried = await send({ type: "budget.reserve", task, ...most, ttlMs: usualTtlMs }, `${id}-edge`);
      tell({ did: "reserve", id: `${id}-edge`, task, tokens: most.tokens, ...tried });
      if (tried.ok) {
        const ended = await send({ type: "hold.release", hold: tried.hold }, `${id}-edge-end`);
        tell({ did: "release", id: `${id}-edge`, ...ended, hold: tried.hold });
      }
      continue;
    }
    const { hold } = reserved;
    await pause(random() * 120);
    // Left behind, as by an agent that dies: its time to live frees it.
    if (fate < 0.1) continue;
    if (fate < 0.2) {
      const more = await send({ type: "hold.extend", hold, tokens: 10, nanoUsd: 30, ttlMs: usualTtlMs }, `${id}-more`);
      tell({ did: "extend", id, ...more, hold });
    }
    const spent = fate < 0.4 ? undefined : Math.min(tokens, Math.floor(random() * 4));
    const ended =
      spent === undefined
        ? await send({ type: "hold.release", hold }, `${id}-end`)
        : await send({ type: "hold.settle", hold, tokens: spent, nanoUsd: spent * each }, `${id}-end`);
    tell({ did: spent === undefined ? "release" : "settle", id, tokens: spent, ...ended, hold });
  }
  send.close?.();
}

tell({ did: "start" });
await Promise.all(Array.from({ length: clients }, (_, n) => spend(n)));
