// What callers are told when the log fails or the board is overrun: a coded refusal, and reads that go on.

import http from "node:http";
import type { AddressInfo } from "node:net";
import { pino } from "pino";
import { afterEach, describe, expect, it } from "vitest";
import { createEngine } from "../../src/engine/index.ts";
import { type BoardLog, createMemoryStore, LogError, type Store } from "../../src/log/index.ts";
import { CODES, DEFAULT_LIMITS, type Limits } from "../../src/protocol/index.ts";
import { createApp } from "../../src/server/app.ts";
import { createWebhooks } from "../../src/server/webhooks/webhooks.ts";
import { createHub } from "../../src/server/live/hub.ts";
import { createRowHost } from "../../src/server/live/row-host.ts";
import type { Session } from "../../src/server/live/session.ts";
import { SYSTEM_TIMERS } from "../../src/server/live/timers.ts";
import { settle } from "../../src/server/options.ts";
import { openPriceBook } from "../../src/server/prices/price-book.ts";
import { type Answer, ask, write } from "./harness.ts";

const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

type Append = BoardLog["append"];

/** The routes over a real engine whose log does what the test says. */
async function over(
  append: (real: Append) => Append,
  limits: Partial<Limits> = {},
): Promise<{ readonly port: number }> {
  const memory = createMemoryStore();
  const store: Store = {
    ...memory,
    async open(board) {
      const opened = await memory.open(board);
      const real: Append = (drafts) => opened.log.append(drafts);
      const faulty = append(real);
      const log = new Proxy(opened.log, {
        get: (target, name) => (name === "append" ? faulty : Reflect.get(target, name)),
      });
      return { ...opened, log };
    },
  };
  const settings = settle({ memory: true, limits });
  const engine = await createEngine({ store, limits: { ...DEFAULT_LIMITS, ...limits } });
  await engine.create("default");
  const fault = (error: unknown): never => {
    throw error;
  };
  const host = createRowHost(() => () => undefined, fault);
  const prices = await openPriceBook({});
  const hub = createHub({ engine, limits: settings.limits, timers: SYSTEM_TIMERS, prices, host, fault });
  ends.push(async () => hub.close());
  const webhooks = await createWebhooks(engine, undefined, {}, pino({ level: "silent" }));
  const near = {
    webhooks,
    engine,
    settings,
    hub,
    prices,
    streams: new Set<Session>(),
    tails: new Set<never>(),
    now: Date.now,
    followed: new Set<string>(),
    notReady: async () => ({ log: "full" }),
    warnings: () => ({}),
  };
  const { app } = await createApp(near, pino({ level: "silent" }), (handler) => http.createServer(handler));
  await app.ready();
  await new Promise<void>((resolve) => app.server.listen(0, "127.0.0.1", resolve));
  ends.push(
    () => app.close(),
    () => new Promise((resolve) => app.server.close(resolve)),
    () => engine.close(),
  );
  return { port: (app.server.address() as AddressInfo).port };
}

const ENTRY = "/api/v1/boards/default/entries/k";

function told(answer: Answer, code: keyof typeof CODES): void {
  expect([answer.status, answer.json.code, answer.json.retry]).toStrictEqual([
    CODES[code].httpStatus,
    code,
    CODES[code].retry,
  ]);
}

/** Fails every append but the board's first record. */
const failing =
  (error: () => Error) =>
  (real: Append): Append => {
    let first = true;
    return (drafts) => {
      if (!first) return Promise.reject(error());
      first = false;
      return real(drafts);
    };
  };

describe("faults of the log", () => {
  it.each(["log_unavailable", "indeterminate", "record_too_large"] as const)(
    "%s is told with its code, and reads go on",
    async (code) => {
      const server = await over(failing(() => new LogError(code, "the disk said no")));
      const answer = await write(server, "PUT", ENTRY, { value: 1 });
      told(answer, code);
      if (CODES[code].httpStatus === 503) expect(answer.headers["retry-after"]).toBe("1");
      told(await ask(server, "GET", ENTRY), "no_such_entry");
      expect((await ask(server, "GET", "/api/swarm/blackboard")).json.success).toBe(true);
    },
  );

  it("an unknown fault is `internal`, without its text", async () => {
    const server = await over(failing(() => new Error("secret path /etc/x")));
    const answer = await write(server, "PUT", ENTRY, { value: 1 });
    expect(answer.json.code).toMatch(/internal|indeterminate/);
    expect(answer.json.title).toBe(CODES.internal.meaning);
  });

  it("L6: an inbox that is full is `overloaded`, with a time to wait, and what was taken is answered", async () => {
    let release = (): void => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    let first = true;
    const slow =
      (real: Append): Append =>
      async (drafts) => {
        if (!first) await gate;
        first = false;
        return real(drafts);
      };
    const server = await over(slow, { maxInboxCommands: 4 });
    const writes = Array.from({ length: 30 }, (_, i) => write(server, "PUT", `${ENTRY}${i}`, { value: i }));
    const firstDone = await Promise.race(writes);
    told(firstDone, "overloaded");
    release();
    const answers = await Promise.all(writes);
    expect(new Set(answers.map((answer) => answer.status))).toStrictEqual(new Set([201, 503]));
  });

  it("readiness says why not", async () => {
    const server = await over((real) => real);
    const answer = await ask(server, "GET", "/readyz");
    expect([answer.status, answer.json]).toStrictEqual([503, { ready: false, reasons: { log: "full" } }]);
  });
});
