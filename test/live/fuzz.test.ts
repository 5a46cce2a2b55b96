// Garbage at sessions: bytes, text, and JSON-RPC that is almost right. Seeds are printed; set FUZZ_SEED to repeat a run.

import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CLOSE, CODES } from "../../src/protocol/index.ts";
import type { SwarmboardServer } from "../../src/server/index.ts";
import { ask, dial, endAfterEach, start, until } from "../server/harness.ts";
import { endClientsAfterEach, LiveClient } from "./client.ts";
import { seed } from "./feed-world.ts";

endAfterEach();
endClientsAfterEach();

const settings = { seed, plugins: [fc.interruptAfterTimeLimit(4000)] };
const LISTED: ReadonlySet<number> = new Set([...Object.values(CLOSE).map(({ code }) => code), 1002, 1007]);

const unhandled: unknown[] = [];
const remember = (error: unknown): void => void unhandled.push(error);
beforeAll(() => {
  process.on("unhandledRejection", remember);
  process.on("uncaughtException", remember);
});
afterAll(() => {
  process.off("unhandledRejection", remember);
  process.off("uncaughtException", remember);
});

/** A client that behaves: it stays live beside all of it. */
async function bystanderOf(server: SwarmboardServer): Promise<{ expectLive: () => Promise<void> }> {
  const client = await new LiveClient(server).opened();
  await client.ask("subscribe", { sub: "s", board: "default", entries: { prefix: "live/" }, tasks: true, rateMs: 0 });
  let count = 0;
  return {
    async expectLive() {
      const command = { type: "entry.put", key: "live/k", value: ++count };
      const { result, error } = await client.ask("command", { board: "default", command });
      expect(error).toBeUndefined();
      const replica = await client.reaches("s", result.seq);
      expect(replica.held.streams.entries.get("live/k").value).toBe(count);
      expect(client.closeCode).toBeUndefined();
      expect(unhandled).toEqual([]);
    },
  };
}

const name = fc.oneof(fc.constantFrom("s", "t", "default", "none", "__proto__", ""), fc.string({ maxLength: 8 }));
const number = fc.oneof(fc.integer(), fc.constantFrom(0, 1, -1, 50, 500, 501, 1e9, Number.MAX_SAFE_INTEGER, 0.5));
const odd = fc.oneof(fc.jsonValue({ maxDepth: 3 }), name, number);
const mostly = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 6, arbitrary }, { weight: 1, arbitrary: odd });
const some = (shape: Record<string, fc.Arbitrary<unknown>>, always: string[] = []): fc.Arbitrary<object> =>
  fc.record(shape, { requiredKeys: always as never });

const entriesFilter = mostly(
  fc.oneof(
    some({ prefix: mostly(name), atMost: mostly(number) }),
    some({ keys: mostly(fc.array(name, { maxLength: 4 })) }),
    some({
      window: some(
        {
          sort: fc.constantFrom("key", "changed", "no"),
          from: mostly(number),
          count: mostly(fc.integer({ min: 0, max: 600 })),
          prefix: name,
        },
        ["count"],
      ),
    }),
  ),
);
const command = mostly(
  fc.oneof(
    some(
      {
        type: fc.constantFrom("entry.put", "entry.merge", "entry.delete"),
        key: mostly(name),
        value: odd,
        patch: odd,
        ttlMs: number,
      },
      ["type", "key"],
    ),
    some(
      {
        type: fc.constantFrom("task.report", "audit.note", "nothing", "items.expire"),
        task: name,
        event: name,
        details: odd,
      },
      ["type"],
    ),
    some({ type: fc.constant("batch"), commands: fc.array(odd, { maxLength: 3 }) }, ["type"]),
  ),
);
const params: Record<string, fc.Arbitrary<unknown>> = {
  subscribe: some(
    {
      sub: mostly(name),
      board: mostly(fc.constant("default")),
      entries: entriesFilter,
      tasks: mostly(fc.constant(true)),
      audit: mostly(some({ event: name, tail: number, granted: fc.boolean() })),
      cursor: mostly(
        fc.oneof(
          name,
          fc.tuple(name, name, number).map((parts) => parts.join(".")),
        ),
      ),
      rateMs: mostly(fc.nat({ max: 100 })),
    },
    ["sub", "board"],
  ),
  window: some({ sub: mostly(name), from: mostly(number), count: mostly(number), search: name }, ["sub"]),
  unsubscribe: some({ sub: mostly(name) }),
  command: some({ board: mostly(fc.constant("default")), id: mostly(name), command }, ["command"]),
  authenticate: some({ token: mostly(name) }),
  ping: some({ x: odd }),
  ack: some({ syncs: mostly(fc.nat({ max: 50 })) }),
};

interface Sent {
  readonly text: string;
  /** The id, where it is a request that has to be answered. */
  readonly id: number | undefined;
}

let ids = 0;
/** Requests and notifications whose parameters are more or less right. */
const almostRight: fc.Arbitrary<Sent> = fc
  .tuple(fc.constantFrom(...Object.keys(params), "unknown"), fc.boolean(), fc.nat())
  .chain(([method, isRequest]) => fc.tuple(fc.constant(method), fc.constant(isRequest), params[method] ?? odd))
  .map(([method, isRequest, given]) => {
    const id = isRequest ? ++ids : undefined;
    const isObject = typeof given === "object" && given !== null && !Array.isArray(given);
    return {
      text: JSON.stringify({ jsonrpc: "2.0", method, params: given, ...(id === undefined ? {} : { id }) }),
      // Parameters that are no object are a bad frame.
      id: isObject ? id : undefined,
    };
  });

