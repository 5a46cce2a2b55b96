// Owns the lines under the header that say what is not as it should be: stale data, a paused swarm, refused writes.
// Does not own the causes. Each says what is the matter and what still holds.

import type { ReactNode } from "react";
import { useDashboard } from "../dashboard-context.ts";
import { useClock } from "../state/clock.ts";
import { type Screen, useScreen } from "../state/screen-store.ts";
import { duration, timeOfDay } from "../text/figures.ts";
import { AgentText } from "./agent-text.tsx";
import { oldAfterMs } from "./freshness.tsx";
import { Icon, type IconName } from "./icon.tsx";

function Notice({
  tone,
  icon,
  children,
}: {
  readonly tone: "warn" | "bad" | "accent";
  readonly icon: IconName;
  readonly children: ReactNode;
}) {
  return (
    <div className="notice" data-tone={tone}>
      <Icon name={icon} />
      <p>{children}</p>
    </div>
  );
}

/** Data is stale only when nobody wanted it frozen. */
function StaleNotice({ screen }: { readonly screen: Screen }) {
  const { freshAtMs, liveUpdates, status } = screen;
  const age = useClock((nowMs) =>
    freshAtMs === undefined || !liveUpdates || nowMs - freshAtMs <= oldAfterMs(status)
      ? ""
      : duration(nowMs - freshAtMs),
  );
  if (freshAtMs === undefined || age === "") return null;
  const reason = "reason" in status ? status.reason : undefined;
  return (
    <Notice tone="bad" icon="warning">
      <strong>This data is {age} old</strong> (as of {timeOfDay(freshAtMs)}).
      {reason !== undefined && ` Reason: ${reason}.`} It stays here until newer data arrives.
    </Notice>
  );
}

export function Notices() {
  const { store } = useDashboard();
  const screen = useScreen(store, (all) => all);
  const { view } = screen;
  const paused = view?.sources.filter((source) => source.paused) ?? [];
  return (
    <div className="notices">
      <StaleNotice screen={screen} />
      {paused.length > 0 && (
        <Notice tone="warn" icon="pause">
          <strong>Swarm is paused</strong> by its own switch in{" "}
          <AgentText text={paused.map((source) => source.source).join(", ")} />. Agents wait until it is taken away.
        </Notice>
      )}
      {view?.unwritable !== undefined && (
        <Notice tone="bad" icon="stop">
          <strong>The board is read-only at present</strong>: <AgentText text={view.unwritable} />. Reading and updates
          go on.
        </Notice>
      )}
      {view !== undefined && screen.problem !== undefined && (
        <Notice tone="warn" icon="warning">
          <strong>The server tells nothing new of this board</strong>: <AgentText text={screen.problem} />. Older data
          stays on the screen.
        </Notice>
      )}
    </div>
  );
}
