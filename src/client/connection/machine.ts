// Owns the states of a connection, as a pure function: event, time and chance in, state and effects out.
// Does not own sockets, requests or timers (link.ts). Invariant: at most one socket exists, and it is the one the state names.

import { CLOSE, closeCodeOf } from "../../protocol/wire/close-codes.ts";
import {
  type Attempt,
  type Connecting,
  type Connection,
  type ConnectionEvent,
  currentSocket,
  type Effect,
  type Offline,
  type Past,
  type Phase,
  type Polling,
  type Progress,
  type Step,
  type Timing,
  type Up,
} from "./phases.ts";

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

/** What a step depends on besides state and event. `chance` is a random number in [0, 1). */
export interface At {
  readonly nowMs: number;
  readonly chance: number;
  readonly timing: Timing;
}

const NEW: Past = { lastSocket: 0, socketFailures: 0, streamFailures: 0, retries: 0, tokensRefused: 0 };
const NOTHING_YET: Progress = { waiting: true, behindSinceMs: undefined };
/** A server pushes a beat every `beatMs`; one that is this much late makes the data doubtful, if not lost. */
const quietMs = (beatMs: number): number => 2 * beatMs + 1000;

export const initialConnection = (nowMs: number): Offline => ({
  phase: "offline",
  sinceMs: nowMs,
  past: NEW,
  retryAtMs: nowMs,
  told: false,
  reason: "not started yet",
});

const stay = (state: Connection): Step => ({ state, effects: [] });
const step1 = (state: Connection, ...effects: Effect[]): Step => ({ state, effects });

/** Everything that the state holds open, closed. */
function closing(state: Connection): Effect[] {
  const socket = currentSocket(state);
  return [
    ...(socket === undefined ? [] : [{ kind: "close" as const, socket }]),
    ...(state.phase === "polling" ? [{ kind: "end-http" as const }] : []),
  ];
}

function attempt(past: Past, { nowMs, timing }: At): [Past, Attempt] {
  const socket = past.lastSocket + 1;
  return [
    { ...past, lastSocket: socket },
    { socket, giveUpAtMs: nowMs + timing.openTimeoutMs },
  ];
}

function connect(state: Connection, at: At, from: Past = state.past): Step {
  const [past, next] = attempt(from, at);
  const connecting: Connecting = { phase: "connecting", sinceMs: at.nowMs, past, ...next };
  return step1(connecting, ...closing(state), { kind: "open", socket: next.socket });
}

/** `background`: the socket that is tried at the same time. */
function follow(past: Past, reason: string, at: At, background?: Attempt): Step {
  const way = past.streamFailures >= at.timing.streamsBeforePoll ? "poll" : "stream";
  const polling: Polling = {
    phase: "polling",
    sinceMs: at.nowMs,
    past,
    way,
    upSinceMs: undefined,
    lastSignAtMs: at.nowMs,
    progress: NOTHING_YET,
    attempt: background,
    retryAtMs: at.nowMs + at.timing.maxCeilingMs,
    reason,
  };
  return step1(polling, { kind: "http", way });
}

/** The retry after a pause: a socket, and HTTP beside it where sockets did not work lately. */
function retry(state: Offline, at: At): Step {
  if (state.past.socketFailures < at.timing.attemptsBeforeHttp) return connect(state, at);
  const [past, background] = attempt(state.past, at);
  const next = follow(past, state.reason, at, background);
  return { ...next, effects: [...next.effects, { kind: "open", socket: background.socket }] };
}

const offline = (state: Connection, past: Past, reason: string, retryAtMs: number, told: boolean, at: At): Step =>
  step1({ phase: "offline", sinceMs: at.nowMs, past, retryAtMs, told, reason }, ...closing(state));

const stopped = (state: Connection, code: number | undefined, reason: string, at: At): Step =>
  step1(
    { phase: "stopped", sinceMs: at.nowMs, past: { ...NEW, lastSocket: state.past.lastSocket }, code, reason },
    ...closing(state),
  );

