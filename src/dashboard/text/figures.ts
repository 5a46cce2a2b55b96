// Owns how numbers and times are written on the screen.
// Does not own the clock (state/clock.ts). Every function is pure; the locale is the reader's.

const whole = new Intl.NumberFormat(undefined, { maximumFractionDigits: 0 });
const oneDigit = new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 });
const compact = new Intl.NumberFormat(undefined, { notation: "compact", maximumFractionDigits: 1 });
const clock = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
});
const day = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric" });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long" });

const UNKNOWN = "–";

export const figure = (value: number) => (Number.isFinite(value) ? whole.format(value) : UNKNOWN);
/** 12 345 678 as 12.3M; small numbers as they are. */
export const shortFigure = (value: number) =>
  !Number.isFinite(value) ? UNKNOWN : Math.abs(value) < 100_000 ? whole.format(value) : compact.format(value);
export const percent = (value: number) => (Number.isFinite(value) ? `${oneDigit.format(value)}%` : UNKNOWN);

/** Length of time in one unit: 12s, 5m, 3h, 40d. `ms` below zero counts as zero. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}

/** Time that is left, in two units where the second matters: 4m 12s. */
export function remaining(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m ${seconds % 60}s`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}h ${Math.floor((seconds % 3600) / 60)}m`;
  return `${Math.floor(seconds / 86_400)}d ${Math.floor((seconds % 86_400) / 3600)}h`;
}

/** How long ago, for a reader: `now`, `12s ago`, `3h ago`. */
export function ago(ms: number): string {
  return ms < 1500 ? "now" : `${duration(ms)} ago`;
}

export const timeOfDay = (atMs: number) => (Number.isFinite(atMs) ? clock.format(atMs) : UNKNOWN);
export const fullTime = (atMs: number) => (Number.isFinite(atMs) ? full.format(atMs) : "time unknown");

/** The time of day, with the date before it when that is not today's. */
export function shortTime(atMs: number, nowMs: number): string {
  if (!Number.isFinite(atMs)) return UNKNOWN;
  const isToday = new Date(atMs).toDateString() === new Date(nowMs).toDateString();
  return isToday ? clock.format(atMs) : `${day.format(atMs)}, ${clock.format(atMs).slice(0, 5)}`;
}
