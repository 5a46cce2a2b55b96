// Owns the words between a transport and what stands above it: one contract for sockets, event streams and long polls,
// because they carry the same messages (W-SYNC-1). Does not own when which one is used (connection/machine.ts).

import type { Beat, CommandResult, Drain, Subscribed, Sync } from "../../protocol/wire/down.ts";
import type { FilterInput } from "../../protocol/wire/filter.ts";
import type { HttpWay } from "../connection/phases.ts";
import type { Environment } from "../environment.ts";
import type { Problem } from "../problem.ts";

/** A subscription as a transport sees it: it asks anew each time, because all but the name changes. */
export interface Feed {
  readonly name: string;
  readonly board: string;
  readonly rateMs: number | undefined;
  filter(): FilterInput;
  /** Where the replica stands, or undefined when it holds nothing yet. */
  cursor(): string | undefined;
}

export interface WindowMove {
  readonly from: number;
  readonly count: number;
  readonly search: string | undefined;
}

export interface OutgoingCommand {
  readonly id: string;
  readonly board: string;
  /** JSON, written once, so that every retry has the same content. */
  readonly text: string;
  /** A W3C `traceparent`. */
  readonly trace?: string | undefined;
}

/** The limits that the client heeds; a welcome names all of a session (W-CONN-4). */
export type Limits = Readonly<Record<"inFlight" | "messageBytes" | "ackBytes" | "ackMs", number>>;

export interface Transport {
  readonly kind: "socket" | "stream" | "poll";
  /** Subscribes, or subscribes again under the same name. */
  subscribe(feed: Feed): void;
  unsubscribe(feed: Feed): void;
  /** The feed's filter has moved already; `move` is the difference. */
  moveWindow(feed: Feed, move: WindowMove): void;
  command(command: OutgoingCommand): void;
  ping(): void;
  close(): void;
}

/** What comes up from a transport. Nothing comes after `close`. */
export interface Upward {
  subscribed(sub: string, result: Subscribed): void;
  /** It was refused, or a move of its window was; then the former window may be told still. */
  notSubscribed(sub: string, problem: Problem): void;
  /** A window was moved. */
  moved(sub: string): void;
  sync(sub: string, sync: Sync): void;
  beat(beat: Beat): void;
  done(id: string, result: CommandResult): void;
  refused(id: string, problem: Problem, retryAfterMs?: number): void;
}

/** What only the connection needs to know of a socket. */
export interface SocketUpward extends Upward {
  welcomed(beatMs: number, limits: Limits): void;
  /** Any frame. */
  sign(): void;
  drain(drain: Drain): void;
  closed(code: number, reason: string): void;
}

/** What only the connection needs to know of HTTP. */
export interface HttpUpward extends Upward {
  /** `way`: of what is followed, as far as this says that it works. */
  heard(way?: HttpWay): void;
  failed(code: number, reason: string, retryAfterMs?: number): void;
}

export interface HttpOptions {
  readonly environment: Environment;
  readonly baseUrl: string;
  readonly agent: string | undefined;
  readonly token: string | undefined;
  readonly way: HttpWay;
  readonly up: HttpUpward;
}

/** What makes a transport of HTTP. A file of its own, which only clients whose sockets fail have to load. */
export type HttpFallback = (options: HttpOptions) => Transport;
