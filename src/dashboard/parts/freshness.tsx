// Owns the time of the last update and the age of what is on the screen.
// Does not own the connection. While the view is frozen the age is that of the frozen data.

import type { Status } from "../../client/index.ts";
import { useDashboard } from "../dashboard-context.ts";
import { useClock } from "../state/clock.ts";
import { useScreen } from "../state/screen-store.ts";
import { duration, timeOfDay } from "../text/figures.ts";

/** A connection without a sign of life for so long is not called live, in ms: two beats and a second (as in client/). */
export const QUIET_MS = 5000;
/** Data older than this is called old, in ms: three beats have not come. */
const OLD_MS = 7000;
/** A long poll says nothing for 25 s while nothing changes. */
const OLD_POLLED_MS = 33_000;

export const oldAfterMs = (status: Status): number =>
  status.phase === "polling" && status.transport === "poll" ? OLD_POLLED_MS : OLD_MS;

/** True when the screen may no longer be true: cut off, or nothing came for too long though the reader wants updates. */
export function useIsStale(): boolean {
  const { store } = useDashboard();
  const isCutOff = useScreen(store, (screen) => screen.isCutOff);
  const freshAtMs = useScreen(store, (screen) => screen.freshAtMs);
  const isLive = useScreen(store, (screen) => screen.liveUpdates);
  const oldMs = useScreen(store, (screen) => oldAfterMs(screen.status));
  const isOld = useClock((nowMs) => isLive && freshAtMs !== undefined && nowMs - freshAtMs > oldMs);
  return isCutOff || isOld;
}

export function Freshness() {
  const { store } = useDashboard();
  const freshAtMs = useScreen(store, (screen) => screen.freshAtMs);
  const isFrozen = useScreen(store, (screen) => !screen.liveUpdates);
  const age = useClock((nowMs) => (freshAtMs === undefined ? "" : duration(nowMs - freshAtMs)));
  const oldMs = useScreen(store, (screen) => oldAfterMs(screen.status));
  const isOld = useClock((nowMs) => freshAtMs !== undefined && nowMs - freshAtMs > oldMs);
  if (freshAtMs === undefined) return <span className="freshness">No data yet</span>;
  return (
    <span
      className="freshness"
      data-old={isOld && !isFrozen}
      title="When the data on the screen was last known to be true"
    >
      <span className="freshness-word">Updated </span>
      <time dateTime={new Date(freshAtMs).toISOString()}>{timeOfDay(freshAtMs)}</time>
      <span className="freshness-age">{age} old</span>
    </span>
  );
}
