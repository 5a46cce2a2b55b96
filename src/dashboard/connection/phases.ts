// Owns the words of the connection: its phases, what can happen, what it can ask for, and its times.
// Does not own what follows from what (machine.ts). A field exists only in the phase that has it.

export interface Timing {
  /** Pause between two attempts to get a socket, in ms. The seed's 3 s unless the reader set another. */
  readonly reconnectMs: number;
  /** A new socket must deliver its first frame within this time, in ms. */
  readonly openTimeoutMs: number;
  /** A live socket without a frame for this long is given up, in ms. The server sends one every 2 s. */
  readonly silenceMs: number;
  /** Pause between two polls, in ms. */
  readonly pollMs: number;
  /** Failed socket attempts after which HTTP polling takes over. */
  readonly attemptsBeforePolling: number;
}

export const DEFAULT_TIMING: Timing = {
  reconnectMs: 3000,
  openTimeoutMs: 5000,
  silenceMs: 8000,
  pollMs: 2000,
  attemptsBeforePolling: 3,
};

/** A socket's number. Events of any other socket than the current one are ignored. */
export type SocketId = number;

interface Common {
  /** When this phase began. */
  readonly sinceMs: number;
  /** Socket attempts that failed since the last live connection. */
  readonly failures: number;
  readonly lastSocket: SocketId;
}

export interface Connecting extends Common {
  readonly phase: "connecting";
  readonly socket: SocketId;
  readonly giveUpAtMs: number;
}
export interface Live extends Common {
  readonly phase: "live";
  readonly socket: SocketId;
  readonly lastFrameAtMs: number;
}
export interface Polling extends Common {
  readonly phase: "polling";
  /** The attempt that runs in the background, if one does. */
  readonly attempt: { readonly socket: SocketId; readonly giveUpAtMs: number } | undefined;
  readonly retryAtMs: number;
  /** `undefined` while a request is under way. */
  readonly pollAtMs: number | undefined;
  readonly reason: string;
}
export interface Offline extends Common {
  readonly phase: "offline";
  readonly retryAtMs: number;
  readonly reason: string;
}
export type Connection = Connecting | Live | Polling | Offline;
export type Phase = Connection["phase"];

export type ConnectionEvent =
  /** The socket delivered a readable frame. */
  | { readonly kind: "frame"; readonly socket: SocketId }
  | { readonly kind: "closed"; readonly socket: SocketId; readonly reason: string }
  | { readonly kind: "answered" }
  | { readonly kind: "unanswered"; readonly reason: string }
  /** Time passed; see `wakeAtMs`. */
  | { readonly kind: "wake" }
  /** Somebody asks for a fresh socket now. */
  | { readonly kind: "reconnect" };

export type Effect =
  | { readonly kind: "open"; readonly socket: SocketId; readonly again: boolean }
  | { readonly kind: "close"; readonly socket: SocketId }
  | { readonly kind: "poll" };

export interface Step {
  readonly state: Connection;
  readonly effects: readonly Effect[];
}

/** The socket that exists in this state, if any. */
export function currentSocket(state: Connection): SocketId | undefined {
  switch (state.phase) {
    case "connecting":
    case "live":
      return state.socket;
    case "polling":
      return state.attempt?.socket;
    case "offline":
      return undefined;
    default:
      return state satisfies never;
  }
}
