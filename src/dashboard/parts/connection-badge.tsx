// Owns the connection indicator: green, yellow or red, and the same in words.
// Does not own the states (connection/machine.ts). It never says "Connected" unless frames arrive.

import type { Connection } from "../connection/phases.ts";
import { useDashboard } from "../dashboard-context.ts";
import { useClock } from "../state/clock.ts";
import { useScreen } from "../state/screen-store.ts";

interface Looks {
  readonly colour: "green" | "yellow" | "red";
  readonly word: string;
  readonly explanation: string;
}

function looksOf(connection: Connection): Looks {
  switch (connection.phase) {
    case "live":
      return { colour: "green", word: "Connected", explanation: "The WebSocket is open and updates arrive every 2 s." };
    case "connecting":
      return { colour: "yellow", word: "Connecting…", explanation: "The WebSocket is being opened." };
    case "polling":
      return {
        colour: "yellow",
        word: "Polling over HTTP",
        explanation: `No WebSocket (${connection.reason}). Data is fetched every 2 s; the socket is tried again in the background.`,
      };
    case "offline":
      return { colour: "red", word: "Disconnected", explanation: `Connection lost: ${connection.reason}.` };
    default:
      return connection satisfies never;
  }
}

function Countdown({ retryAtMs }: { readonly retryAtMs: number }) {
  const seconds = useClock((nowMs) => Math.max(0, Math.ceil((retryAtMs - nowMs) / 1000)));
  return <span className="countdown"> — reconnecting in {seconds} s</span>;
}

export function ConnectionBadge() {
  const { store } = useDashboard();
  const connection = useScreen(store, (screen) => screen.connection);
  const { colour, word, explanation } = looksOf(connection);
  return (
    <div className="connection" data-colour={colour} data-phase={connection.phase} title={explanation}>
      <span className="lamp" aria-hidden="true" />
      <span role="status">{word}</span>
      {connection.phase === "offline" && <Countdown retryAtMs={connection.retryAtMs} />}
    </div>
  );
}
