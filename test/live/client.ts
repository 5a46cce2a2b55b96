// Owns a client of swarmboard.v1 for tests over real sockets: it remembers what came, and replicas that follow the rules.
// Does not own the product's own client. It reads and acknowledges as a test tells it.

import { afterEach } from "vitest";
import { WebSocket } from "ws";
import type { SwarmboardServer } from "../../src/server/index.ts";
import { until } from "../server/harness.ts";
import { type Json, ReferenceReplica } from "./reference-replica.ts";

const open: LiveClient[] = [];

/** Call once at the top of a test file. */
export function endClientsAfterEach(): void {
  afterEach(() => {
    for (const client of open.splice(0)) client.ws.terminate();
  });
}

export interface LiveOptions {
  readonly path?: string;
  readonly protocols?: string | string[];
  readonly headers?: Record<string, string>;
  readonly deflate?: boolean;
  readonly acks?: boolean;
}

export class LiveClient {
  readonly ws: WebSocket;
  /** Messages in the order in which they came, parsed; the text of each beside it. */
  readonly heard: Json[] = [];
  readonly texts: string[] = [];
  readonly replicas = new Map<string, ReferenceReplica>();
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
  closeCode: number | undefined;
  acks: boolean;
  syncs = 0;
  #ids = 0;

  constructor(server: Pick<SwarmboardServer, "port">, options: LiveOptions = {}) {
    const { path = "/ws/blackboard", protocols = "swarmboard.v1", headers = {}, deflate = false } = options;
    this.acks = options.acks ?? true;
    this.ws = new WebSocket(`ws://127.0.0.1:${server.port}${path}`, protocols, { headers, perMessageDeflate: deflate });
    open.push(this);
    this.ws.on("error", () => undefined);
    this.closed = new Promise((resolve) => {
      this.ws.on("close", (code, reason) => {
        this.closeCode = code;
        resolve({ code, reason: String(reason) });
      });
    });
    // oxlint-disable-next-line typescript/no-base-to-string -- ws hands out one Buffer unless told otherwise
    this.ws.on("message", (data) => this.#take(data.toString()));
  }

  #take(text: string): void {
    const message: Json = JSON.parse(text);
    this.texts.push(text);
    this.heard.push(message);
    if (message.method !== "sync") return;
    this.syncs++;
    this.replica(message.params.sub).take(message.params);
    if (this.acks && this.syncs % 4 === 0) this.ack();
  }

  ack(): void {
    this.note("ack", { syncs: this.syncs });
  }

  replica(sub: string): ReferenceReplica {
    const replica = this.replicas.get(sub) ?? new ReferenceReplica();
    this.replicas.set(sub, replica);
    return replica;
  }

  async opened(): Promise<this> {
    await until(() => this.heard.length > 0 || this.closeCode !== undefined);
    return this;
  }

  note(method: string, params: object): void {
    if (this.ws.readyState === this.ws.OPEN) this.ws.send(JSON.stringify({ jsonrpc: "2.0", method, params }));
  }

  send(method: string, params: object | string = {}): number {
    const id = ++this.#ids;
    const text = typeof params === "string" ? params : JSON.stringify(params);
    this.ws.send(`{"jsonrpc":"2.0","id":${id},"method":"${method}","params":${text}}`);
    return id;
  }

  answer(id: number): Json {
    return this.heard.find((one) => one.id === id);
  }

  async ask(method: string, params: object | string = {}): Promise<Json> {
    await this.opened();
    const id = this.send(method, params);
    await until(() => this.answer(id) !== undefined || this.closeCode !== undefined);
    return this.answer(id);
  }

  pushes(method: string): Json[] {
    return this.heard.filter((one) => one.method === method).map(({ params }) => params);
  }

  /** The replica stands at the position or beyond it. */
  async reaches(sub: string, seq: number, ms = 10_000): Promise<ReferenceReplica> {
    await until(() => (this.replica(sub).at ?? -1) >= seq, ms);
    return this.replica(sub);
  }

  /** Stop reading: the kernel's buffers fill, and then the server's. */
  pause(): void {
    this.ws.pause();
  }

  unpause(): void {
    this.ws.resume();
  }
}
