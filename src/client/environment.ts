// Owns everything that the client takes from its surroundings: clocks, timers, chance, sockets, requests, signs of waking.
// Does not decide anything. The only file of the client that touches globals, so a simulation replaces it whole.

import type NodeModule from "node:module";

/** What a socket tells. Nothing is told after `close` was called on its handle. */
export interface SocketEvents {
  opened(): void;
  message(data: unknown): void;
  closed(code: number, reason: string): void;
}

export interface SocketHandle {
  send(text: string): void;
  close(code?: number): void;
}

/** The part of a WebSocket class that is used: that of browsers, Node 22, Bun, Deno and of the package `ws` all fit. */
export type WebSocketClass = new (url: string, protocols: string[]) => WebSocketLike;
interface WebSocketLike {
  send(text: string): void;
  close(code?: number): void;
  addEventListener(name: "open" | "error", listener: () => void): void;
  addEventListener(name: "message", listener: (event: { readonly data: unknown }) => void): void;
  addEventListener(name: "close", listener: (event: { readonly code: number; readonly reason: string }) => void): void;
}

export interface ResponseLike {
  readonly ok: boolean;
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  text(): Promise<string>;
  readonly body: { getReader(): ChunkReader } | null;
}
export interface ChunkReader {
  read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>;
  cancel(): Promise<void>;
}
export interface FetchInit {
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body?: string;
  readonly signal: AbortSignal;
  readonly cache: "no-store";
}
/** The part of `fetch` that is used. */
export type FetchLike = (url: string, init: FetchInit) => Promise<ResponseLike>;

/** The page or machine came back, is about to go, or says that the network is back or gone. */
export type Wake = "shown" | "hidden" | "online" | "offline";

export interface Environment {
  /** Milliseconds that only grow, also over sleep and over a wall clock that is set back. Their origin means nothing. */
  readonly now: () => number;
  /** Milliseconds since 1970, for people and for command ids. */
  readonly wallNow: () => number;
  /** Runs `run` after `delayMs`, or as soon as it can be if that is not above 0, but never at once; the answer cancels. */
  setTimer(run: () => void, delayMs: number): () => void;
  /** A number in [0, 1). */
  readonly random: () => number;
  openSocket(url: string, protocol: string, events: SocketEvents): SocketHandle;
  fetch: FetchLike;
  /** The answer ends the listening. */
  onWake(listener: (wake: Wake) => void): () => void;
  /** An absolute http(s) address without a slash at the end. @throws TypeError for what is none */
  resolveUrl(url: string): string;
}

interface Platform {
  readonly WebSocket?: WebSocketClass;
  readonly location?: { readonly href: string };
  readonly document?: EventTarget & { readonly visibilityState: string };
  readonly addEventListener?: EventTarget["addEventListener"];
  readonly process?: { readonly getBuiltinModule?: (name: "module") => Pick<typeof NodeModule, "createRequire"> };
}

export interface PlatformChoices {
  readonly WebSocket?: WebSocketClass | undefined;
  readonly fetch?: FetchLike | undefined;
}

/** The surroundings of a browser, a worker, Node, Bun or Deno. */
export function platformEnvironment(choices: PlatformChoices = {}): Environment {
  const platform = globalThis as unknown as Platform;
  const steadyNow = createSteadyClock();
  return {
    now: steadyNow,
    wallNow: () => Date.now(),
    setTimer(run, delayMs) {
      // Fractions are cut off by some platforms: then it would be too early, and asked for again without a pause.
      const timer = setTimeout(run, Math.max(1, Math.ceil(delayMs)));
      return () => clearTimeout(timer);
    },
    random: () => (crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) / 2 ** 32,
    openSocket: (url, protocol, events) =>
      openSocket(() => choices.WebSocket ?? platform.WebSocket ?? nodeSockets(platform), url, protocol, events),
    fetch: choices.fetch ?? ((url, init) => fetch(url, init)),
    onWake: (listener) => listenForWakes(platform, listener),
    resolveUrl(url) {
      const { href } = new URL(url.replace(/^ws/, "http"), platform.location?.href);
      // `localhost:8000` is an address too: one of the protocol `localhost:`.
      const found = /^http[^?#]*[^/?#]/.exec(href);
      if (!found) throw new TypeError(`not http: ${url}`);
      return found[0];
    },
  };
}

/** The greater step of two clocks: one stands still while the machine sleeps, the other may be set back. */
function createSteadyClock(): () => number {
  let steadyMs = Date.now();
  let wallMs = steadyMs;
  let runMs = performance.now();
  return () => {
    const stepMs = Math.max(0, Date.now() - wallMs, performance.now() - runMs);
    wallMs = Date.now();
    runMs = performance.now();
    return (steadyMs += stepMs);
  };
}

function openSocket(
  socketClass: () => WebSocketClass | undefined,
  url: string,
  protocol: string,
  events: SocketEvents,
): SocketHandle {
  let socket: WebSocketLike | undefined;
  let closed = false;
  const ended = (code: number, reason: string) => {
    if (closed) return;
    closed = true;
    events.closed(code, reason);
  };
  const open = () => {
    if (closed) return;
    const Socket = socketClass();
    if (Socket === undefined) return ended(1006, "there are no sockets here");
    socket = new Socket(url, [protocol]);
    socket.addEventListener("open", () => closed || events.opened());
    socket.addEventListener("message", (event) => closed || events.message(event.data));
    socket.addEventListener("close", (event) => ended(event.code, event.reason));
    // An error is followed by a close, which tells more; without a listener Node's `ws` would throw.
    socket.addEventListener("error", () => undefined);
  };
  // Always later: the caller does not hold the handle yet. A class that throws is a socket that fails.
  Promise.resolve()
    .then(open)
    .catch((error: unknown) => ended(1006, String(error)));
  return {
    send: (text) => socket?.send(text),
    close(code) {
      closed = true;
      socket?.close(code);
    },
  };
}

/** Node 20 has no sockets of its own; the package depends on `ws`, which bundlers for browsers do not see here. */
function nodeSockets({ process }: Platform): WebSocketClass | undefined {
  const node = process?.getBuiltinModule?.("module");
  const loaded = node?.createRequire(import.meta.url)("ws") as { readonly WebSocket: WebSocketClass } | undefined;
  return loaded?.WebSocket;
}

function listenForWakes(platform: Platform, listener: (wake: Wake) => void): () => void {
  const listening = new AbortController();
  const { document } = platform;
  for (const wake of ["online", "offline"] as const) platform.addEventListener?.(wake, () => listener(wake), listening);
  document?.addEventListener(
    "visibilitychange",
    () => listener(document.visibilityState === "hidden" ? "hidden" : "shown"),
    listening,
  );
  return () => listening.abort();
}
