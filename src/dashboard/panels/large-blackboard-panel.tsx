// Owns the panel of a large board's entries: search, order, and one window of rows at a time.
// Does not own which rows there are (live/large-board.ts). Not virtualised yet: two buttons move the window.

import { useState, useSyncExternalStore } from "react";
import type { LargeBoard } from "../live/large-board.ts";
import { EntryColumns, OrderChoice } from "../parts/entry-order.tsx";
import { Nothing, Panel } from "../parts/panel.tsx";
import { SearchField } from "../parts/search-field.tsx";
import { figure } from "../text/figures.ts";
import { EntryRowItem } from "./entry-row.tsx";

const STEP = 100;

export function LargeBlackboardPanel({ board, large }: { readonly board: string; readonly large: LargeBoard }) {
  const { from, rows, total, approximate, order } = useSyncExternalStore(large.subscribe, large.read);
  const [query, setQuery] = useState("");
  const [openKey, setOpenKey] = useState<string>();
  const move = (to: number) => large.show(Math.max(0, Math.min(to, total - 1)), STEP);
  const search = (text: string) => {
    setQuery(text);
    large.search(text, order);
  };
  return (
    <Panel
      id="blackboard"
      title="Blackboard State"
      count={`${rows.length === 0 ? 0 : figure(from + 1)}–${figure(from + rows.length)} of ${approximate ? "about " : ""}${figure(total)}`}
      tools={
        <>
          <OrderChoice order={order} onChange={(next) => large.search(query, next)} />
          <button type="button" className="button small" disabled={from === 0} onClick={() => move(from - STEP)}>
            Earlier
          </button>
          <button
            type="button"
            className="button small"
            disabled={from + rows.length >= total}
            onClick={() => move(from + rows.length)}
          >
            Later
          </button>
          <SearchField label="Search keys" value={query} onChange={search} isMain />
        </>
      }
    >
      <EntryColumns />
      <ul className="entries">
        {rows.map((row) => (
          <EntryRowItem
            key={row.key}
            board={board}
            row={row}
            prefix={0}
            isOpen={row.key === openKey}
            onToggle={(key) => setOpenKey(key === openKey ? undefined : key)}
          />
        ))}
      </ul>
      {rows.length === 0 && <Nothing>No entry matches the search.</Nothing>}
    </Panel>
  );
}
