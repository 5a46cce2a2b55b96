// Owns the states of the dashboard's connection, as a pure function: event and time in, state and effects out.
// Does not own sockets, requests or timers (link.ts). Invariant: at most one socket exists, and it is the one the state names.

/*
            reconnect                       first frame
  offline ────────────▶ connecting ─────────────────────▶ live
     ▲   retry is due       │  ▲                           │
     │◀─────────────────────┘  └── reconnect (by the user) ┤
     │   closed, or no frame within openTimeoutMs          │
     │◀────────────────────────────────────────────────────┘
     │              closed, or silent for silenceMs
     │
     │  a poll was answered and attemptsBeforePolling sockets failed
     └──────────────▶ polling ──▶ live   (a background socket got its first frame)
     ◀──────────────     a poll failed
*/

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

/** Before the first `reconnect`, which also asks for the first paint's data by HTTP. */
export function initialConnection(nowMs: number): Offline {
  return { phase: "offline", sinceMs: nowMs, failures: 0, lastSocket: 0, retryAtMs: nowMs, reason: "not started yet" };
}

const stay = (state: Connection): Step => ({ state, effects: [] });

function toConnecting(from: Connection, nowMs: number, timing: Timing, before: readonly Effect[] = []): Step {
  const socket = from.lastSocket + 1;
  return {
    state: {
      phase: "connecting",
      sinceMs: nowMs,
      failures: from.failures,
      lastSocket: socket,
      socket,
      giveUpAtMs: nowMs + timing.openTimeoutMs,
    },
    effects: [...before, { kind: "open", socket, again: from.lastSocket > 0 }],
  };
}

function toLive(from: Connection, socket: SocketId, nowMs: number): Step {
  return stay({
    phase: "live",
    sinceMs: nowMs,
    failures: 0,
    lastSocket: from.lastSocket,
    socket,
    lastFrameAtMs: nowMs,
  });
}

function toOffline(
  from: Connection,
  failures: number,
  reason: string,
  nowMs: number,
  timing: Timing,
  effects: readonly Effect[] = [],
): Step {
  const state: Offline = {
    phase: "offline",
    sinceMs: nowMs,
    failures,
    lastSocket: from.lastSocket,
    retryAtMs: nowMs + timing.reconnectMs,
    reason,
  };
  // The attempt that makes the socket count as unavailable also asks whether HTTP still works.
  const poll: Effect[] =
    from.phase === "connecting" && failures >= timing.attemptsBeforePolling ? [{ kind: "poll" }] : [];
  return { state, effects: [...effects, ...poll] };
}

function toPolling(from: Connecting | Offline, nowMs: number, timing: Timing): Step {
  return stay({
    phase: "polling",
    sinceMs: nowMs,
    failures: from.failures,
    lastSocket: from.lastSocket,
    attempt: from.phase === "connecting" ? { socket: from.socket, giveUpAtMs: from.giveUpAtMs } : undefined,
    retryAtMs: from.phase === "connecting" ? nowMs + timing.reconnectMs : from.retryAtMs,
    pollAtMs: nowMs + timing.pollMs,
    reason: from.phase === "offline" ? from.reason : "the socket cannot be opened",
  });
}

function tryInBackground(from: Polling, nowMs: number, timing: Timing, before: readonly Effect[] = []): Step {
  const socket = from.lastSocket + 1;
  return {
    state: {
      ...from,
      lastSocket: socket,
      attempt: { socket, giveUpAtMs: nowMs + timing.openTimeoutMs },
      retryAtMs: nowMs + timing.reconnectMs,
    },
    effects: [...before, { kind: "open", socket, again: true }],
  };
}

type Handler<S extends Connection, K extends ConnectionEvent["kind"]> = (
  state: S,
  event: Extract<ConnectionEvent, { kind: K }>,
  nowMs: number,
  timing: Timing,
) => Step;
type Table = { [P in Phase]: { [K in ConnectionEvent["kind"]]: Handler<Extract<Connection, { phase: P }>, K> } };

const mayPoll = (state: Connection, timing: Timing) => state.failures >= timing.attemptsBeforePolling;

