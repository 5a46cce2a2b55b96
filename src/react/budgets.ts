// Owns the hooks that read budgets and what belongs to them: holds, alerts, pauses. Does not own subscriptions: each hook takes
// one whose filter names the stream, such as `{ budgets: true, holds: true, alerts: true, pauses: true }`.

import { useMemo } from "react";
import type { Alert, Budget, Hold, Pause, Subscription } from "../client/index.ts";
import { useCollection, useItem } from "./views.ts";

/** One budget. Renders again only when it changed, or one below it was spent of. */
export function useBudget(subscription: Subscription | undefined, task: string): Budget | undefined {
  return useItem(subscription?.budgets, task);
}

export interface HoldFilter {
  readonly task?: string | undefined;
  readonly agent?: string | undefined;
  /** By default those that are open. */
  readonly state?: Hold["state"] | "all" | undefined;
}

/** Holds, the oldest first. */
export function useHolds(
  subscription: Subscription | undefined,
  { task, agent, state = "open" }: HoldFilter = {},
): readonly Hold[] {
  const holds = useCollection(subscription?.holds);
  return useMemo(
    () =>
      holds
        .filter((hold) => state === "all" || hold.state === state)
        .filter((hold) => (task === undefined || hold.task === task) && (agent === undefined || hold.agent === agent))
        .sort((a, b) => a.openedAt - b.openedAt || (a.hold < b.hold ? -1 : 1)),
    [holds, task, agent, state],
  );
}

/** Alerts, the newest first; with `open` only those that nobody minds yet. */
export function useAlerts(
  subscription: Subscription | undefined,
  { open = false }: { readonly open?: boolean } = {},
): readonly Alert[] {
  const alerts = useCollection(subscription?.alerts);
  return useMemo(
    () =>
      alerts
        .filter((alert) => !open || alert.acknowledgedBy === undefined)
        .sort((a, b) => b.raisedAt - a.raisedAt || (a.alert < b.alert ? 1 : -1)),
    [alerts, open],
  );
}

/** What is paused. */
export function usePauses(subscription: Subscription | undefined): readonly Pause[] {
  return useCollection(subscription?.pauses);
}
