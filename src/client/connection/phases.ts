// Owns the words of the connection: its phases, what can happen, what it asks for, and its times.
// Does not own what follows from what (machine.ts). A field exists only in the phase that has it.

/** Times that users choose. */
export interface Timing {
  /** The first attempt after a connection that was live waits a random part of this. */
  readonly jitterMs: number;
  /** The ceiling of the back-off doubles up to this (W-BACK-1). */
  readonly maxCeilingMs: number;
  /** There is a hook to ask for a new token after a 4401. */
  readonly canRenewToken: boolean;
}

export const DEFAULT_TIMING: Timing = { jitterMs: 1000, maxCeilingMs: 3000, canRenewToken: false };

/** Ceiling of the first back-off (W-BACK-1). */
export const FIRST_CEILING_MS = 500;
/** The back-off starts anew after a connection that was up for this long (W-BACK-1). */
export const STABLE_MS = 10_000;
/** A new socket must be welcomed, and a stream opened, within this time. */
export const OPEN_TIMEOUT_MS = 8000;
/** A connection that is silent for the beat and this is given up (W-BEAT-2). */
export const SILENCE_MS = 8000;
/** A connection that may have died in its sleep must answer a ping within this time. */
export const PING_TIMEOUT_MS = 3000;
/** Failed sockets in a row after which HTTP takes over (W-BACK-2). */
export const ATTEMPTS_BEFORE_HTTP = 3;
/** Failed event streams in a row after which long polling takes over. */
export const STREAMS_BEFORE_POLL = 2;

/** A socket's number. Events of any other socket than the current one are ignored. */
export type SocketId = number;
/** Without sockets (protocol, section 11): one answer that goes on, or one question after the other. */
export type HttpWay = "stream" | "poll";

/** What earlier attempts teach the next one. */
export interface Past {
  readonly lastSocket: SocketId;
  readonly socketFailures: number;
  readonly streamFailures: number;
  /** Attempts since the last connection that lasted: the exponent of the back-off. */
  readonly retries: number;
  readonly tokensRefused: number;
}

/** How far what is held is behind what the server told of. */
export interface Progress {
  /** Something that was subscribed to is not known to be complete yet. */
  readonly waiting: boolean;
  /** Since when a beat's `seq` is ahead of a replica. */
  readonly behindSinceMs: number | undefined;
}

interface Common {
  /** When this phase began. */
  readonly sinceMs: number;
  readonly past: Past;
}
export interface Attempt {
  readonly socket: SocketId;
  readonly giveUpAtMs: number;
}

export interface Connecting extends Common, Attempt {
  readonly phase: "connecting";
}
interface OpenSocket extends Common {
  readonly socket: SocketId;
  readonly upSinceMs: number;
  readonly beatMs: number;
  readonly lastSignAtMs: number;
  /** A ping is under way; without any sign until then the connection is given up. */
  readonly pingUntilMs: number | undefined;
  /** The server goes down; at this time the client moves (W-BACK-3). */
  readonly drainAtMs: number | undefined;
  readonly progress: Progress;
}
/** What is held is what the server has, as far as signs of life tell (W-BEAT-2). */
export interface Live extends OpenSocket {
  readonly phase: "live";
}
export interface CatchingUp extends OpenSocket {
  readonly phase: "catching-up";
}
export type Up = Live | CatchingUp;

export interface Polling extends Common {
  readonly phase: "polling";
  readonly way: HttpWay;
  /** When the first answer came; before, this is only a try. */
  readonly upSinceMs: number | undefined;
  readonly progress: Progress;
  /** The socket that is tried in the background, if one is. */
  readonly attempt: Attempt | undefined;
  readonly retryAtMs: number;
  readonly reason: string;
}
export interface Offline extends Common {
  readonly phase: "offline";
  readonly retryAtMs: number;
  /** The server asked to wait: waking up is no reason to come earlier. */
  readonly told: boolean;
  readonly reason: string;
}
/** Terminal, until the user connects again. */
export interface Stopped extends Common {
  readonly phase: "stopped";
  /** The close code that stopped it, or undefined when the user did. */
  readonly code: number | undefined;
  readonly reason: string;
}
export type Connection = Connecting | Up | Polling | Offline | Stopped;
export type Phase = Connection["phase"];

export type ConnectionEvent =
  /** The user wants a connection, now. */
  | { readonly kind: "connect" }
  /** The user wants none any more. */
  | { readonly kind: "stop" }
  | { readonly kind: "welcomed"; readonly socket: SocketId; readonly beatMs: number }
  /** Any frame of the socket. */
  | { readonly kind: "sign"; readonly socket: SocketId }
  | { readonly kind: "drain"; readonly socket: SocketId; readonly afterMs: number; readonly spreadMs: number }
  | { readonly kind: "closed"; readonly socket: SocketId; readonly code: number; readonly reason: string }
  /** Any answer, or part of one, by HTTP. */
  | { readonly kind: "heard" }
  /** `code` is the close code that means the same. */
  | {
      readonly kind: "http-failed";
      readonly code: number;
      readonly reason: string;
      readonly retryAfterMs: number | undefined;
    }
  | { readonly kind: "progress"; readonly progress: Progress }
  /** Time passed; see `wakeAtMs`. */
  | { readonly kind: "wake" }
  /** The page is shown again, or the network is said to be back. */
  | { readonly kind: "look" }
  /** The network is said to be gone. It may be wrong: loopback goes on without it. */
  | { readonly kind: "doubt" };

export type Effect =
  | { readonly kind: "open"; readonly socket: SocketId }
  | { readonly kind: "close"; readonly socket: SocketId }
  | { readonly kind: "ping"; readonly socket: SocketId }
  /** Begin, or begin anew, to follow by HTTP. */
  | { readonly kind: "http"; readonly way: HttpWay }
  | { readonly kind: "end-http" };

export interface Step {
  readonly state: Connection;
  readonly effects: readonly Effect[];
}

/** The socket that exists in this state, if any. */
export function currentSocket(state: Connection): SocketId | undefined {
  switch (state.phase) {
    case "connecting":
    case "live":
    case "catching-up":
      return state.socket;
    case "polling":
      return state.attempt?.socket;
    case "offline":
    case "stopped":
      return undefined;
    default:
      return state satisfies never;
  }
}
