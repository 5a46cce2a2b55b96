// Owns the start of the page: makes the store, the settings and the session, joins them and draws.
// Does not own any of them. This is the only file of the dashboard that does something when it is loaded.

import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app.tsx";
import { DashboardContext } from "./dashboard-context.ts";
import { createAuditFeed } from "./live/audit-feed.ts";
import { createBoardSession } from "./live/board-session.ts";
import { offerConsoleWords } from "./live/console-words.ts";
import { createProofWatch } from "./live/proof-watch.ts";
import { boardInAddress } from "./state/boards.ts";
import { createScreenStore } from "./state/screen-store.ts";
import { createSettingsStore, showTheme } from "./state/settings.ts";
import { createSpendPoints } from "./state/spend-points.ts";
import "./style/index.css";

const settings = createSettingsStore();
showTheme(settings.read().theme);

const store = createScreenStore({ phase: "connecting", sinceMs: Date.now() });
const spend = createSpendPoints();
const session = createBoardSession({
  board: boardInAddress(),
  reconnectMs: settings.read().reconnectSeconds * 1000,
  agent: settings.read().name,
  store,
  spend,
});
const audit = createAuditFeed({ board: boardInAddress(), store });
const proof = createProofWatch({ board: boardInAddress(), store });
offerConsoleWords(session.socket, session.reconnect);

settings.subscribe(() => {
  const { theme, reconnectSeconds, name } = settings.read();
  showTheme(theme);
  session.setReconnectMs(reconnectSeconds * 1000);
  session.setAgent(name);
});

const root = document.getElementById("root");
if (root === null) throw new Error("The page has no #root.");
createRoot(root).render(
  <StrictMode>
    <DashboardContext value={{ store, settings, session, spend, audit, proof }}>
      <App />
    </DashboardContext>
  </StrictMode>,
);
