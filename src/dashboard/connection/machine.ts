// Owns the states of the dashboard's connection, as a pure function: event and time in, state and effects out.
// Does not own sockets, requests or timers (link.ts). Invariant: at most one socket exists, and it is the one the state names.

import {
  type Connecting,
  type Connection,
  type ConnectionEvent,
  currentSocket,
  type Effect,
  type Offline,
  type Phase,
  type Polling,
  type SocketId,
  type Step,
  type Timing,
} from "./phases.ts";

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
