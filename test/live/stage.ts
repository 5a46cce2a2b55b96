// Owns a hub over the real engine for tests: time is virtual, and clients are ends of a wire that a test holds in hand.
// Does not own any expectation, but that each client's replica can follow what it is told.

import { afterEach } from "vitest";
import { createEngine, type Engine } from "../../src/engine/index.ts";
import type { BoardHandle } from "../../src/engine/contract.ts";
import { createMemoryStore } from "../../src/log/index.ts";
import { type CloseCode, type Command, DEFAULT_LIMITS, type JsonText } from "../../src/protocol/index.ts";
import type { Frame } from "../../src/server/live/frame.ts";
import { createHub, type Hub } from "../../src/server/live/hub.ts";
import type { Session } from "../../src/server/live/session.ts";
import type { Transport } from "../../src/server/live/transport.ts";
import { openPriceBook } from "../../src/server/prices/price-book.ts";
import { type Json, ReferenceReplica } from "./reference-replica.ts";
import { createVirtualTimers, type VirtualTimers } from "./virtual-timers.ts";

const engines: Engine[] = [];

/** Call once at the top of a test file. */
export function endStagesAfterEach(): void {
  afterEach(async () => {
    await Promise.all(engines.splice(0).map((engine) => engine.close()));
  });
}

/** Let everything happen that waits for nothing but a turn. */
export async function turns(count = 8): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}

export type Heard =
  | { readonly push: Frame; readonly params: Json; readonly atMs: number }
  | { readonly reply: Json; readonly atMs: number };

/** A client and its wire. Reads and acknowledges by itself, unless told otherwise. */
export class StageClient implements Transport {
  readonly heard: Heard[] = [];
  readonly replicas = new Map<string, ReferenceReplica>();
  session!: Session;
  /** False: what is sent stays in this process. */
  reads = true;
  acks = true;
  waitingBytes = 0;
  sentBytes = 0;
  syncs = 0;
  closed: { readonly code: number; readonly reason: string } | undefined;
  readonly #timers: VirtualTimers;
  #ids = 0;

  constructor(timers: VirtualTimers) {
    this.#timers = timers;
  }

  push(frame: Frame): number {
    const { length } = frame.socketBytes(false);
    const params: Json = JSON.parse(frame.params);
    this.heard.push({ push: frame, params, atMs: this.#timers.now() });
    this.#sent(length);
    if (frame.method === "sync") {
      this.syncs++;
      const replica = this.replicas.get(params.sub) ?? new ReferenceReplica();
      this.replicas.set(params.sub, replica);
      replica.take(params);
    }
    return length;
  }

  reply(text: string): void {
    this.heard.push({ reply: JSON.parse(text), atMs: this.#timers.now() });
    this.#sent(Buffer.byteLength(text));
  }

  hold(): void {}
  release(): void {}

  close({ code }: CloseCode, reason: string): void {
    this.closed ??= { code, reason };
  }

  #sent(bytes: number): void {
    this.sentBytes += bytes;
    if (!this.reads) this.waitingBytes += bytes;
  }

  /** Take what waits. */
  read(bytes = Number.POSITIVE_INFINITY): void {
    this.waitingBytes = Math.max(0, this.waitingBytes - bytes);
    this.session.drained();
  }

  /** Send a request; resolves with its answer. */
  async ask(method: string, params: object = {}): Promise<Json> {
    const id = this.send(method, params);
    for (let i = 0; i < 200; i++) {
      const found = this.replies.find((reply) => reply.id === id);
      if (found !== undefined) return found;
      await turns(1);
    }
    throw new Error(`no answer to ${method}`);
  }

  /** Send a request without waiting. Returns its id. */
  send(method: string, params: object = {}): number {
    const id = ++this.#ids;
    this.session.message(JSON.stringify({ jsonrpc: "2.0", id, method, params }));
    return id;
  }

  ack(syncs = this.syncs): void {
    this.session.message(JSON.stringify({ jsonrpc: "2.0", method: "ack", params: { syncs } }));
  }

  get replies(): Json[] {
    return this.heard.flatMap((one) => ("reply" in one ? [one.reply] : []));
  }

  frames(method: Frame["method"] = "sync"): Frame[] {
    return this.heard.flatMap((one) => ("push" in one && one.push.method === method ? [one.push] : []));
  }

  replica(sub: string): ReferenceReplica {
    const replica = this.replicas.get(sub);
    if (replica === undefined) throw new Error(`${sub} was told nothing`);
    return replica;
  }
}

export interface Stage {
  readonly engine: Engine;
  readonly board: BoardHandle;
  readonly hub: Hub;
  readonly timers: VirtualTimers;
  readonly faults: unknown[];
  join(options?: { readonly beatMs?: number; readonly agent?: string }): StageClient;
  /** Send commands to the board; resolves when they are applied. */
  write(...commands: Command[]): Promise<void>;
  /** Let time pass step by step, so that the engine has its turns and readers acknowledge. */
  pass(ms: number, stepMs?: number): Promise<void>;
}

export async function setStage(): Promise<Stage> {
  const engine = await createEngine({ store: createMemoryStore() });
  engines.push(engine);
  const board = await engine.create("b");
  if ("code" in board) throw new Error(board.code);
  const timers = createVirtualTimers();
  const faults: unknown[] = [];
  const hub = createHub({
    engine,
    limits: DEFAULT_LIMITS,
    timers,
    prices: await openPriceBook({}),
    host: {
      run(work, done) {
        while (work.next().done !== true);
        done();
      },
      search: () => () => undefined,
    },
    fault: (error) => faults.push(error),
  });
  const clients: StageClient[] = [];
  return {
    engine,
    board,
    hub,
    timers,
    faults,
    join({ beatMs = 2000, agent = "ann" } = {}) {
      const client = new StageClient(timers);
      client.session = hub.open({ agent, beatMs, transport: client });
      client.session.welcome();
      clients.push(client);
      return client;
    },
    async write(...commands) {
      await Promise.all(commands.map((command) => board.submit({ actor: "bob", source: "http", command })));
    },
    async pass(ms, stepMs = 10) {
      for (let left = ms; left > 0; left -= stepMs) {
        timers.pass(Math.min(stepMs, left));
        for (const client of clients) {
          if (!client.reads || client.closed !== undefined) continue;
          if (client.waitingBytes > 0) client.read();
          if (client.acks && client.syncs > 0) client.ack();
        }
        await turns(2);
      }
    },
  };
}

export const put = (key: string, value: unknown): Command => ({
  type: "entry.put",
  key,
  value: JSON.stringify(value) as JsonText,
});
