// Owns the board's name in the header, as a switcher where the server has several boards.
// Does not own the data: switching opens the page at the other board's address.

import { useEffect, useState } from "react";
import { useDashboard } from "../dashboard-context.ts";
import { boardInAddress, listBoards } from "../state/boards.ts";
import { useScreen } from "../state/screen-store.ts";
import { AgentText } from "./agent-text.tsx";

function go(board: string): void {
  const address = new URL(location.href);
  address.searchParams.set("board", board);
  location.assign(address);
}

/** The names of all boards, once data has arrived; empty until then. */
export function useBoards(): readonly string[] {
  const { store } = useDashboard();
  const shown = useScreen(store, (screen) => screen.view?.board);
  const [boards, setBoards] = useState<readonly string[]>([]);
  useEffect(() => {
    // Where the board's data cannot be had, the list can not either.
    if (shown === undefined) return undefined;
    const stop = new AbortController();
    void listBoards(stop.signal).then((names) => {
      if (!stop.signal.aborted) setBoards(names);
    });
    return () => stop.abort();
  }, [shown]);
  return boards;
}

export function BoardName() {
  const { store } = useDashboard();
  const shown = useScreen(store, (screen) => screen.view?.board);
  const boards = useBoards();
  const name = shown ?? boardInAddress();
  const names = boards.includes(name) ? boards : [name, ...boards];
  if (names.length === 1) return <AgentText className="board-name" text={name} />;
  return (
    <select className="board-name" aria-label="Board" value={name} onChange={(event) => go(event.target.value)}>
      {names.map((each) => (
        <option key={each}>{each}</option>
      ))}
    </select>
  );
}
