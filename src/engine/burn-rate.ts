// Owns how fast a budget is spent, and whether it will last: pure arithmetic on figures passed in.
// Does not own what is measured, or when it is told (burn-watch.ts).
//
// The rate is exponentially weighted: what was spent `tau` ago counts 1/e of what is spent now. `tau` is a 24th of the time
// that is looked ahead: a rate says something about a time of its own order, so a burst of five minutes must not condemn a
// month, and must be seen within an hour. A mean since the window's beginning would react ever more slowly.

const HOUR_MS = 3_600_000;
/** How far ahead a budget without windows is looked at. */
export const LIFETIME_AHEAD_MS = 24 * HOUR_MS;
const AHEAD_MS = { hour: HOUR_MS, day: 24 * HOUR_MS, week: 7 * 24 * HOUR_MS, month: 30 * 24 * HOUR_MS } as const;

/** How quickly the rate forgets, in ms. */
export const memoryMs = (every: keyof typeof AHEAD_MS | undefined): number =>
  (every === undefined ? LIFETIME_AHEAD_MS : AHEAD_MS[every]) / 24;

/** What was spent, weighted, as of `clock`. The first spend begins it, and its amount does not count: it has no length. */
export interface Burn {
  tokens: number;
  nanoUsd: number;
  spends: number;
  clock: number;
  readonly since: number;
}

export const beginBurn = (clock: number): Burn => ({ tokens: 0, nanoUsd: 0, spends: 1, clock, since: clock });

/** Let time pass. Board clock, so that a wall clock that jumps changes no rate. */
export function passTo(burn: Burn, clock: number, tauMs: number): void {
  const kept = Math.exp(-Math.max(0, clock - burn.clock) / tauMs);
  burn.tokens *= kept;
  burn.nanoUsd *= kept;
  burn.spends *= kept;
  burn.clock = Math.max(burn.clock, clock);
}

/** Too short a look to say anything. */
const LEAST_MEMORY = 1 / 4;
/** So few spends tell of no rate. Weighted as the amounts are. */
const LEAST_SPENDS = 3;
/** A budget is told not to last if it ends before this share of the time ahead, and to last beyond the other. */
const SURELY = 0.9;
const NO_MORE = 1.1;
/** A time that is told is corrected where the time until then is longer or shorter by this factor. */
const CORRECTION = 1.5;

/** What is left of each kind; Infinity where nothing limits it. */
export interface Left {
  readonly tokens: number;
  readonly nanoUsd: number;
}

export interface Outlook {
  readonly nowMs: number;
  /** Wall time until which the budget has to last. */
  readonly untilMs: number;
  readonly left: Left;
  /** What was told last: when it will be spent; undefined that it lasts. */
  readonly told: number | undefined;
}

/** What is to be told: a wall time in ms, null that it lasts after all, undefined for nothing new. */
export function project(burn: Burn, tauMs: number, outlook: Outlook): number | null | undefined {
  const { nowMs, untilMs, left, told } = outlook;
  const lookedMs = burn.clock - burn.since;
  // Of a budget that is spent the alerts at its thresholds tell.
  if (lookedMs < tauMs * LEAST_MEMORY || left.tokens <= 0 || left.nanoUsd <= 0) return undefined;
  // The weights of a look that is younger than the memory do not sum up to a whole tau yet.
  const weightMs = tauMs * -Math.expm1(-lookedMs / tauMs);
  const inMs = Math.min(timeFor(left.tokens, burn.tokens / weightMs), timeFor(left.nanoUsd, burn.nanoUsd / weightMs));
  const aheadMs = Math.max(0, untilMs - nowMs);
  if (told === undefined) {
    const isSure = burn.spends >= LEAST_SPENDS && inMs < aheadMs * SURELY;
    return isSure ? Math.ceil(nowMs + inMs) : undefined;
  }
  if (inMs > aheadMs * NO_MORE) return null;
  const toldInMs = told - nowMs;
  const isRight = inMs < toldInMs * CORRECTION && inMs > toldInMs / CORRECTION;
  // Within moments of the end there is nothing left to correct.
  return isRight || Math.abs(inMs - toldInMs) < tauMs / 10 ? undefined : Math.ceil(nowMs + inMs);
}

const timeFor = (left: number, perMs: number): number =>
  left === Number.POSITIVE_INFINITY || perMs <= 0 ? Number.POSITIVE_INFINITY : left / perMs;
