// Owns the sockets, requests and timers behind the connection's states, and does what the machine says.
// Does not decide anything (machine.ts), nor what is said over a connection (its user). Invariant: at most one transport is in use.

import { DEFAULT_BEAT_MS, WIRE_REVISION } from "../../protocol/wire/session-limits.ts";
import type { Environment } from "../environment.ts";
import { createSocket } from "../transports/socket.ts";
import type { HttpFallback, HttpUpward, SocketUpward, Transport, Upward } from "../transports/transport.ts";
import { initialConnection, step, wakeAtMs } from "./machine.ts";
import type { Connection, ConnectionEvent, Effect, HttpWay, Progress, SocketId, Timing } from "./phases.ts";

export interface LinkOptions {
  readonly environment: Environment;
  readonly baseUrl: string;
  readonly agent: string | undefined;
  readonly software: string;
  /** Called before each connection. */
  readonly token: (() => string | Promise<string>) | undefined;
  readonly beatMs: number | undefined;
  readonly timing: Timing;
  /** Asked for when sockets fail. */
  readonly fallback: () => Promise<HttpFallback>;
  /** What comes from the transport in use. */
  readonly up: Upward;
  /** Another transport can be used from now on: subscribe and send again. `undefined`: none can. */
  readonly onTransport: (transport: Transport | undefined, limits: Readonly<Record<string, number>>) => void;
  readonly onState: (state: Connection) => void;
}

export interface Link {
  state(): Connection;
  connect(): void;
  progress(progress: Progress): void;
  /** What came cannot be made sense of: a new connection is the last resort. */
  giveUp(reason: string): void;
  close(): void;
}

const NO_LIMITS = {};

export function createLink(options: LinkOptions): Link {
  const { environment, timing, up, baseUrl } = options;
  let state: Connection = initialConnection(environment.now());
  let socket: { readonly id: SocketId; readonly transport: Transport } | undefined;
  /** The socket that is to be opened once its token is there. */
  let wanted: SocketId = 0;
  let http: Transport | undefined;
  /** Counts, so that a token that comes too late begins nothing. */
  let followsBegun = 0;
  let used: Transport | undefined;
  let timer: { readonly atMs: number; readonly cancel: () => void } | undefined;
  let closed = false;

  function dispatch(event: ConnectionEvent): void {
    if (closed) return;
    const next = step(state, event, { nowMs: environment.now(), chance: environment.random(), timing });
    const changed = next.state !== state;
    state = next.state;
    for (const effect of next.effects) run(effect);
    schedule();
    if (changed) options.onState(state);
  }

  /** A timer that is early enough stays: frames move the time by which silence is too long, hundreds of times a second. */
  function schedule(): void {
    const atMs = wakeAtMs(state, timing);
    if (timer !== undefined && timer.atMs <= atMs) return;
    timer?.cancel();
    timer = undefined;
    if (atMs === Infinity) return;
    // A timer may fire a millisecond early, and one in the past would spin: never less than 1 ms.
    const cancel = environment.setTimer(
      () => {
        timer = undefined;
        dispatch({ kind: "wake" });
      },
      Math.max(1, Math.ceil(atMs - environment.now())),
    );
    timer = { atMs, cancel };
  }

  function run(effect: Effect): void {
    switch (effect.kind) {
      case "open":
        return void open(effect.socket);
      case "close":
        if (wanted === effect.socket) wanted = 0;
        if (socket?.id === effect.socket) drop();
        return;
      case "ping":
        return socket?.transport.ping();
      case "http":
        endHttp();
        return void follow(effect.way);
      case "end-http":
        return endHttp();
      default:
        effect satisfies never;
    }
  }

  function use(transport: Transport | undefined, limits: Readonly<Record<string, number>> = NO_LIMITS): void {
    used = transport;
    options.onTransport(transport, limits);
  }

  function drop(): void {
    const transport = socket?.transport;
    socket = undefined;
    transport?.close();
    if (transport !== undefined && used === transport) use(undefined);
  }

  function endHttp(): void {
    followsBegun++;
    const transport = http;
    http = undefined;
    transport?.close();
    if (transport !== undefined && used === transport) use(undefined);
  }

  /** The token that the user's hook gives; a hook that fails is a connection that fails. */
  const askToken = async (): Promise<string | undefined> => options.token?.();

  function socketUrl(): string {
    const query = {
      agent: options.agent,
      revision: WIRE_REVISION,
      beatMs: options.beatMs ?? DEFAULT_BEAT_MS,
      client: options.software,
    };
    const text = Object.entries(query).flatMap(([name, value]) =>
      value === undefined ? [] : [`${name}=${encodeURIComponent(value)}`],
    );
    return `${baseUrl.replace(/^http/, "ws")}/ws/blackboard?${text.join("&")}`;
  }

  async function open(id: SocketId): Promise<void> {
    drop();
    wanted = id;
    let token: string | undefined;
    try {
      // Without a hook the socket is opened in this very turn.
      if (options.token !== undefined) token = await askToken();
    } catch (error) {
      return dispatch({ kind: "closed", socket: id, code: 0, reason: String(error) });
    }
    // The machine may have given this attempt up meanwhile.
    if (closed || wanted !== id) return;
    const transport = createSocket({ environment, url: socketUrl(), token, up: fromSocket(id) });
    socket = { id, transport };
  }

  function fromSocket(id: SocketId): SocketUpward {
    return {
      ...up,
      welcomed(beatMs, limits) {
        if (socket?.id !== id) return;
        dispatch({ kind: "welcomed", socket: id, beatMs });
        // The machine ended HTTP just now, if it was followed.
        if (socket?.id === id) use(socket.transport, limits);
      },
      sign: () => dispatch({ kind: "sign", socket: id }),
      drain: (drain) => dispatch({ kind: "drain", socket: id, ...drain }),
      closed(code, reason) {
        if (socket?.id === id) drop();
        dispatch({ kind: "closed", socket: id, code, reason });
      },
    };
  }

  async function follow(way: HttpWay): Promise<void> {
    const turn = ++followsBegun;
    let fallback: HttpFallback;
    let token: string | undefined;
    try {
      fallback = await options.fallback();
      token = await askToken();
    } catch (error) {
      if (turn === followsBegun) dispatch({ kind: "http-failed", code: 0, reason: String(error) });
      return;
    }
    if (closed || turn !== followsBegun) return;
    const fromHttp: HttpUpward = {
      ...up,
      heard: () => dispatch({ kind: "heard" }),
      failed(code, reason, retryAfterMs) {
        if (turn !== followsBegun) return;
        endHttp();
        dispatch({ kind: "http-failed", code, reason, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) });
      },
    };
    http = fallback({ environment, baseUrl, agent: options.agent, token, way, timing, up: fromHttp });
    use(http);
  }

  const stopListening = environment.onWake((wake) => {
    if (wake !== "hidden") dispatch({ kind: wake === "offline" ? "doubt" : "look" });
  });

  return {
    state: () => state,
    connect: () => dispatch({ kind: "connect" }),
    progress: (progress) => dispatch({ kind: "progress", progress }),
    giveUp(reason) {
      const id = socket?.id;
      if (used !== undefined && used === http) {
        endHttp();
        return dispatch({ kind: "http-failed", code: 0, reason });
      }
      drop();
      if (id !== undefined) dispatch({ kind: "closed", socket: id, code: 0, reason });
    },
    close() {
      dispatch({ kind: "stop" });
      closed = true;
      timer?.cancel();
      stopListening();
    },
  };
}