/** What follows a connection or an attempt that ended (W-BACK-1, W-BACK-4). */
function ended(
  state: Connection,
  code: number,
  why: string,
  at: At,
  told: { afterMs?: number; past?: Past } = {},
): Step {
  const { nowMs, timing, chance } = at;
  const { after, meaning } = closeCodeOf(code);
  const reason = why === "" ? meaning : why;
  const upSinceMs = "upSinceMs" in state ? state.upSinceMs : undefined;
  const lasted = upSinceMs !== undefined && nowMs - upSinceMs >= timing.stableMs;
  const before = { ...(told.past ?? state.past), ...(lasted ? { retries: 0, tokensRefused: 0 } : {}) };
  const past = { ...before, retries: before.retries + 1 };
  const full = timing.maxCeilingMs + chance * timing.jitterMs;
  const ceilingMs = Math.min(timing.maxCeilingMs, timing.firstCeilingMs * 2 ** before.retries);
  const pauseMs = chance * (upSinceMs !== undefined && before.retries === 0 ? timing.jitterMs : ceilingMs);

  if (after === "stop") return stopped(state, code, reason, at);
  if (after === "token") {
    // A second refusal without a good connection between them: the token's giver cannot help.
    if (!timing.canRenewToken || before.tokensRefused > 0) return stopped(state, code, reason, at);
    return offline(state, { ...past, tokensRefused: 1 }, reason, nowMs + pauseMs, false, at);
  }
  if (told.afterMs !== undefined) return offline(state, past, reason, nowMs + told.afterMs, true, at);
  if (after === "later") return offline(state, past, reason, nowMs + full, true, at);
  return offline(state, past, reason, nowMs + pauseMs, false, at);
}

/** An attempt by socket failed, and nothing else was tried beside it. */
function notConnected(state: Connecting, code: number, reason: string, at: At): Step {
  // "Later", "token" and "stop" prove that sockets work: no reason to fall back.
  const failures = state.past.socketFailures + (closeCodeOf(code).after === "return" ? 1 : 0);
  const past = { ...state.past, socketFailures: failures };
  if (failures === at.timing.attemptsBeforeHttp && failures > state.past.socketFailures) {
    const next = follow({ ...past, retries: past.retries + 1 }, reason, at);
    return { ...next, effects: [...closing(state), ...next.effects] };
  }
  return ended(state, code, reason, at, { past });
}

/** The phase that an open socket deserves by now. */
function judge(state: Up, nowMs: number): Step {
  const { waiting, behindSinceMs } = state.progress;
  const late = behindSinceMs !== undefined && nowMs >= behindSinceMs + state.beatMs;
  const quiet = nowMs >= state.lastSignAtMs + quietMs(state.beatMs);
  const phase = waiting || late || quiet ? "catching-up" : "live";
  return stay(phase === state.phase ? state : { ...state, phase, sinceMs: nowMs });
}

function welcome(state: Connecting | Polling, socket: number, beatMs: number, at: At): Step {
  const up: Up = {
    phase: "catching-up",
    sinceMs: at.nowMs,
    past: { ...state.past, socketFailures: 0, streamFailures: 0 },
    socket,
    upSinceMs: at.nowMs,
    beatMs,
    lastSignAtMs: at.nowMs,
    pingUntilMs: undefined,
    drainAtMs: undefined,
    progress: NOTHING_YET,
  };
  return state.phase === "polling" ? step1(up, { kind: "end-http" }) : stay(up);
}

function ping(state: Up, { nowMs, timing }: At): Step {
  if (state.pingUntilMs !== undefined) return stay(state);
  return step1({ ...state, pingUntilMs: nowMs + timing.pingTimeoutMs }, { kind: "ping", socket: state.socket });
}

/** Tries a socket beside HTTP, in place of the one that is tried already, if one is. */
function tryBeside(state: Polling, at: At, ...before: Effect[]): Step {
  const [past, background] = attempt(state.past, at);
  const next: Polling = { ...state, past, attempt: background };
  return step1(next, ...before, { kind: "open", socket: background.socket });
}

