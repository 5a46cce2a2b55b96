// Owns the start of the page: makes the store, the settings and the link, joins them and draws.
// Does not own any of them. This is the only file of the dashboard that does something when it is loaded.

import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app.tsx";
import { offerConsoleWords } from "./connection/console-words.ts";
import { createLink } from "./connection/link.ts";
import { initialConnection } from "./connection/machine.ts";
import { DashboardContext } from "./dashboard-context.ts";
import { addressesOf, boardInAddress } from "./state/boards.ts";
import { createScreenStore } from "./state/screen-store.ts";
import { createSettingsStore, showTheme } from "./state/settings.ts";
import "./style/index.css";

const settings = createSettingsStore();
showTheme(settings.read().theme);

const store = createScreenStore(initialConnection(Date.now()));
const addresses = addressesOf(boardInAddress());
const link = createLink({
  ...addresses,
  reconnectMs: settings.read().reconnectSeconds * 1000,
  onFrame: store.accept,
  onUnchanged: store.confirm,
  onState: store.setConnection,
  onHttpProblem: store.setHttpProblem,
});
offerConsoleWords(link);

settings.subscribe(() => {
  const { theme, reconnectSeconds } = settings.read();
  showTheme(theme);
  link.setReconnectMs(reconnectSeconds * 1000);
});

const root = document.getElementById("root");
if (root === null) throw new Error("The page has no #root.");
createRoot(root).render(
  <StrictMode>
    <DashboardContext value={{ store, settings, link, socketUrl: addresses.socketUrl }}>
      <App />
    </DashboardContext>
  </StrictMode>,
);
