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

/** What is done with an answer; `refused` where it is none. */
type Answered = (result: unknown, refused: Problem | undefined) => void;

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
  const asked = new Map<number, Answered>();
  /** The newest request of each subscription; answers to earlier ones mean nothing. */
  const newest = new Map<string, number>();
  let lastId = 0;
  /** Begun by the welcome, which comes before any sync (W-CONN-4). */
  let acks: AckMeter | undefined;
  let open = false;

  const socket = environment.openSocket(url, SUBPROTOCOL, {
    opened() {
      open = true;
      if (token !== undefined)
        request("authenticate", JSON.stringify({ token }), (_, refused) => {
          if (refused !== undefined) end(CLOSE.unauthenticated.code, refused.detail);
        });
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

  function request(method: string, params: string, answered?: Answered): number {
    const id = ++lastId;
    if (answered !== undefined) asked.set(id, answered);
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
    const answered = asked.get(id);
    asked.delete(id);
    answered?.(result, error && problemOf(error));
  }

  function subscribe(feed: Feed): void {
    const { name: sub, board, rateMs } = feed;
    const params = { sub, board, ...feed.filter(), cursor: feed.cursor(), rateMs };
    const id = request("subscribe", JSON.stringify(params), (result, refused) => {
      if (newest.get(sub) !== id) return;
      if (refused === undefined) return up.subscribed(sub, result as Subscribed);
      newest.delete(sub);
      up.notSubscribed(sub, refused);
    });
    newest.set(sub, id);
  }

  return {
    kind: "socket",
    subscribe,
    unsubscribe({ name: sub }) {
      newest.delete(sub);
      request("unsubscribe", JSON.stringify({ sub }));
    },
    moveWindow: ({ name: sub }, move) =>
      void request("window", JSON.stringify({ sub, ...move }), (_, refused) =>
        refused === undefined ? up.moved(sub) : up.notSubscribed(sub, refused),
      ),
    command: ({ id, board, text, trace }) =>
      void request(
        "command",
        `${JSON.stringify({ board, id, trace }).slice(0, -1)},"command":${text}}`,
        (result, refused) => (refused === undefined ? up.done(id, result as CommandResult) : up.refused(id, refused)),
      ),
    ping: () => void request("ping", "{}"),
    close,
  };
}
