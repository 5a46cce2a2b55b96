// Owns what users are told of the connection: one immutable value for every state that differs.
// Does not own the states (connection/). Invariant: "live" is said only where the machine says it (W-BEAT-2).

import type { Connection } from "./connection/phases.ts";

interface Said {
  /** When this began, in ms since 1970. */
  readonly sinceMs: number;
}
export interface ConnectingStatus extends Said {
  readonly phase: "connecting";
}
/** What is shown is what the server has. */
export interface LiveStatus extends Said {
  readonly phase: "live";
  readonly transport: "socket";
}
/** Connected, but what is shown is not known to be all of it. */
export interface CatchingUpStatus extends Said {
  readonly phase: "catching-up";
  readonly transport: "socket";
  readonly reason: string;
}
/** No socket can be opened, so changes come by HTTP. */
export interface PollingStatus extends Said {
  readonly phase: "polling";
  readonly transport: "stream" | "poll";
  /** Why there is no socket. */
  readonly reason: string;
  /** What is shown is not known to be all that the server has. */
  readonly behind: boolean;
}
export interface OfflineStatus extends Said {
  readonly phase: "offline";
  readonly reason: string;
  /** When the next attempt is made, in ms since 1970. */
  readonly retryAtMs: number;
}
/** No further attempt is made until `reconnect()`. */
export interface StoppedStatus extends Said {
  readonly phase: "stopped";
  readonly reason: string;
  /** The server's close code (docs/protocol.md, W-BACK-4); undefined when the user ended it. */
  readonly code: number | undefined;
}
export type Status = ConnectingStatus | LiveStatus | CatchingUpStatus | PollingStatus | OfflineStatus | StoppedStatus;

/** `wallOffsetMs`: wall time less the machine's time. */
export function statusOf(state: Connection, wallOffsetMs: number): Status {
  const wall = (ms: number) => Math.round(ms + wallOffsetMs);
  const sinceMs = wall(state.sinceMs);
  const { phase } = state;
  switch (phase) {
    case "connecting":
      return { phase, sinceMs };
    case "live":
      return { phase, sinceMs, transport: "socket" };
    case "catching-up": {
      const { waiting, behindSinceMs } = state.progress;
      const behind = behindSinceMs === undefined ? "no sign of life" : "the server has more";
      return { phase, sinceMs, transport: "socket", reason: waiting ? "waiting for what changed" : behind };
    }
    case "polling": {
      if (state.upSinceMs === undefined) return { phase: "connecting", sinceMs };
      const { progress, way, reason } = state;
      const behind = progress.waiting || progress.behindSinceMs !== undefined;
      return { phase, sinceMs, transport: way, reason, behind };
    }
    case "offline":
      return { phase, sinceMs, reason: state.reason, retryAtMs: wall(state.retryAtMs) };
    case "stopped":
      return { phase, sinceMs, reason: state.reason, code: state.code };
    default:
      return phase satisfies never;
  }
}

/** Whether a user sees a difference. Times alone, which move with the clocks, are none. */
export function sameStatus(a: Status, b: Status): boolean {
  const said = (status: Status) => JSON.stringify({ ...status, sinceMs: 0, retryAtMs: 0 });
  return said(a) === said(b);
}