/** The socket beside HTTP failed: another one after the longest pause, for nobody waits for it. */
function failBeside(state: Polling, at: At, ...effects: Effect[]): Step {
  const past = { ...state.past, socketFailures: state.past.socketFailures + 1 };
  return step1({ ...state, past, attempt: undefined, retryAtMs: at.nowMs + at.timing.maxCeilingMs }, ...effects);
}

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
  welcomed: (state, _event, { nowMs }) => judge({ ...state, lastSignAtMs: nowMs }, nowMs),
  sign: (state, _event, { nowMs }) => judge({ ...state, lastSignAtMs: nowMs, pingUntilMs: undefined }, nowMs),
  drain: (state, { afterMs, spreadMs }, { nowMs, chance }) =>
    stay({ ...state, drainAtMs: nowMs + afterMs + chance * spreadMs }),
  closed: (state, { code, reason }, at) =>
    ended(
      state,
      code,
      reason,
      at,
      state.drainAtMs === undefined ? {} : { afterMs: Math.max(0, state.drainAtMs - at.nowMs) },
    ),
  progress: (state, { progress }, { nowMs }) => judge({ ...state, progress }, nowMs),
  wake(state, _event, at) {
    const { nowMs, timing } = at;
    if (nowMs >= state.lastSignAtMs + state.beatMs + timing.silenceMs)
      return ended(state, 0, "the server fell silent", at);
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
    welcomed: (state, { socket, beatMs }, at) => welcome(state, socket, beatMs, at),
    closed: (state, { code, reason }, at) => notConnected(state, code, reason, at),
    wake: (state, _event, at) =>
      at.nowMs < state.giveUpAtMs ? stay(state) : notConnected(state, 0, "the server did not answer in time", at),
  },
  "catching-up": UP,
  live: UP,
  polling: {
    ...UNMOVED,
    connect: (state, _event, at) => (state.attempt === undefined ? tryBeside(state, at) : stay(state)),
    welcomed: (state, { socket, beatMs }, at) => welcome(state, socket, beatMs, at),
    closed: (state, { code, reason }, at) =>
      closeCodeOf(code).after === "stop" ? stopped(state, code, reason, at) : failBeside(state, at),
    heard: (state, _event, { nowMs }) =>
      stay({
        ...state,
        past: { ...state.past, streamFailures: state.way === "stream" ? 0 : state.past.streamFailures },
        sinceMs: state.upSinceMs === undefined ? nowMs : state.sinceMs,
        upSinceMs: state.upSinceMs ?? nowMs,
        lastSignAtMs: nowMs,
      }),
    "http-failed"(state, { code, reason, retryAfterMs }, at) {
      const lost = state.way === "stream" && code !== CLOSE.unauthenticated.code ? 1 : 0;
      const past = { ...state.past, streamFailures: state.past.streamFailures + lost };
      // The socket that is tried beside it has its own end.
      if (state.attempt !== undefined && closeCodeOf(code).after === "return")
        return step1({ phase: "connecting", sinceMs: at.nowMs, past, ...state.attempt }, { kind: "end-http" });
      if (retryAfterMs === undefined) return ended(state, code, reason, at, { past });
      // With jitter, because everyone was told the same.
      return ended(state, code, reason, at, { past, afterMs: retryAfterMs + at.chance * at.timing.jitterMs });
    },
    progress: (state, { progress }) => stay({ ...state, progress }),
    wake(state, _event, at) {
      if (state.attempt === undefined) return at.nowMs < state.retryAtMs ? stay(state) : tryBeside(state, at);
      if (at.nowMs < state.attempt.giveUpAtMs) return stay(state);
      return failBeside(state, at, { kind: "close", socket: state.attempt.socket });
    },
    // What was followed may have died in its sleep; a new question costs little.
    look: (state, _event, at) =>
      state.attempt === undefined ? tryBeside(state, at, { kind: "http", way: state.way }) : stay(state),
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
export function wakeAtMs(state: Connection, timing: Timing): number {
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
      const lost = state.lastSignAtMs + state.beatMs + timing.silenceMs;
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
