// Owns what every component may ask for: the store, the settings, the session.
// Does not create any of them (main.tsx).

import { createContext, useContext } from "react";
import type { AuditFeed } from "./live/audit-feed.ts";
import type { BoardSession } from "./live/board-session.ts";
import type { ProofWatch } from "./live/proof-watch.ts";
import type { ScreenStore } from "./state/screen-store.ts";
import type { SettingsStore } from "./state/settings.ts";
import type { SpendPoints } from "./state/spend-points.ts";

export interface Dashboard {
  readonly store: ScreenStore;
  readonly settings: SettingsStore;
  readonly session: BoardSession;
  /** What the page saw of spending since it was opened. */
  readonly spend: SpendPoints;
  readonly audit: AuditFeed;
  readonly proof: ProofWatch;
}

export const DashboardContext = createContext<Dashboard | undefined>(undefined);

export function useDashboard(): Dashboard {
  const dashboard = useContext(DashboardContext);
  if (dashboard === undefined) throw new Error("useDashboard outside of the dashboard");
  return dashboard;
}
