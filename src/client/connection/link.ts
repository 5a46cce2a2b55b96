// Owns the sockets, requests and timers behind the connection's states, and does what the machine says.
// Does not decide anything (machine.ts), nor what is said over a connection (its user). Invariant: at most one transport is in use.

import { DEFAULT_BEAT_MS, WIRE_REVISION } from "../../protocol/wire/session-limits.ts";
import type { Environment } from "../environment.ts";
import { createSocket } from "../transports/socket.ts";
import type { HttpFallback, Limits, Transport, Upward } from "../transports/transport.ts";
import { step, wakeAtMs } from "./machine.ts";
import type { Connection, ConnectionEvent, Effect, HttpWay, Progress, SocketId, Timing } from "./phases.ts";
import { initialConnection } from "./transitions.ts";

export interface LinkOptions {
  readonly environment: Environment;
  readonly baseUrl: string;
  readonly agent: string | undefined;
  readonly software: string;
  /** Called before each connection. One that fails is a connection that fails. */
  readonly token: (() => string | undefined | Promise<string>) | undefined;
  readonly beatMs: number | undefined;
  readonly timing: Timing;
  /** Asked for when sockets fail. */
  readonly fallback: () => Promise<HttpFallback>;
  /** What comes from the transport in use. */
  readonly up: Upward;
  /** Another transport can be used from now on: subscribe and send again. `undefined`: none can. */
  readonly onTransport: (transport: Transport | undefined, limits: Limits) => void;
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

/** Without a session there is nothing to acknowledge; a few commands at once leave a browser's connections for the streams. */
const HTTP_LIMITS: Limits = { inFlight: 2, messageBytes: Infinity, ackBytes: Infinity, ackMs: 60_000 };

export function createLink(options: LinkOptions): Link {
  const { environment, timing, up, baseUrl, agent } = options;
  let state: Connection = initialConnection(environment.now());
  /** The socket that the state names, and its transport once there is one (a token may have to come first). */
  let socket: { readonly id: SocketId; transport?: Transport } | undefined;
  let http: { transport?: Transport } | undefined;
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
    const atMs = wakeAtMs(state);
    if (timer !== undefined && timer.atMs <= atMs) return;
    timer?.cancel();
    timer = undefined;
    if (atMs === Infinity) return;
    const wake = () => {
      timer = undefined;
      dispatch({ kind: "wake" });
    };
    timer = { atMs, cancel: environment.setTimer(wake, atMs - environment.now()) };
  }

  function run(effect: Effect): void {
    switch (effect.kind) {
      case "open":
        return void open(effect.socket);
      case "close":
        return closeSocket(effect.socket);
      case "ping":
        return socket?.transport?.ping();
      case "http":
        endHttp();
        return void follow(effect.way);
      case "end-http":
        return endHttp();
      default:
        effect satisfies never;
    }
  }

  function use(transport: Transport | undefined, limits = HTTP_LIMITS): void {
    used = transport;
    options.onTransport(transport, limits);
  }

  function end(transport: Transport | undefined): void {
    transport?.close();
    if (transport !== undefined && used === transport) use(undefined);
  }

  function closeSocket(id: SocketId): void {
    if (socket?.id !== id) return;
    const { transport } = socket;
    socket = undefined;
    end(transport);
  }

  function endHttp(): void {
    const transport = http?.transport;
    http = undefined;
    end(transport);
  }

  function lostSocket(id: SocketId, code: number, reason: string): void {
    closeSocket(id);
    dispatch({ kind: "closed", socket: id, code, reason });
  }

  function lostHttp(code: number, reason: string, retryAfterMs?: number): void {
    endHttp();
    dispatch({ kind: "http-failed", code, reason, retryAfterMs });
  }

  async function open(id: SocketId): Promise<void> {
    const mine: NonNullable<typeof socket> = { id };
    socket = mine;
    const isMine = () => socket === mine;
    try {
      const token = options.token && (await options.token());
      // The machine may have given this attempt up meanwhile.
      if (!isMine()) return;
      const query = new URLSearchParams({
        ...(agent === undefined ? {} : { agent }),
        revision: String(WIRE_REVISION),
        beatMs: String(options.beatMs ?? DEFAULT_BEAT_MS),
        client: options.software,
      });
      const transport = createSocket({
        environment,
        url: `${baseUrl.replace(/^http/, "ws")}/ws/blackboard?${query}`,
        token,
        up: {
          ...up,
          welcomed(beatMs, limits) {
            dispatch({ kind: "welcomed", socket: id, beatMs });
            // The machine ended HTTP just now, if it was followed.
            if (isMine()) use(transport, limits);
          },
          sign: () => dispatch({ kind: "sign", socket: id }),
          drain: (drain) => dispatch({ kind: "drain", socket: id, ...drain }),
          closed: (code, reason) => lostSocket(id, code, reason),
        },
      });
      mine.transport = transport;
    } catch (error) {
      if (isMine()) lostSocket(id, 0, String(error));
    }
  }

  async function follow(way: HttpWay): Promise<void> {
    const mine: NonNullable<typeof http> = {};
    http = mine;
    const isMine = () => http === mine;
    try {
      const [create, token] = [await options.fallback(), await options.token?.()];
      if (!isMine()) return;
      const failed: typeof lostHttp = (...how) => {
        if (isMine()) lostHttp(...how);
      };
      const heard = () => dispatch({ kind: "heard" });
      mine.transport = create({ environment, baseUrl, agent, token, way, up: { ...up, heard, failed } });
      use(mine.transport);
    } catch (error) {
      if (isMine()) lostHttp(0, String(error));
    }
  }

  const stopListening = environment.onWake((wake) => {
    if (wake !== "hidden") dispatch({ kind: wake === "offline" ? "doubt" : "look" });
  });

  return {
    state: () => state,
    connect: () => dispatch({ kind: "connect" }),
    progress: (progress) => dispatch({ kind: "progress", progress }),
    giveUp(reason) {
      if (used !== undefined && used === http?.transport) lostHttp(0, reason);
      else if (socket !== undefined) lostSocket(socket.id, 0, reason);
    },
    close() {
      dispatch({ kind: "stop" });
      closed = true;
      timer?.cancel();
      stopListening();
    },
  };
}
