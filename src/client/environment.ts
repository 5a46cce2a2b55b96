// Owns everything that the client takes from its surroundings: clocks, timers, chance, sockets, requests, signs of waking.
// Does not decide anything. The only file of the client that touches globals, so a simulation replaces it whole.

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
  addEventListener(name: string, listener: (event: never) => void): void;
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
  /** An absolute http(s) address without a slash at the end. */
  resolveUrl(url: string): string;
}

interface Platform {
  readonly WebSocket?: WebSocketClass;
  readonly location?: { readonly href: string };
  readonly document?: EventTarget & { readonly visibilityState: string };
  readonly addEventListener?: EventTarget["addEventListener"];
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
    openSocket: (url, protocol, events) => openSocket(choices.WebSocket ?? platform.WebSocket, url, protocol, events),
    fetch: choices.fetch ?? ((url, init) => fetch(url, init)),
    onWake: (listener) => listenForWakes(platform, listener),
    resolveUrl: (url) =>
      new URL(url.replace(/^ws/, "http"), platform.location?.href).href.replace(/\/*(?:[?#].*)?$/, ""),
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

// A variable, so that bundlers for browsers leave the module alone. Only Node 20 gets here; the package depends on `ws`.
const NODE_SOCKETS: string = "ws";

function openSocket(
  known: WebSocketClass | undefined,
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
  const open = (Socket: WebSocketClass) => {
    if (closed) return;
    socket = new Socket(url, [protocol]);
    socket.addEventListener("open", () => closed || events.opened());
    socket.addEventListener("message", (event: { data: unknown }) => closed || events.message(event.data));
    socket.addEventListener("close", (event: { code: number; reason: string }) => ended(event.code, event.reason));
    // An error is followed by a close, which tells more; without a listener Node's `ws` would throw.
    socket.addEventListener("error", () => undefined);
  };
  const failed = (error: unknown) => ended(1006, `no socket can be opened here: ${String(error)}`);
  // Always later: the caller does not hold the handle yet.
  void (known === undefined ? nodeSockets() : Promise.resolve(known)).then(open).catch(failed);
  return {
    send: (text) => socket?.send(text),
    close(code) {
      closed = true;
      socket?.close(code);
    },
  };
}

async function nodeSockets(): Promise<WebSocketClass> {
  const loaded = (await import(/* @vite-ignore */ /* webpackIgnore: true */ NODE_SOCKETS)) as {
    WebSocket: WebSocketClass;
  };
  return loaded.WebSocket;
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
