// Owns the arrangement of the page: header, notices, figures, panels.
// Does not own the panels. Each panel gets only its own slice, so that a sync redraws only what it changed.

import { useEffect } from "react";
import type { Status } from "../client/index.ts";
import { useDashboard } from "./dashboard-context.ts";
import type { LargeBoard } from "./live/large-board.ts";
import { LargeBlackboardPanel } from "./panels/large-blackboard-panel.tsx";
import { AgentsPanel } from "./panels/agents-panel.tsx";
import { AlertsPanel } from "./panels/alerts-panel.tsx";
import { AuditPanel } from "./panels/audit-panel.tsx";
import { BlackboardPanel } from "./panels/blackboard-panel.tsx";
import { BudgetPanel } from "./panels/budget-panel.tsx";
import { EmptyBoard } from "./panels/empty-board.tsx";
import { HoldsPanel } from "./panels/holds-panel.tsx";
import { PausesPanel } from "./panels/pauses-panel.tsx";
import { RequestsPanel } from "./panels/requests-panel.tsx";
import { SourcesPanel } from "./panels/sources-panel.tsx";
import { TasksPanel } from "./panels/tasks-panel.tsx";
import { useIsStale } from "./parts/freshness.tsx";
import { Header } from "./parts/header.tsx";
import { Notices } from "./parts/notices.tsx";
import { PausedLines } from "./parts/paused-lines.tsx";
import { Summary } from "./parts/summary.tsx";
import { type BoardView, isEmptyBoard } from "./state/board-view.ts";
import { useScreen } from "./state/screen-store.ts";

const isLost = ({ phase }: Status): boolean => phase === "offline" || phase === "stopped";

/** The tab's title says which board it is, and whether it is cut off. */
function useTitle(): void {
  const { store } = useDashboard();
  const title = useScreen(store, (screen) => {
    const name = screen.view === undefined ? "Swarmboard" : `${screen.view.board} · Swarmboard`;
    return isLost(screen.status) ? `Disconnected · ${name}` : name;
  });
  useEffect(() => {
    document.title = title;
  }, [title]);
}

function FirstLoad() {
  const { store } = useDashboard();
  const problem = useScreen(store, (screen) => screen.problem);
  return (
    <div className="first" role="status">
      {problem === undefined ? (
        <p>Loading the board…</p>
      ) : (
        <>
          <h2>The board cannot be shown yet</h2>
          <p>The server says: {problem}. The page tries again by itself.</p>
          <p>
            <a href={location.pathname}>Open the usual board</a>
          </p>
        </>
      )}
    </div>
  );
}

function Panels({ view, large }: { readonly view: BoardView; readonly large: LargeBoard | undefined }) {
  return (
    <div className="panels">
      <div className="column wide">
        {large === undefined ? (
          <BlackboardPanel board={view.board} groups={view.groups} keyCount={view.keyCount ?? 0} />
        ) : (
          <LargeBlackboardPanel board={view.board} large={large} />
        )}
        <AuditPanel audit={view.audit} />
        <HoldsPanel holds={view.holds} />
      </div>
      <div className="column">
        <RequestsPanel requests={view.requests} />
        <BudgetPanel budgets={view.budgets} pauses={view.pauses} />
        <AlertsPanel alerts={view.alerts} />
        <PausesPanel pauses={view.pauses} />
        <AgentsPanel agents={view.agents} />
        <TasksPanel tasks={view.tasks} />
        <SourcesPanel sources={view.sources} />
      </div>
    </div>
  );
}

export function App() {
  const { store } = useDashboard();
  const view = useScreen(store, (screen) => screen.view);
  const large = useScreen(store, (screen) => screen.large);
  const isStale = useIsStale();
  useTitle();
  return (
    <>
      <a className="skip" href="#main">
        Skip to the board
      </a>
      <Header />
      <Notices />
      <main id="main" tabIndex={-1} data-stale={isStale}>
        {view === undefined && <FirstLoad />}
        {view !== undefined && isEmptyBoard(view) && <EmptyBoard board={view.board} />}
        {view !== undefined && !isEmptyBoard(view) && (
          <>
            <PausedLines pauses={view.pauses} />
            <Summary view={view} />
            <Panels view={view} large={large} />
          </>
        )}
      </main>
    </>
  );
}
