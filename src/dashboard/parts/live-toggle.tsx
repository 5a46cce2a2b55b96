// Owns the switch between following the board and looking at a frozen view.
// Does not own what waits (state/screen-store.ts). Switching on reconnects when there is no live socket.

import { useDashboard } from "../dashboard-context.ts";
import { useScreen } from "../state/screen-store.ts";
import { figure } from "../text/figures.ts";

export function LiveToggle() {
  const { store, session } = useDashboard();
  const isOn = useScreen(store, (screen) => screen.liveUpdates);
  const waiting = useScreen(store, (screen) => screen.waiting);
  const toggle = () => {
    store.setLiveUpdates(!isOn);
    if (!isOn && !session.isLive()) session.reconnect();
  };
  return (
    <div className="live">
      <button type="button" className="button" aria-pressed={isOn} data-on={isOn} onClick={toggle}>
        {isOn ? "⏸️ Live Updates: ON" : "⏸️ Live Updates: OFF"}
      </button>
      <span className="waiting" role="status">
        {!isOn && `${figure(waiting)} ${waiting === 1 ? "update" : "updates"} waiting`}
      </span>
    </div>
  );
}
