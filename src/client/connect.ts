// Owns the client as a whole: it makes the parts and wires them, peers not knowing one another.
// Does not own any behaviour of its own. `connect` begins at once; `close` ends everything.

import { createBoard, type Board } from "./board.ts";
import { createCommandQueue } from "./command-queue.ts";
import { createLink } from "./connection/link.ts";
import { DEFAULT_TIMING, FIRST_CEILING_MS } from "./connection/phases.ts";
import { type Environment, type FetchLike, platformEnvironment, type WebSocketClass } from "./environment.ts";
import { createListeners } from "./listeners.ts";
import { problem } from "./problem.ts";
import type { Cache } from "./replica-cache.ts";
import { sameStatus, type Status, statusOf } from "./status.ts";
import { createSubscriptionSet } from "./subscription-set.ts";
import type { HttpFallback } from "./transports/transport.ts";

export interface ConnectOptions {
  /** Who acts: 1 to 512 bytes of UTF-8. `anonymous` by default. */
  readonly agent?: string;
  /** A token, or what gives one: it is asked before each connection, so that it can be renewed. */
  readonly token?: string | (() => string | Promise<string>);
  /** Name and version of the software, for operators. */
  readonly client?: string;
  /** Ceiling of the back-off between attempts, in ms: 500 to 30000, by default 3000 (W-BACK-1). */
  readonly reconnectMaxMs?: number;
  /** The first attempt after a live connection waits a random part of this, in ms; 1000 by default, 0 for none. */
  readonly reconnectJitterMs?: number;
  /** How often the server gives a sign of life, in ms: 250 to 25000, by default 2000. */
  readonly beatMs?: number;
  /** How long a command is tried, in ms, up to 2^31 - 1; 60000 by default. */
  readonly commandTimeoutMs?: number;
  /** Audit notes that a subscription keeps, 1000 by default; the oldest go. */
  readonly keepNotes?: number;
  /** Keeps what is shown beyond the page or process: `localStorageCache()`, `fileCache(folder)`, or your own. */
  readonly cache?: Cache;
  /** Another WebSocket class than the platform's, such as that of the package `ws`. */
  readonly WebSocket?: WebSocketClass;
  /** Another `fetch` than the platform's. */
  readonly fetch?: FetchLike;
  /**
   * What takes over where sockets do not work. By default it is loaded when it is needed; to have it in the program from the start,
   * give `httpFallback` from `swarmboard/client/http`.
   */
  readonly fallback?: HttpFallback;
  /** Everything that the client takes from its surroundings; for simulations. */
  readonly environment?: Environment;
}

/** A sign of life of the server, with what its clock said. Both in ms since 1970. */
export interface HeardBeat {
  readonly heardAtMs: number;
  readonly serverAtMs: number;
}

export interface Client {
  /** The server's address. */
  readonly url: string;
  /** Another object after each change. */
  readonly status: Status;
  onStatus(listener: (status: Status) => void): () => void;
  board<Value = unknown>(name?: string): Board<Value>;
  /** The newest beat, another object each time; undefined before the first. By it a page shows how old its data is. */
  readonly beat: HeardBeat | undefined;
  onBeat(listener: (beat: HeardBeat) => void): () => void;
  /** Tries to connect now, also after the server said to stay away. */
  reconnect(): void;
  /** Ends the connection, the subscriptions and the commands that have no answer. */
  close(): void;
}

/** `url`: address of the server; in browsers, by default that of the page. http and ws mean the same. */
export function connect(url = "/", options: ConnectOptions = {}): Client {
  const { token, cache, agent, reconnectMaxMs = DEFAULT_TIMING.maxCeilingMs, reconnectJitterMs } = options;
  const environment = options.environment ?? platformEnvironment(options);
  const baseUrl = environment.resolveUrl(url);
  const onStatus = createListeners<Status>();
  const onBeat = createListeners<HeardBeat>();
  let beat: HeardBeat | undefined;
  const boards = new Map<string, Board>();
  let closed = false;

  const queue = createCommandQueue(environment, options.commandTimeoutMs ?? 60_000);
  const subscriptions = createSubscriptionSet({
    environment,
    keepNotes: options.keepNotes ?? 1000,
    cache,
    cachePrefix: `${baseUrl} ${agent ?? ""}`,
    onProgress: (progress) => link.progress(progress),
    onHopeless: (reason) => link.giveUp(reason),
  });
  const link = createLink({
    environment,
    baseUrl,
    agent,
    software: options.client ?? "swarmboard-js",
    token: typeof token === "string" ? () => token : token,
    beatMs: options.beatMs,
    fallback: async () => options.fallback ?? (await import("./transports/http.ts")).httpFallback,
    timing: {
      ...DEFAULT_TIMING,
      maxCeilingMs: Math.min(30_000, Math.max(FIRST_CEILING_MS, reconnectMaxMs)),
      jitterMs: reconnectJitterMs ?? DEFAULT_TIMING.jitterMs,
      canRenewToken: token !== undefined,
    },
    up: {
      ...subscriptions.up,
      done: queue.done,
      refused: queue.refused,
      beat(told) {
        beat = { heardAtMs: environment.wallNow(), serverAtMs: told.at };
        // First what it says of the boards, so that a listener finds the status that follows from it.
        subscriptions.up.beat(told);
        onBeat.tell(beat);
      },
    },
    onTransport(transport, limits) {
      subscriptions.use(transport);
      queue.use(transport, limits);
    },
    onState(state) {
      const next = statusOf(state, environment.wallNow() - environment.now());
      queue.bar(next.phase === "stopped" ? problem(closed ? "closed" : "stopped", "no", next.reason) : undefined);
      if (sameStatus(status, next)) return;
      status = next;
      onStatus.tell(next);
    },
  });
  let status = statusOf(link.state(), environment.wallNow() - environment.now());
  const stopListening = environment.onWake((wake) => {
    if (wake === "hidden") subscriptions.flush();
  });
  link.connect();

  return {
    url: baseUrl,
    get status() {
      return status;
    },
    onStatus: onStatus.add,
    get beat() {
      return beat;
    },
    onBeat: onBeat.add,
    board(name = "default") {
      let board = boards.get(name);
      if (board === undefined)
        boards.set(
          name,
          (board = createBoard({ environment, name, agent: agent ?? "anonymous", queue, subscriptions })),
        );
      return board;
    },
    reconnect: () => link.connect(),
    close() {
      closed = true;
      subscriptions.close();
      link.close();
      stopListening();
    },
  };
}
