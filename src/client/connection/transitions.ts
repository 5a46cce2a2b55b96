// Owns the ways from one state of the connection to another, each with what has to be done for it.
// Does not own which event takes which way (machine.ts). Pure.

import { closeCodeOf } from "../../protocol/wire/close-codes.ts";
import {
  ATTEMPTS_BEFORE_HTTP,
  FIRST_CEILING_MS,
  OPEN_TIMEOUT_MS,
  PING_TIMEOUT_MS,
  STABLE_MS,
  STREAMS_BEFORE_POLL,
  type Attempt,
  type Connecting,
  type Connection,
  type ConnectionEvent,
  currentSocket,
  type Effect,
  type Offline,
  type Past,
  type Polling,
  type Progress,
  type SocketId,
  type Step,
  type Timing,
  type Up,
} from "./phases.ts";

/** What a step depends on besides state and event. `chance` is a random number in [0, 1). */
export interface At {
  readonly nowMs: number;
  readonly chance: number;
  readonly timing: Timing;
}

const NEW: Past = { lastSocket: 0, socketFailures: 0, streamFailures: 0, retries: 0, tokensRefused: 0 };
const NOTHING_YET: Progress = { waiting: true, behindSinceMs: undefined };
/** A server pushes a beat every `beatMs`; one that is this much late makes the data doubtful, if not lost. */
export const quietMs = (beatMs: number): number => 2 * beatMs + 1000;

export const initialConnection = (nowMs: number): Offline => ({
  phase: "offline",
  sinceMs: nowMs,
  past: NEW,
  retryAtMs: nowMs,
  told: false,
  reason: "not started yet",
});

export const stay = (state: Connection): Step => ({ state, effects: [] });
export const go = (state: Connection, ...effects: Effect[]): Step => ({ state, effects });
export const close = (socket: SocketId): Effect => ({ kind: "close", socket });

/** Everything that the state holds open, closed. */
function closing(state: Connection): Effect[] {
  const socket = currentSocket(state);
  return [
    ...(socket === undefined ? [] : [close(socket)]),
    ...(state.phase === "polling" ? [{ kind: "end-http" as const }] : []),
  ];
}

interface Opening {
  readonly past: Past;
  readonly attempt: Attempt;
  readonly open: Effect;
}

function opening(before: Past, { nowMs }: At): Opening {
  const socket = before.lastSocket + 1;
  return {
    past: { ...before, lastSocket: socket },
    attempt: { socket, giveUpAtMs: nowMs + OPEN_TIMEOUT_MS },
    open: { kind: "open", socket },
  };
}

export function connect(state: Connection, at: At, before = state.past): Step {
  const { past, attempt, open } = opening(before, at);
  return go({ phase: "connecting", sinceMs: at.nowMs, past, ...attempt }, ...closing(state), open);
}

export function follow(past: Past, reason: string, { nowMs, timing }: At): Polling {
  return {
    phase: "polling",
    sinceMs: nowMs,
    past,
    way: past.streamFailures < STREAMS_BEFORE_POLL ? "stream" : "poll",
    upSinceMs: undefined,
    progress: NOTHING_YET,
    attempt: undefined,
    retryAtMs: nowMs + timing.maxCeilingMs,
    reason,
  };
}

export const followEffect = ({ way }: Polling): Effect => ({ kind: "http", way });

/** Tries a socket beside HTTP. */
export function tryBeside(state: Polling, at: At, ...before: Effect[]): Step {
  const { past, attempt, open } = opening(state.past, at);
  return go({ ...state, past, attempt }, ...before, open);
}

/** The socket beside HTTP failed: another one after the longest pause, for nobody waits for it. */
export function failBeside(state: Polling, { nowMs, timing }: At, ...effects: Effect[]): Step {
  const past = { ...state.past, socketFailures: state.past.socketFailures + 1 };
  return go({ ...state, past, attempt: undefined, retryAtMs: nowMs + timing.maxCeilingMs }, ...effects);
}

/** The retry after a pause: a socket, and HTTP beside it where sockets did not work lately. */
export function retry(state: Offline, at: At): Step {
  if (state.past.socketFailures < ATTEMPTS_BEFORE_HTTP) return connect(state, at);
  const next = follow(state.past, state.reason, at);
  return tryBeside(next, at, followEffect(next));
}

