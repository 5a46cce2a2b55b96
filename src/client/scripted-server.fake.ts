// Owns a server for unit tests: a small board that speaks both sides' words over sockets and HTTP, on a clock that stands still
// until it is moved. Does not own the law or the feed; the real server is tried in test/.

import { SESSION_LIMITS } from "../protocol/wire/session-limits.ts";
import type { Environment, FetchInit, ResponseLike, SocketEvents, Wake } from "./environment.ts";

interface Timer {
  readonly atMs: number;
  readonly run: () => void;
}
type Message = { readonly id?: number; readonly method: string; readonly params: Record<string, unknown> };
type Entry = { readonly key: string; readonly value: unknown; readonly rev: number; readonly seq: number };

export class ScriptedSocket {
  readonly url: string;
  readonly received: Message[] = [];
  readonly events: SocketEvents;
  open = true;
  constructor(url: string, events: SocketEvents) {
    this.url = url;
    this.events = events;
  }
  send(message: object): void {
    if (this.open) this.events.message(JSON.stringify({ jsonrpc: "2.0", ...message }));
  }
  push(method: string, params: object): void {
    this.send({ method, params });
  }
  close(code: number, reason = ""): void {
    if (!this.open) return;
    this.open = false;
    this.events.closed(code, reason);
  }
  /** What came by this method. */
  of(method: string): Message[] {
    return this.received.filter((message) => message.method === method);
  }
}

export interface HttpRequest {
  readonly url: URL;
  readonly init: FetchInit;
}

export class ScriptedServer {
  nowMs = 1_000_000;
  readonly sockets: ScriptedSocket[] = [];
  readonly requests: HttpRequest[] = [];
  /** Sockets that are asked for fail at once. */
  refuseSockets = false;
  /** Sockets that are asked for never open. */
  muteSockets = false;
  /** Answers a request by HTTP; without it the server cannot be reached so. */
  http: ((request: HttpRequest) => ResponseLike | Promise<ResponseLike>) | undefined;
  /** Requests of a socket that are not answered, by method. */
  readonly ignored = new Set<string>();
  epoch = "e1";
  seq = 0;
  readonly entries = new Map<string, Entry>();
  readonly outcomes = new Map<string, { seq: number; made: object }>();
  beatMs = 2000;
  #chance = 1;
  readonly #timers = new Set<Timer>();
  readonly #wakes = new Set<(wake: Wake) => void>();

  readonly environment: Environment = {
    now: () => this.nowMs,
    wallNow: () => this.nowMs + 1_700_000_000_000,
    setTimer: (run, delayMs) => {
      const timer = { atMs: this.nowMs + Math.max(1, delayMs), run };
      this.#timers.add(timer);
      return () => void this.#timers.delete(timer);
    },
    // The same numbers in every run.
    random: () => (this.#chance = (this.#chance * 48_271) % 2_147_483_647) / 2_147_483_647,
    openSocket: (url, _protocol, events) => this.#accept(url, events),
    fetch: async (url, init) => {
      const request = { url: new URL(url), init };
      this.requests.push(request);
      if (this.http === undefined) throw new TypeError("fetch failed");
      return this.http(request);
    },
    onWake: (listener) => {
      this.#wakes.add(listener);
      return () => void this.#wakes.delete(listener);
    },
    resolveUrl: (url) => url,
  };

  get timers(): number {
    return this.#timers.size;
  }
  wake(wake: Wake): void {
    for (const listener of this.#wakes) listener(wake);
  }

  #accept(url: string, events: SocketEvents): { send(text: string): void; close(): void } {
    const socket = new ScriptedSocket(url, events);
    this.sockets.push(socket);
    const { refuseSockets } = this;
    if (!this.muteSockets)
      this.environment.setTimer(() => {
        if (!socket.open) return;
        if (refuseSockets) return socket.close(1006);
        events.opened();
        if (socket.open)
          socket.push("welcome", {
            protocol: "swarmboard.v1",
            revision: 1,
            beatMs: this.beatMs,
            limits: SESSION_LIMITS,
          });
      }, 1);
    return {
      send: (text) => {
        const message = JSON.parse(text) as Message;
        socket.received.push(message);
        this.environment.setTimer(() => socket.open && this.#answer(socket, message), 1);
      },
      close: () => {
        socket.open = false;
      },
    };
  }

  #answer(socket: ScriptedSocket, { id, method, params }: Message): void {
    if (id === undefined || this.ignored.has(method)) return;
    if (method === "subscribe") return this.#subscribe(socket, id, params);
    if (method !== "command") return socket.send({ id, result: { sub: params["sub"] } });
    const result = this.apply(params["id"] as string, params["command"] as Record<string, unknown>);
    socket.send({ id, result });
    if (!("duplicate" in result)) this.tell();
  }

  #subscribe(socket: ScriptedSocket, id: number, params: Record<string, unknown>): void {
    const answer = this.subscribed(params["sub"] as string, params["cursor"] as string | undefined);
    socket.send({ id, result: answer });
    const { sub } = answer;
    socket.push("sync", this.sync(sub, answer.position.seq, answer.position.seq === 0));
  }

  subscribed(sub: string, cursor: string | undefined) {
    const [epoch, , seq] = (cursor ?? "..").split(".");
    const good = epoch === this.epoch && Number(seq) <= this.seq;
    const reset = cursor === undefined || good ? {} : { reset: "epoch" };
    const position = { epoch: this.epoch, seq: good ? Number(seq) : 0 };
    return { sub, position, resume: `${this.epoch}.f`, clock: 5, ...reset };
  }

  sync(sub: string, from: number, reset: boolean): object {
    const put = [...this.entries.values()].filter(({ seq }) => reset || seq > from);
    return { sub, from, to: this.seq, ...(reset ? { reset: "start" } : {}), entries: { put } };
  }

  /** Applies a command, each id once. */
  apply(id: string, command: Record<string, unknown>): object {
    const before = this.outcomes.get(id);
    if (before !== undefined) return { ...before, duplicate: true };
    const outcome = { seq: this.write(command["key"] as string, command["value"]), made: {} };
    this.outcomes.set(id, outcome);
    return outcome;
  }

  write(key: string, value: unknown): number {
    const seq = ++this.seq;
    this.entries.set(key, { key, value, rev: (this.entries.get(key)?.rev ?? 0) + 1, seq });
    return seq;
  }

  /** Sends what is new to every subscription of every open socket. */
  tell(from = this.seq - 1): void {
    for (const socket of this.sockets.filter(({ open }) => open))
      for (const { params } of socket.of("subscribe"))
        socket.push("sync", this.sync(params["sub"] as string, from, false));
  }

  beat(board = "default"): void {
    for (const socket of this.sockets)
      socket.push("beat", { at: this.nowMs, boards: { [board]: { seq: this.seq, clock: this.nowMs } } });
  }

  get socket(): ScriptedSocket {
    const last = this.sockets.at(-1);
    if (last === undefined) throw new Error("no socket was asked for");
    return last;
  }

  /** Moves the clock, running what is due in its order, and lets promises settle in between. */
  async run(ms: number): Promise<void> {
    const endMs = this.nowMs + ms;
    for (;;) {
      await settle();
      const [next] = [...this.#timers].sort((a, b) => a.atMs - b.atMs);
      if (next === undefined || next.atMs > endMs) break;
      this.nowMs = Math.max(this.nowMs, next.atMs);
      this.#timers.delete(next);
      next.run();
    }
    this.nowMs = endMs;
  }
}

const settle = () => new Promise<void>((resolve) => void setImmediate(resolve));
