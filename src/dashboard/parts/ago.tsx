// Owns a moment shown as "12s ago", moving on by itself, with the full time on hover.
// Does not own the clock. Moments are the server's wall time, so its clock counts, not the browser's.

import { useClock } from "../state/clock.ts";
import { useScreen } from "../state/screen-store.ts";
import { useDashboard } from "../dashboard-context.ts";
import { ago, fullTime, shortTime } from "../text/figures.ts";

const isoOf = (atMs: number) =>
  Number.isFinite(atMs) && Math.abs(atMs) < 8.64e15 ? new Date(atMs).toISOString() : undefined;

export function useServerOffsetMs(): number {
  const { store } = useDashboard();
  return useScreen(store, (screen) => screen.clockOffsetMs);
}

/** How long ago `atMs` was. */
export function Ago({ atMs, label }: { readonly atMs: number; readonly label?: string }) {
  const offsetMs = useServerOffsetMs();
  const text = useClock((nowMs) => ago(nowMs + offsetMs - atMs));
  return (
    <time className="ago" dateTime={isoOf(atMs)} title={`${label === undefined ? "" : `${label}: `}${fullTime(atMs)}`}>
      {text}
    </time>
  );
}

/** The time of day of `atMs`, with its date when it is not today's. */
export function At({ atMs }: { readonly atMs: number }) {
  const offsetMs = useServerOffsetMs();
  const text = useClock((nowMs) => shortTime(atMs, nowMs + offsetMs));
  return (
    <time className="ago" dateTime={isoOf(atMs)} title={fullTime(atMs)}>
      {text}
    </time>
  );
}
