// Owns the connection indicator: green, yellow or red, and the same in words and shape.
// Does not own the states (client/). It never says "Connected" of data that is older than the heartbeat allows.

import type { Status } from "../../client/index.ts";
import { useDashboard } from "../dashboard-context.ts";
import { useClock } from "../state/clock.ts";
import { useScreen } from "../state/screen-store.ts";
import { QUIET_MS } from "./freshness.tsx";

interface Looks {
  readonly colour: "green" | "yellow" | "red";
  readonly shape: Shape;
  readonly word: string;
  /** What is added where there is room. */
  readonly more?: string;
  readonly explanation: string;
}

const WAYS = { stream: "event stream", poll: "long polling" } as const;

function looksOf(status: Status): Looks {
  switch (status.phase) {
    case "live":
      return {
        colour: "green",
        shape: "disc",
        word: "Connected",
        explanation: "The WebSocket is open, and what is shown is what the server has.",
      };
    case "connecting":
      return { colour: "yellow", shape: "ring", word: "Connecting…", explanation: "The WebSocket is being opened." };
    case "catching-up":
      return {
        colour: "yellow",
        shape: "half",
        word: "Catching up…",
        explanation: `The WebSocket is open, but what is shown may not be all: ${status.reason}.`,
      };
    case "polling":
      return {
        colour: "yellow",
        shape: "half",
        word: "Polling over HTTP",
        more: status.behind ? `${WAYS[status.transport]}, catching up` : WAYS[status.transport],
        explanation: `No WebSocket (${status.reason}). Changes come by HTTP (${WAYS[status.transport]}); the socket is tried again in the background.`,
      };
    case "offline":
      return { colour: "red", shape: "cross", word: "Disconnected", explanation: `Connection lost: ${status.reason}.` };
    case "stopped":
      return {
        colour: "red",
        shape: "square",
        word: "Disconnected",
        more: "not reconnecting",
        explanation: `The server wants no further attempt: ${status.reason}. Live Updates OFF and ON tries again.`,
      };
    default:
      return status satisfies never;
  }
}

const QUIET: Status = { phase: "catching-up", sinceMs: 0, transport: "socket", reason: "no sign of life" };

/** What the lamp is without its colour, on a grid of 12 px. */
const SHAPES = {
  disc: <circle className="lamp-fill lamp-line" cx="6" cy="6" r="4" />,
  ring: <circle className="lamp-line" cx="6" cy="6" r="4" strokeDasharray="3.2 1.83" />,
  half: (
    <>
      <path className="lamp-fill" d="M6 2a4 4 0 0 0 0 8z" />
      <circle className="lamp-line" cx="6" cy="6" r="4" />
    </>
  ),
  cross: <path className="lamp-line lamp-cross" d="M2.5 2.5l7 7m0-7l-7 7" />,
  square: <path className="lamp-fill lamp-line" d="M2.5 2.5h7v7h-7z" />,
} as const;
type Shape = keyof typeof SHAPES;

function Countdown({ retryAtMs }: { readonly retryAtMs: number }) {
  const seconds = useClock((nowMs) => Math.max(0, Math.ceil((retryAtMs - nowMs) / 1000)));
  return (
    <span className="countdown">
      {" — "}
      <span className="countdown-words">reconnecting in </span>
      {seconds} s
    </span>
  );
}

export function ConnectionBadge() {
  const { store } = useDashboard();
  const told = useScreen(store, (screen) => screen.status);
  // A page that was frozen draws before its timers have told it how late it is.
  const isQuiet = useClock((nowMs) => nowMs - (store.read().knownAtMs ?? nowMs) > QUIET_MS);
  const status = told.phase === "live" && isQuiet ? QUIET : told;
  const { colour, shape, word, more, explanation } = looksOf(status);
  return (
    <div className="connection" data-colour={colour} data-phase={status.phase} title={explanation}>
      <svg className="lamp" data-shape={shape} viewBox="0 0 12 12" aria-hidden="true" focusable="false">
        {SHAPES[shape]}
      </svg>
      <span role="status">{word}</span>
      {more !== undefined && <span className="connection-more"> · {more}</span>}
      {status.phase === "offline" && <Countdown retryAtMs={status.retryAtMs} />}
    </div>
  );
}