/** What every event does in every phase. Events of an old socket never get here. */
const TABLE: Table = {
  connecting: {
    frame: (state, event, now) => toLive(state, event.socket, now),
    closed: (state, event, now, timing) => toOffline(state, state.failures + 1, event.reason, now, timing),
    answered: (state, _event, now, timing) => (mayPoll(state, timing) ? toPolling(state, now, timing) : stay(state)),
    unanswered: (state) => stay(state),
    wake: (state, _event, now, timing) =>
      now < state.giveUpAtMs
        ? stay(state)
        : toOffline(state, state.failures + 1, "the socket did not answer", now, timing, [
            { kind: "close", socket: state.socket },
          ]),
    reconnect: (state, _event, now, timing) =>
      toConnecting(state, now, timing, [{ kind: "close", socket: state.socket }]),
  },
  live: {
    frame: (state, _event, now) => stay({ ...state, lastFrameAtMs: now }),
    // A drop of a live socket is not a failed attempt: the count starts with the first retry.
    closed: (state, event, now, timing) => toOffline(state, 0, event.reason, now, timing),
    answered: (state) => stay(state),
    unanswered: (state) => stay(state),
    wake: (state, _event, now, timing) =>
      now < state.lastFrameAtMs + timing.silenceMs
        ? stay(state)
        : toOffline(state, 0, "the server fell silent", now, timing, [{ kind: "close", socket: state.socket }]),
    reconnect: (state, _event, now, timing) =>
      toConnecting(state, now, timing, [{ kind: "close", socket: state.socket }]),
  },
  polling: {
    frame: (state, event, now) => toLive(state, event.socket, now),
    closed: (state, event, now, timing) =>
      stay({
        ...state,
        failures: state.failures + 1,
        attempt: undefined,
        reason: event.reason,
        retryAtMs: now + timing.reconnectMs,
      }),
    answered: (state, _event, now, timing) => stay({ ...state, pollAtMs: now + timing.pollMs }),
    unanswered: (state, event, now, timing) =>
      toOffline(
        state,
        state.failures,
        event.reason,
        now,
        timing,
        state.attempt === undefined ? [] : [{ kind: "close", socket: state.attempt.socket }],
      ),
    wake: (state, _event, now, timing) => {
      const poll: Effect[] = state.pollAtMs !== undefined && now >= state.pollAtMs ? [{ kind: "poll" }] : [];
      const polled: Polling = poll.length > 0 ? { ...state, pollAtMs: undefined } : state;
      if (state.attempt !== undefined && now >= state.attempt.giveUpAtMs) {
        const given: Polling = {
          ...polled,
          failures: state.failures + 1,
          attempt: undefined,
          retryAtMs: now + timing.reconnectMs,
        };
        return { state: given, effects: [{ kind: "close", socket: state.attempt.socket }, ...poll] };
      }
      if (state.attempt === undefined && now >= state.retryAtMs) return tryInBackground(polled, now, timing, poll);
      return { state: polled, effects: poll };
    },
    reconnect: (state, _event, now, timing) =>
      tryInBackground(
        state,
        now,
        timing,
        state.attempt === undefined ? [] : [{ kind: "close", socket: state.attempt.socket }],
      ),
  },
  offline: {
    // There is no socket in this phase, so its two events cannot come from a current one.
    frame: (state) => stay(state),
    closed: (state) => stay(state),
    answered: (state, _event, now, timing) => (mayPoll(state, timing) ? toPolling(state, now, timing) : stay(state)),
    unanswered: (state) => stay(state),
    wake: (state, _event, now, timing) =>
      now < state.retryAtMs
        ? stay(state)
        : toConnecting(state, now, timing, mayPoll(state, timing) ? [{ kind: "poll" }] : []),
    reconnect: (state, _event, now, timing) => toConnecting(state, now, timing, [{ kind: "poll" }]),
  },
};

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

/** The next state, and what has to be done to get there. Total: every event is allowed in every state. */
export function step(state: Connection, event: ConnectionEvent, nowMs: number, timing: Timing): Step {
  if ((event.kind === "frame" || event.kind === "closed") && event.socket !== currentSocket(state)) return stay(state);
  // TypeScript cannot see that row and column agree; the mapped type of TABLE guarantees it.
  const handler = TABLE[state.phase][event.kind] as Handler<Connection, ConnectionEvent["kind"]>;
  return handler(state, event, nowMs, timing);
}

/** When `wake` has something to do next, in ms. */
export function wakeAtMs(state: Connection, timing: Timing): number {
  switch (state.phase) {
    case "connecting":
      return state.giveUpAtMs;
    case "live":
      return state.lastFrameAtMs + timing.silenceMs;
    case "polling":
      return Math.min(state.attempt?.giveUpAtMs ?? state.retryAtMs, state.pollAtMs ?? Number.POSITIVE_INFINITY);
    case "offline":
      return state.retryAtMs;
    default:
      return state satisfies never;
  }
}
