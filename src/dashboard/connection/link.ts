// Owns the socket, the request and the timer behind the connection's states, and does what the machine says.
// Does not decide anything (machine.ts). Invariant: listeners are added with addEventListener, so a reader's own `ws.onmessage` harms nothing.

import type { FullFrame } from "../../protocol/index.ts";
import { readFrame } from "./frame-text.ts";
import { initialConnection, step, wakeAtMs } from "./machine.ts";
import {
  type Connection,
  type ConnectionEvent,
  currentSocket,
  DEFAULT_TIMING,
  type Effect,
  type SocketId,
  type Timing,
} from "./phases.ts";

export interface LinkOptions {
  readonly socketUrl: string;
  /** The HTTP route that answers with the same frame. */
  readonly viewUrl: string;
  readonly reconnectMs: number;
  readonly onFrame: (frame: FullFrame, nowMs: number) => void;
  /** The server says that nothing changed since the last frame, so what is shown is as fresh as now. */
  readonly onUnchanged: (nowMs: number) => void;
  readonly onState: (state: Connection) => void;
  /** Why the last request by HTTP failed, or undefined when it did not. */
  readonly onHttpProblem: (problem: string | undefined) => void;
}

export interface Link {
  /** The present socket, open or opening. */
  socket(): WebSocket | undefined;
  state(): Connection;
  /** Closes the present socket first, then opens another. */
  reconnect(): void;
  setReconnectMs(ms: number): void;
  close(): void;
}

/** A request by HTTP that takes longer is given up, in ms. */
const REQUEST_TIMEOUT_MS = 10_000;

function closeReason(event: CloseEvent): string {
  if (event.reason !== "") return `the server closed the socket: ${event.reason}`;
  return event.code === 1006 ? "the server cannot be reached" : `the socket was closed (${event.code})`;
}

/** What went wrong with an answer, in the server's own words where it gave any. */
async function problemOf(response: Response): Promise<string> {
  try {
    const body = (await response.json()) as { detail?: unknown; title?: unknown };
    const words = typeof body.title === "string" ? body.title : body.detail;
    if (typeof words === "string") return words.replace(/\.$/, "");
  } catch {
    // Not JSON: the status must do.
  }
  return `the server answered ${response.status}`;
}

export function createLink(options: LinkOptions): Link {
  let timing: Timing = { ...DEFAULT_TIMING, reconnectMs: options.reconnectMs };
  let state: Connection = initialConnection(Date.now());
  let held: { readonly id: SocketId; readonly socket: WebSocket; readonly quiet: AbortController } | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let request: AbortController | undefined;
  let etag: string | undefined;
  let warned = false;
  let closed = false;

  function warnOnce(): void {
    if (warned) return;
    warned = true;
    console.warn("Swarmboard: a frame that cannot be read was ignored (this is said once).");
  }

  function dispatch(event: ConnectionEvent): void {
    if (closed) return;
    const next = step(state, event, Date.now(), timing);
    const changed = next.state !== state;
    state = next.state;
    for (const effect of next.effects) run(effect);
    schedule();
    if (changed) options.onState(state);
  }

  function schedule(): void {
    clearTimeout(timer);
    // A timer may fire a millisecond early, and one in the past would spin: never less than 20 ms.
    timer = setTimeout(() => dispatch({ kind: "wake" }), Math.max(20, wakeAtMs(state, timing) - Date.now()));
  }

  function run(effect: Effect): void {
    switch (effect.kind) {
      case "open":
        if (effect.again) console.log("Attempting to reconnect...");
        return open(effect.socket);
      case "close":
        return drop();
      case "poll":
        void poll();
        return;
      default:
        effect satisfies never;
    }
  }

  function drop(): void {
    held?.quiet.abort();
    held?.socket.close(1000);
    held = undefined;
  }

  function open(id: SocketId): void {
    drop();
    console.log(`Connecting to WebSocket: ${options.socketUrl}`);
    let socket: WebSocket;
    try {
      socket = new WebSocket(options.socketUrl);
    } catch {
      // A browser or extension without sockets counts as one whose socket was closed: HTTP takes over. Not at once,
      // because the event that asked for this socket is still being handled.
      queueMicrotask(() => dispatch({ kind: "closed", socket: id, reason: "this browser cannot open a socket" }));
      return;
    }
    const quiet = new AbortController();
    const { signal } = quiet;
    held = { id, socket, quiet };
    socket.addEventListener("open", () => console.log("WebSocket connected"), { signal });
    socket.addEventListener("message", (event: MessageEvent<unknown>) => receive(id, event.data), { signal });
    socket.addEventListener(
      "close",
      (event) => {
        if (held?.id === id) held = undefined;
        dispatch({ kind: "closed", socket: id, reason: closeReason(event) });
      },
      { signal },
    );
  }

  function receive(id: SocketId, data: unknown): void {
    const frame = typeof data === "string" ? readFrame(data) : undefined;
    if (frame === undefined) return warnOnce();
    options.onFrame(frame, Date.now());
    dispatch({ kind: "frame", socket: id });
  }

  /** One request at a time; a second wish while one is under way is served by that one. */
  async function poll(): Promise<void> {
    if (request !== undefined) return;
    const mine = new AbortController();
    request = mine;
    const timeout = setTimeout(() => mine.abort(), REQUEST_TIMEOUT_MS);
    let problem: string | undefined;
    try {
      const headers: Record<string, string> = etag === undefined ? {} : { "If-None-Match": etag };
      const response = await fetch(options.viewUrl, { headers, cache: "no-store", signal: mine.signal });
      if (response.status === 304) options.onUnchanged(Date.now());
      else if (response.ok) {
        const frame = readFrame(await response.text());
        if (frame === undefined) {
          warnOnce();
          problem = "the server's answer cannot be read";
        } else if (!closed) {
          etag = response.headers.get("etag") ?? undefined;
          options.onFrame(frame, Date.now());
        }
      } else problem = await problemOf(response);
    } catch {
      problem = "the server cannot be reached";
    } finally {
      clearTimeout(timeout);
      request = undefined;
    }
    if (closed) return;
    options.onHttpProblem(problem);
    dispatch(problem === undefined ? { kind: "answered" } : { kind: "unanswered", reason: problem });
  }

  // A laptop that wakes up, a tab that is shown again, a network that returns: look at once instead of at the next timer.
  const look = () => dispatch(state.phase === "offline" ? { kind: "reconnect" } : { kind: "wake" });
  const lookWhenShown = () => {
    if (document.visibilityState === "visible") look();
  };
  window.addEventListener("online", look);
  document.addEventListener("visibilitychange", lookWhenShown);

  dispatch({ kind: "reconnect" });

  return {
    socket: () => (currentSocket(state) === undefined ? undefined : held?.socket),
    state: () => state,
    reconnect: () => dispatch({ kind: "reconnect" }),
    setReconnectMs(ms) {
      timing = { ...timing, reconnectMs: ms };
      schedule();
    },
    close() {
      closed = true;
      clearTimeout(timer);
      request?.abort();
      drop();
      window.removeEventListener("online", look);
      document.removeEventListener("visibilitychange", lookWhenShown);
    },
  };
}