/** Text that is wrong somewhere: cut, doubled, or nothing at all. */
const wrong: fc.Arbitrary<string> = fc.oneof(
  fc.string({ maxLength: 200 }),
  fc.json(),
  fc.tuple(almostRight, fc.nat(), fc.nat()).map(([{ text }, from, count]) => {
    const at = from % text.length;
    return text.slice(0, at) + text.slice(at + (count % 20));
  }),
  almostRight.map(({ text }) => `${text}${text}`),
  almostRight.map(({ text }) => `[${text}]`),
  fc.constantFrom(
    "[".repeat(100_000),
    `{"jsonrpc":"2.0","id":1,"method":"ping","params":${'{"a":'.repeat(20_000)}1${"}".repeat(20_000)}}`,
  ),
);

async function expectWell(server: SwarmboardServer): Promise<void> {
  expect(unhandled).toEqual([]);
  expect((await ask(server, "GET", "/healthz")).status).toBe(200);
}

describe(`garbage at sessions (seed ${seed})`, () => {
  it("W-CONN-3, W-CMD-4: whatever is asked is answered with a result or a listed code, or the socket closed with one", async () => {
    const server = await start();
    const bystander = await bystanderOf(server);
    let messages = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(almostRight, { minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 8 }),
        async (scripts) => {
          const clients = scripts.map(() => new LiveClient(server, { acks: false }));
          await Promise.all(clients.map((client) => client.opened()));
          for (const [i, script] of scripts.entries()) {
            for (const { text } of script) clients[i]!.ws.send(text);
            messages += script.length;
          }
          await until(() =>
            clients.every(
              (client, i) =>
                client.closeCode !== undefined ||
                scripts[i]!.every(({ id }) => id === undefined || client.answer(id) !== undefined),
            ),
          );
          for (const client of clients) {
            if (client.closeCode !== undefined) expect(LISTED).toContain(client.closeCode);
            for (const { error } of client.heard) {
              if (error === undefined) continue;
              expect(Object.keys(CODES)).toContain(error.data.code);
              expect(error.data.code).not.toBe("internal");
            }
            client.ws.terminate();
          }
          await bystander.expectLive();
        },
      ),
      { ...settings, numRuns: 150 },
    );
    expect(messages).toBeGreaterThan(100);
    await expectWell(server);
  });

  it("W-CONN-3: text that is wrong closes with 4400, or is answered; nobody else notices", async () => {
    const server = await start();
    const bystander = await bystanderOf(server);
    await fc.assert(
      fc.asyncProperty(fc.array(wrong, { minLength: 1, maxLength: 20 }), async (texts) => {
        const clients = texts.map(() => new LiveClient(server));
        await Promise.all(clients.map((client) => client.opened()));
        for (const [i, text] of texts.entries()) {
          clients[i]!.ws.send(text);
          clients[i]!.ws.ping();
        }
        // Pongs come after what was answered at once; a close comes instead of one.
        await Promise.all(
          clients.map((client) => Promise.race([client.closed, new Promise((done) => client.ws.once("pong", done))])),
        );
        for (const client of clients) {
          if (client.closeCode !== undefined) expect(client.closeCode).toBe(4400);
          client.ws.terminate();
        }
        await bystander.expectLive();
      }),
      { ...settings, numRuns: 60 },
    );
    await expectWell(server);
  });

  it("bytes that are no frames close with a listed code or end the connection; nothing leaks", async () => {
    const server = await start({ compress: "always" });
    const bystander = await bystanderOf(server);
    const hello = (more: string): string =>
      `GET /ws/blackboard HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n${more}\r\n`;
    const heads = fc.oneof(
      fc.constantFrom(
        "Sec-WebSocket-Protocol: swarmboard.v1\r\n",
        "Sec-WebSocket-Protocol: swarmboard.v1\r\nSec-WebSocket-Extensions: permessage-deflate\r\n",
        "Sec-WebSocket-Protocol: ,\r\n",
        "Sec-WebSocket-Protocol: \r\n",
        "Sec-WebSocket-Protocol: swarmboard.v1\r\nSec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=99\r\n",
        "Sec-WebSocket-Protocol: swarmboard.v1\r\nX-Swarmboard-Agent: \r\n",
      ),
      fc.stringMatching(/^[ -~]{0,40}$/).map((text) => `Sec-WebSocket-Protocol: ${text}\r\n`),
    );
    const frame = fc
      .tuple(fc.constantFrom(0x81, 0x82, 0x88, 0x89, 0x8a, 0xc1, 0x01, 0x00, 0xf1), fc.uint8Array({ maxLength: 125 }))
      .map(([first, payload]) => Buffer.concat([Buffer.from([first, 0x80 | payload.length, 0, 0, 0, 0]), payload]));
    const chunk = fc.oneof(frame, fc.uint8Array({ minLength: 1, maxLength: 200 }));
    await fc.assert(
      fc.asyncProperty(heads, fc.array(chunk, { maxLength: 5 }), async (head, chunks) => {
        const socket = await dial(server);
        socket.resume();
        socket.write(hello(head));
        for (const bytes of chunks) socket.write(bytes);
        socket.end();
        await until(() => socket.destroyed);
      }),
      { ...settings, numRuns: 300 },
    );
    await bystander.expectLive();
    await until(() => server.counts.sockets === 1);
    await expectWell(server);
  });
});
