// Owns the board clock (rule 4): what TTLs and expiry are measured with.
// It runs with the monotonic timer, adds a bounded downtime at the start, and never follows a jumped wall clock.

/** Longest downtime that counts towards TTLs: 30 days. A longer one counts as this much. */
export const MAX_DOWNTIME_MS = 30 * 24 * 60 * 60 * 1000;

export interface Timepieces {
  /** Wall time in ms since 1970. */
  readonly wallMs: () => number;
  /** Monotonic time in ms from an arbitrary start. */
  readonly monotonicMs: () => number;
  /** Call once, not before `ms` have passed. Returns how to call it off. Only with `mayEnd` the process need not wait for it. */
  readonly after: (ms: number, call: () => void, mayEnd?: boolean) => () => void;
}

export const SYSTEM_TIMEPIECES: Timepieces = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(ms, call, mayEnd = false) {
    const timer = setTimeout(call, ms);
    if (mayEnd) timer.unref();
    return () => clearTimeout(timer);
  },
};

export interface BoardClock {
  /** Whole ms; never less than any reading before. */
  now(): number;
}

/** The clock of a board whose newest record reads `last`, or of a new board. */
export function createBoardClock(
  timepieces: Pick<Timepieces, "wallMs" | "monotonicMs">,
  last: { readonly clock: number; readonly at: number } | undefined,
): BoardClock {
  const startedAt = timepieces.monotonicMs();
  const wall = timepieces.wallMs();
  const base = last === undefined ? wall : last.clock + Math.min(Math.max(wall - last.at, 0), MAX_DOWNTIME_MS);
  let highest = Math.floor(base);
  return {
    now() {
      highest = Math.max(highest, Math.floor(base + timepieces.monotonicMs() - startedAt));
      return highest;
    },
  };
}
