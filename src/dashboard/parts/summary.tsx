// Owns the strip of figures under the header: the state of the whole board in one look.
// Does not own the panels; each figure leads to the one that explains it.

import type { ReactNode } from "react";
import type { BoardView } from "../state/board-view.ts";
import { useClock } from "../state/clock.ts";
import { figure, percent, shortFigure } from "../text/figures.ts";
import { useServerOffsetMs } from "./ago.tsx";
import type { Tone } from "./badge.tsx";

interface TileProps {
  readonly panel: string;
  readonly label: string;
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

function toneOfBudget(percentage: number): Tone {
  if (percentage >= 100) return "bad";
  if (percentage >= 90) return "high";
  return percentage >= 80 ? "warn" : "calm";
}

export function Summary({ view }: { readonly view: BoardView }) {
  const offsetMs = useServerOffsetMs();
  const active = useClock(
    (nowMs) => view.agents.filter((agent) => nowMs + offsetMs - (agent.lastSeenAt ?? 0) < ACTIVE_MS).length,
  );
  const recent = useClock((nowMs) => {
    const since = nowMs + offsetMs - RECENT_MS;
    return view.groups.reduce((sum, group) => sum + group.rows.filter((row) => (row.facts?.at ?? 0) > since).length, 0);
  });
  const { budgets } = view;
  const spent = budgets.rows.filter((row) => row.status === "exhausted").length;
  const denied = view.audit.rows.filter((row) => row.granted === false).length;
  const open = view.requests.filter((request) => request.state === "open").length;
  return (
    <nav className="summary" aria-label="Summary">
      <Tile panel="blackboard" label="Keys" value={figure(view.keyCount)} note={`${figure(recent)} changed in 1 min`} />
      <Tile
        panel="agents"
        label="Agents"
        value={figure(view.agents.length)}
        note={`${figure(active)} active in 1 min`}
      />
      <Tile
        panel="budgets"
        label="Tokens used"
        value={shortFigure(budgets.used)}
        note={budgets.limit > 0 ? `${percent(budgets.percentage)} of ${shortFigure(budgets.limit)}` : "no limit set"}
        tone={toneOfBudget(budgets.percentage)}
      />
      <Tile
        panel="budgets"
        label="Exhausted budgets"
        value={figure(spent)}
        note={`of ${figure(budgets.rows.length)} ${budgets.rows.length === 1 ? "task" : "tasks"}`}
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
        panel={open > 0 ? "requests" : "audit"}
        label="Waiting for you"
        value={figure(open)}
        note={open === 1 ? "open request" : "open requests"}
        tone={open > 0 ? "accent" : "calm"}
      />
    </nav>
  );
}
