// Owns the strip of figures under the header: the state of the whole board in one look.
// Does not own the panels; each figure leads to the one that explains it.

import type { ReactNode } from "react";
import type { BoardView, Budgets } from "../state/board-view.ts";
import { useClock } from "../state/clock.ts";
import { useDashboard } from "../dashboard-context.ts";
import { useScreen } from "../state/screen-store.ts";
import { figure, percent, shortFigure, timeOfDay } from "../text/figures.ts";
import { useServerOffsetMs } from "./ago.tsx";
import type { Tone } from "./badge.tsx";
import { useIsStale } from "./freshness.tsx";

interface TileProps {
  readonly panel: string;
  readonly label: ReactNode;
  readonly value: string;
  readonly note: ReactNode;
  readonly tone?: Tone;
}

function Tile({ panel, label, value, note, tone = "calm" }: TileProps) {
  return (
    <a className="tile" href={`#${panel}`} data-tone={tone}>
      <span className="tile-label">{label}</span>
      <span className="tile-value">{value}</span>
      <span className="tile-note">{note}</span>
    </a>
  );
}

/** An agent counts as active when it gave a sign of life within this time, in ms. */
const ACTIVE_MS = 60_000;
/** A change counts as recent within this time, in ms. */
const RECENT_MS = 60_000;

function limitNote({ rows, limit, percentage }: Budgets): string {
  if (rows.length === 0) return "none is open";
  if (limit === undefined) return "no limit of tokens";
  return limit > 0 ? `${percent(percentage)} of ${shortFigure(limit)}` : "no tokens allowed";
}

function toneOfBudget({ rows, limit, percentage }: Budgets): Tone {
  if (rows.length > 0 && limit === 0) return "bad";
  if (percentage >= 100) return "bad";
  if (percentage >= 90) return "high";
  return percentage >= 80 ? "warn" : "calm";
}

export function Summary({ view }: { readonly view: BoardView }) {
  const { store } = useDashboard();
  const offsetMs = useServerOffsetMs();
  const freshAtMs = useScreen(store, (screen) => screen.freshAtMs);
  const isLarge = useScreen(store, (screen) => screen.large !== undefined);
  const isStale = useIsStale();
  // What is cut off or frozen says how it was when it was last known to be true, not how it is now.
  const isPast = useScreen(store, (screen) => !screen.liveUpdates) || isStale;
  const asOf = (nowMs: number) => offsetMs + (isPast ? (freshAtMs ?? nowMs) : nowMs);
  const active = useClock(
    (nowMs) => view.agents.filter((agent) => asOf(nowMs) - (agent.lastSeenAt ?? 0) < ACTIVE_MS).length,
  );
  const when = isPast && freshAtMs !== undefined ? `at ${timeOfDay(freshAtMs)}` : "in 1 min";
  const recent = useClock((nowMs) => {
    const since = asOf(nowMs) - RECENT_MS;
    return view.groups.reduce((sum, group) => sum + group.rows.filter((row) => row.at > since).length, 0);
  });
  const { budgets } = view;
  const spent = budgets.rows.filter((row) => row.status === "exhausted").length;
  const denied = view.audit.rows.filter((row) => row.granted === false).length;
  const open = view.requests.filter((request) => request.state === "open").length;
  return (
    <nav className="summary" aria-label="Summary">
      <Tile
        panel="blackboard"
        label="Keys"
        value={view.keyCount === undefined ? "–" : shortFigure(view.keyCount)}
        note={isLarge ? "loaded as you scroll" : `${figure(recent)} changed ${when.replace("at", "before")}`}
      />
      <Tile
        panel="agents"
        label="Agents"
        value={figure(view.agents.length)}
        note={`${figure(active)} active ${when}`}
      />
      <Tile
        panel="budgets"
        label={
          <>
            Tokens used<span className="tile-scope"> · open budgets</span>
          </>
        }
        value={shortFigure(budgets.used)}
        note={limitNote(budgets)}
        tone={toneOfBudget(budgets)}
      />
      <Tile
        panel="budgets"
        label="Exhausted budgets"
        value={figure(spent)}
        note={`of ${figure(budgets.rows.length)} open`}
        tone={spent > 0 ? "bad" : "calm"}
      />
      <Tile
        panel="audit"
        label="Denied"
        value={figure(denied)}
        note={`of the newest ${figure(view.audit.rows.length)} events`}
        tone={denied > 0 ? "bad" : "calm"}
      />
      <Tile
        panel="requests"
        label="Waiting for you"
        value={figure(open)}
        note={open === 1 ? "open request" : "open requests"}
        tone={open > 0 ? "accent" : "calm"}
      />
    </nav>
  );
}
