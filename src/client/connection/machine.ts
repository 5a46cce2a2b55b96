// Owns what every event does in every state of a connection: event, time and chance in, state and effects out.
// Does not own the ways between the states (transitions.ts), nor sockets, requests or timers (link.ts).
// Invariant: at most one socket exists, and it is the one the state names.

import { closeCodeOf } from "../../protocol/wire/close-codes.ts";
import {
  SILENCE_MS,
  type Connection,
  type ConnectionEvent,
  currentSocket,
  type Phase,
  type Step,
  type Up,
} from "./phases.ts";
import {
  type At,
  close,
  connect,
  ended,
  failBeside,
  followEffect,
  go,
  judge,
  notConnected,
  ping,
  quietMs,
  retry,
  stay,
  stopped,
  tryBeside,
  welcome,
} from "./transitions.ts";

/*
            retry is due, woken, asked                 welcomed               nothing is missing
  offline ─────────────────────────────▶ connecting ────────────▶ catching-up ─────────────────▶ live
   ▲  ▲ │                                  │  ▲  │                   ▲   ◀─────────────────────── │
   │  │ │                                  │  │  │                   │    behind, or quiet         │
   │  │ │           closed, no welcome     │  │  │ the third failure │                             │
   │  │ └──────────────┐ ◀─────────────────┘  │  │ in a row          │ welcomed                    │
   │  │                │                      │  ▼                   │ (in the background)         │
   │  │ retry is due,  └──────────────────▶ polling ─────────────────┘                             │
   │  │ sockets fail    ◀─── HTTP failed ───┘                                                      │
   │  └──────────────── closed, silent for beatMs + 8 s, no answer to a ping, drained ─────────────┘
   │
   └─ a close code that means "stay away", or the user: any phase ──▶ stopped ── asked ──▶ connecting
*/

type Kind = ConnectionEvent["kind"];
type Handler<S extends Connection, K extends Kind> = (
  state: S,
  event: Extract<ConnectionEvent, { kind: K }>,
  at: At,
) => Step;
type Row<S extends Connection> = { readonly [K in Kind]: Handler<S, K> };

/** What means nothing in a phase: events of what the phase does not have, or has no use for. */
const UNMOVED: Row<Connection> = {
  connect: (state, _event, at) => connect(state, at),
  stop: (state, _event, at) => stopped(state, undefined, "ended here", at),
  welcomed: stay,
  sign: stay,
  drain: stay,
  closed: stay,
  heard: stay,
  "http-failed": stay,
  progress: stay,
  wake: stay,
  look: stay,
  doubt: stay,
};

const UP: Row<Up> = {
  ...UNMOVED,
  sign: (state, _event, { nowMs }) => judge({ ...state, lastSignAtMs: nowMs, pingUntilMs: undefined }, nowMs),
  drain: (state, { afterMs, spreadMs }, { nowMs, chance }) =>
    stay({ ...state, drainAtMs: nowMs + afterMs + chance * spreadMs }),
  closed: (state, { code, reason }, at) =>
    ended(state, code, reason, at, state.past, state.drainAtMs && Math.max(0, state.drainAtMs - at.nowMs)),
  progress: (state, { progress }, { nowMs }) => judge({ ...state, progress }, nowMs),
  wake(state, _event, at) {
    const { nowMs } = at;
    if (nowMs >= state.lastSignAtMs + state.beatMs + SILENCE_MS) return ended(state, 0, "the server fell silent", at);
    if (nowMs >= (state.pingUntilMs ?? Infinity)) return ended(state, 0, "the connection did not outlive a pause", at);
    if (nowMs >= (state.drainAtMs ?? Infinity)) return connect(state, at, { ...state.past, retries: 0 });
    return judge(state, nowMs);
  },
  look: (state, _event, at) => (at.nowMs > state.lastSignAtMs + state.beatMs + 1000 ? ping(state, at) : stay(state)),
  doubt: (state, _event, at) => ping(state, at),
};

