// Owns the settings: theme, reconnect interval, and a look at the connection's facts.
// Does not own their effect. It is a native popover: Esc and a click elsewhere close it.

import { useDashboard } from "../dashboard-context.ts";
import { useScreen } from "../state/screen-store.ts";
import { asReconnectSeconds, RECONNECT_SECONDS, type Theme, useSettings } from "../state/settings.ts";
import { timeOfDay } from "../text/figures.ts";
import { Icon } from "./icon.tsx";

const THEMES: readonly { readonly theme: Theme; readonly word: string }[] = [
  { theme: "system", word: "System" },
  { theme: "light", word: "Light" },
  { theme: "dark", word: "Dark" },
];

export function SettingsMenu() {
  const { store, settings, session } = useDashboard();
  const { theme, reconnectSeconds } = useSettings(settings);
  const status = useScreen(store, (screen) => screen.status);
  const seq = useScreen(store, (screen) => screen.view?.seq);
  return (
    <>
      <button
        type="button"
        className="button icon-only"
        popoverTarget="settings"
        aria-label="Settings"
        title="Settings"
      >
        <Icon name="gear" />
      </button>
      <div id="settings" className="menu" popover="auto" role="group" aria-label="Settings">
        <div className="menu-row">
          <span id="theme-label">Theme</span>
          <div className="choice" role="group" aria-labelledby="theme-label">
            {THEMES.map((each) => (
              <button
                key={each.theme}
                type="button"
                aria-pressed={theme === each.theme}
                onClick={() => settings.change({ theme: each.theme })}
              >
                {each.word}
              </button>
            ))}
          </div>
        </div>
        <label className="menu-row">
          <span>Reconnect within</span>
          <span className="number">
            <input
              key={reconnectSeconds}
              type="number"
              min={RECONNECT_SECONDS.least}
              max={RECONNECT_SECONDS.most}
              defaultValue={reconnectSeconds}
              onBlur={(event) => settings.change({ reconnectSeconds: asReconnectSeconds(event.target.valueAsNumber) })}
              onKeyDown={(event) => {
                if (event.key === "Enter") event.currentTarget.blur();
              }}
            />
            s
          </span>
        </label>
        <dl className="menu-facts">
          <div>
            <dt>Socket</dt>
            <dd className="mono">{session.url}</dd>
          </div>
          <div>
            <dt>State</dt>
            <dd>
              {status.phase} since {timeOfDay(status.sinceMs)}
            </dd>
          </div>
          <div>
            <dt>Position</dt>
            <dd className="mono">{seq === undefined ? "–" : `#${seq}`}</dd>
          </div>
        </dl>
        <p className="menu-note">
          <kbd>/</kbd> search <kbd>Tab</kbd> move <kbd>Enter</kbd> open <kbd>Esc</kbd> close ·{" "}
          <a href="/api/docs">API</a>
        </p>
      </div>
    </>
  );
}
