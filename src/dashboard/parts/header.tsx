// Owns the bar at the top: what this is, which board, how well it is connected, and the switches.
// Does not own any of its parts.

import { BoardName } from "./board-name.tsx";
import { ConnectionBadge } from "./connection-badge.tsx";
import { Freshness } from "./freshness.tsx";
import { Mark } from "./icon.tsx";
import { LiveToggle } from "./live-toggle.tsx";
import { SettingsMenu } from "./settings-menu.tsx";

export function Header() {
  return (
    <header className="top">
      <div className="top-name">
        <Mark />
        <h1>Swarmboard</h1>
        <span className="top-slash" aria-hidden="true">
          /
        </span>
        <BoardName />
      </div>
      <div className="top-state">
        <ConnectionBadge />
        <Freshness />
      </div>
      <div className="top-tools">
        <LiveToggle />
        <SettingsMenu />
      </div>
    </header>
  );
}