/** What every event does in every phase. Events of an old socket never get here. */
const TABLE: { readonly [P in Phase]: Row<Extract<Connection, { phase: P }>> } = {
  connecting: {
    ...UNMOVED,
    welcomed: welcome,
    closed: (state, { code, reason }, at) => notConnected(state, code, reason, at),
    wake: (state, _event, at) =>
      at.nowMs < state.giveUpAtMs ? stay(state) : notConnected(state, 0, "the server did not answer in time", at),
  },
  "catching-up": UP,
  live: UP,
  polling: {
    ...UNMOVED,
    connect: (state, _event, at) => (state.attempt === undefined ? tryBeside(state, at) : stay(state)),
    welcomed: welcome,
    closed: (state, { code, reason }, at) =>
      closeCodeOf(code).after === "stop" ? stopped(state, code, reason, at) : failBeside(state, at),
    heard: (state, _event, { nowMs }) =>
      state.upSinceMs === undefined
        ? stay({
            ...state,
            past: { ...state.past, streamFailures: state.way === "stream" ? 0 : state.past.streamFailures },
            sinceMs: nowMs,
            upSinceMs: nowMs,
          })
        : stay(state),
    "http-failed"(state, { code, reason, retryAfterMs }, at) {
      const past = { ...state.past, streamFailures: state.past.streamFailures + (state.way === "stream" ? 1 : 0) };
      // The socket that is tried beside it has its own end.
      if (state.attempt !== undefined && closeCodeOf(code).after === "return")
        return go({ phase: "connecting", sinceMs: at.nowMs, past, ...state.attempt }, { kind: "end-http" });
      // With jitter, because everyone was told the same.
      return ended(state, code, reason, at, past, retryAfterMs && retryAfterMs + at.chance * at.timing.jitterMs);
    },
    progress: (state, { progress }) => stay({ ...state, progress }),
    wake(state, _event, at) {
      if (state.attempt === undefined) return at.nowMs < state.retryAtMs ? stay(state) : tryBeside(state, at);
      if (at.nowMs < state.attempt.giveUpAtMs) return stay(state);
      return failBeside(state, at, close(state.attempt.socket));
    },
    // What was followed may have died in its sleep; a new question costs little.
    look: (state, _event, at) =>
      state.attempt === undefined ? tryBeside(state, at, followEffect(state)) : stay(state),
  },
  offline: {
    ...UNMOVED,
    wake: (state, _event, at) => (at.nowMs < state.retryAtMs ? stay(state) : retry(state, at)),
    look: (state, _event, at) => (state.told ? stay(state) : retry(state, at)),
  },
  stopped: { ...UNMOVED, stop: stay },
};

/** The next state, and what has to be done to get there. Total: every event is allowed in every state. */
export function step(state: Connection, event: ConnectionEvent, at: At): Step {
  if ("socket" in event && event.socket !== currentSocket(state)) return stay(state);
  // TypeScript cannot see that row and column agree; the mapped type of TABLE guarantees it.
  const handler = TABLE[state.phase][event.kind] as Handler<Connection, Kind>;
  return handler(state, event, at);
}

/** When `wake` has something to do next. Infinity for never. */
export function wakeAtMs(state: Connection): number {
  switch (state.phase) {
    case "connecting":
      return state.giveUpAtMs;
    case "live":
    case "catching-up": {
      const { behindSinceMs = Infinity } = state.progress;
      const doubtful =
        state.phase === "live"
          ? Math.min(behindSinceMs + state.beatMs, state.lastSignAtMs + quietMs(state.beatMs))
          : Infinity;
      const lost = state.lastSignAtMs + state.beatMs + SILENCE_MS;
      return Math.min(doubtful, lost, state.pingUntilMs ?? Infinity, state.drainAtMs ?? Infinity);
    }
    case "polling":
      return state.attempt?.giveUpAtMs ?? state.retryAtMs;
    case "offline":
      return state.retryAtMs;
    case "stopped":
      return Infinity;
    default:
      return state satisfies never;
  }
}
