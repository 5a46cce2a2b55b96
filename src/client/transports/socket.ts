// Owns JSON-RPC over one WebSocket (protocol, sections 3 to 8): requests by number, pushes by name.
// Does not own reconnecting (connection/) or what a sync means (replica.ts). A message that cannot be read ends the connection.

import { type AckMeter, createAckMeter } from "../ack-meter.ts";
import { CLOSE } from "../../protocol/wire/close-codes.ts";
import type { Beat, CommandResult, Drain, Subscribed, Sync, Welcome } from "../../protocol/wire/down.ts";
import { SUBPROTOCOL } from "../../protocol/wire/session-limits.ts";
import type { Environment } from "../environment.ts";
import { parseJson } from "../exact-json.ts";
import { type Problem, problem, readProblem } from "../problem.ts";
import type { Feed, Limits, SocketUpward, Transport } from "./transport.ts";

export interface SocketOptions {
  readonly environment: Environment;
  readonly url: string;
  readonly token: string | undefined;
  readonly up: SocketUpward;
}

/** What a request was about, for when its answer comes. */
type Asked =
  | { readonly kind: "subscribe" | "window"; readonly sub: string }
  | { readonly kind: "command"; readonly id: string }
  | { readonly kind: "authenticate" };

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: unknown;
  readonly result?: unknown;
  readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown };
}

function problemOf(error: NonNullable<Message["error"]>): Problem {
  const code = error.code === -32601 ? "unknown_method" : "bad_request";
  return readProblem(error.data, problem(code, "no", error.message));
}

export function createSocket({ environment, url, token, up }: SocketOptions): Transport {
  // Bounded: 16 subscriptions, one move each, `maxInFlight` commands, one token.
  const asked = new Map<number, Asked>();
  /** The newest request of each subscription; answers to earlier ones mean nothing. */
  const newest = new Map<string, number>();
  let lastId = 0;
  /** Begun by the welcome, which comes before any sync (W-CONN-4). */
  let acks: AckMeter | undefined;
  let open = false;

  const socket = environment.openSocket(url, SUBPROTOCOL, {
    opened() {
      open = true;
      if (token !== undefined) request("authenticate", JSON.stringify({ token }), { kind: "authenticate" });
    },
    message: receive,
    closed(code, reason) {
      over();
      up.closed(code, reason);
    },
  });

  function over(): void {
    open = false;
    acks?.end();
  }

  function close(): void {
    over();
    socket.close(1000);
  }

  /** `params` is JSON. */
  function send(method: string, params: string, id?: number): void {
    const name = id === undefined ? "" : `"id":${id},`;
    if (open) socket.send(`{"jsonrpc":"2.0",${name}"method":"${method}","params":${params}}`);
  }

  function request(method: string, params: string, about?: Asked): number {
    const id = ++lastId;
    if (about !== undefined) asked.set(id, about);
    send(method, params, id);
    return id;
  }

  function end(code: number, reason: string): void {
    close();
    up.closed(code, reason);
  }

  function receive(data: unknown): void {
    let message: Message;
    try {
      // What is no text is no JSON either.
      message = parseJson(data as string) as Message;
      up.sign();
      if (message.method === undefined) answer(message);
      else push(message.method, message.params, (data as string).length);
    } catch (error) {
      end(CLOSE.fault.code, `not understood: ${String(error)}`);
    }
  }

  function push(method: string, params: unknown, sizeBytes: number): void {
    switch (method) {
      case "sync": {
        // What an earlier subscription of this name sent before the newest one was made belongs to nobody.
        const sync = params as Sync;
        if (isCurrent(sync.sub)) up.sync(sync.sub, sync);
        return acks?.received(sizeBytes);
      }
      case "beat":
        return up.beat(params as Beat);
      case "drain":
        return up.drain(params as Drain);
      case "welcome": {
        const { beatMs, limits } = params as Welcome;
        acks = createAckMeter(environment, limits as unknown as Limits, (syncs) => send("ack", `{"syncs":${syncs}}`));
        return up.welcomed(beatMs, limits as unknown as Limits);
      }
      default:
      // A push of a later revision (W-VER-1).
    }
  }

  const isCurrent = (sub: string): boolean => {
    const id = newest.get(sub);
    return id !== undefined && !asked.has(id);
  };

  function answer({ id = -1, result, error }: Message): void {
    const about = asked.get(id);
    asked.delete(id);
    if (about === undefined) return;
    switch (about.kind) {
      case "subscribe":
        if (newest.get(about.sub) !== id) return;
        if (error === undefined) return up.subscribed(about.sub, result as Subscribed);
        newest.delete(about.sub);
        return up.notSubscribed(about.sub, problemOf(error));
      case "window":
        return up.moved(about.sub);
      case "command":
        if (error === undefined) return up.done(about.id, result as CommandResult);
        return up.refused(about.id, problemOf(error));
      case "authenticate":
        if (error !== undefined) end(CLOSE.unauthenticated.code, problemOf(error).detail);
        return;
      default:
        about satisfies never;
    }
  }

  function subscribe(feed: Feed): void {
    const { name: sub, board, rateMs } = feed;
    const params = { sub, board, ...feed.filter(), cursor: feed.cursor(), rateMs };
    newest.set(sub, request("subscribe", JSON.stringify(params), { kind: "subscribe", sub }));
  }

  return {
    kind: "socket",
    subscribe,
    unsubscribe({ name: sub }) {
      newest.delete(sub);
      request("unsubscribe", JSON.stringify({ sub }));
    },
    moveWindow: ({ name: sub }, move) =>
      void request("window", JSON.stringify({ sub, ...move }), { kind: "window", sub }),
    command: ({ id, board, text, trace }) =>
      void request("command", `${JSON.stringify({ board, id, trace }).slice(0, -1)},"command":${text}}`, {
        kind: "command",
        id,
      }),
    ping: () => void request("ping", "{}"),
    close,
  };
}