export const stopped = (state: Connection, code: number | undefined, reason: string, at: At): Step =>
  go(
    { phase: "stopped", sinceMs: at.nowMs, past: { ...NEW, lastSocket: state.past.lastSocket }, code, reason },
    ...closing(state),
  );

/** What follows a connection or an attempt that ended (W-BACK-1, W-BACK-4). `afterMs`: the server said when to return. */
export function ended(
  state: Connection,
  code: number,
  why: string,
  at: At,
  before = state.past,
  afterMs?: number,
): Step {
  const { nowMs, timing, chance } = at;
  const { after, meaning } = closeCodeOf(code);
  const reason = why || meaning;
  const upSinceMs = "upSinceMs" in state ? state.upSinceMs : undefined;
  const lasted = upSinceMs !== undefined && nowMs - upSinceMs >= STABLE_MS;
  const retries = lasted ? 0 : before.retries;
  let tokensRefused = lasted ? 0 : before.tokensRefused;
  // A second refusal without a good connection between them: the token's giver cannot help.
  if (after === "stop" || (after === "token" && (!timing.canRenewToken || tokensRefused++ > 0)))
    return stopped(state, code, reason, at);
  const ceilingMs =
    upSinceMs !== undefined && retries === 0
      ? timing.jitterMs
      : Math.min(timing.maxCeilingMs, FIRST_CEILING_MS * 2 ** retries);
  const fullMs = after === "later" ? timing.maxCeilingMs + chance * timing.jitterMs : undefined;
  const toldMs = afterMs ?? fullMs;
  return go(
    {
      phase: "offline",
      sinceMs: nowMs,
      past: { ...before, retries: retries + 1, tokensRefused },
      retryAtMs: nowMs + (toldMs ?? chance * ceilingMs),
      told: toldMs !== undefined,
      reason,
    },
    ...closing(state),
  );
}

/** The code of a connection that nobody closed, or that never was. */
const LOST = 1006;

/** An attempt by socket failed, and nothing else was tried beside it. */
export function notConnected(state: Connecting, code: number, reason: string, at: At): Step {
  const { after, code: known, meaning } = closeCodeOf(code);
  // "Later", "token" and "stop" prove that sockets work: no reason to fall back.
  if (after !== "return") return ended(state, code, reason, at);
  const why = reason || (known === LOST ? "the server cannot be reached" : meaning);
  const past = { ...state.past, socketFailures: state.past.socketFailures + 1 };
  if (past.socketFailures !== ATTEMPTS_BEFORE_HTTP) return ended(state, code, why, at, past);
  const next = follow({ ...past, retries: past.retries + 1 }, why, at);
  return go(next, close(state.socket), followEffect(next));
}

/** The phase that an open socket deserves by now. */
export function judge(state: Up, nowMs: number): Step {
  const { waiting, behindSinceMs = Infinity } = state.progress;
  const doubtful =
    waiting || nowMs >= behindSinceMs + state.beatMs || nowMs >= state.lastSignAtMs + quietMs(state.beatMs);
  const phase = doubtful ? "catching-up" : "live";
  return stay(phase === state.phase ? state : { ...state, phase, sinceMs: nowMs });
}

type Welcomed = Extract<ConnectionEvent, { kind: "welcomed" }>;

export function welcome(state: Connecting | Polling, { socket, beatMs }: Welcomed, { nowMs }: At): Step {
  const up: Up = {
    phase: "catching-up",
    sinceMs: nowMs,
    past: { ...state.past, socketFailures: 0, streamFailures: 0 },
    socket,
    upSinceMs: nowMs,
    beatMs,
    lastSignAtMs: nowMs,
    pingUntilMs: undefined,
    drainAtMs: undefined,
    progress: NOTHING_YET,
  };
  return state.phase === "polling" ? go(up, { kind: "end-http" }) : stay(up);
}

export const ping = (state: Up, { nowMs }: At): Step =>
  state.pingUntilMs === undefined
    ? go({ ...state, pingUntilMs: nowMs + PING_TIMEOUT_MS }, { kind: "ping", socket: state.socket })
    : stay(state);
