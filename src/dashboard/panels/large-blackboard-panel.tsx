// Owns the panel of a large board's entries: search and order above, the list, and the details of the chosen row below.
// Does not own drawing rows (large-list.tsx), or which rows there are (live/large-board.ts).

import { useCallback, useRef, useState, useSyncExternalStore } from "react";
import type { LargeBoard, LargeRows, Wish } from "../live/large-board.ts";
import { createListScroll, type ListScroll } from "../live/list-scroll.ts";
import { OrderChoice } from "../parts/entry-order.tsx";
import { Nothing, Panel } from "../parts/panel.tsx";
import { SearchField } from "../parts/search-field.tsx";
import { figure } from "../text/figures.ts";
import { LargeDetails } from "./large-details.tsx";
import { LargeList } from "./large-list.tsx";
import { useChosenRow } from "./chosen-row.ts";

/** Which rows are in sight, of how many. */
function Place({ scroll, shown }: { readonly scroll: ListScroll; readonly shown: LargeRows }) {
  const { total, approximate } = shown;
  const first = useSyncExternalStore(scroll.subscribe, () => Math.min(total, Math.floor(scroll.first() + 0.5) + 1));
  const last = useSyncExternalStore(scroll.subscribe, () =>
    Math.min(total, Math.round(scroll.first() + scroll.inSight())),
  );
  return (
    <>
      {total === 0 ? 0 : figure(first)}–{figure(last)} of{" "}
      <span title={approximate ? "The search is not through, or found more than it counts" : undefined}>
        {approximate && "about "}
        {figure(total)}
      </span>
    </>
  );
}

function emptiness({ isWaiting, problem }: LargeRows): string {
  if (problem !== undefined)
    return `The rows cannot be shown: ${problem.replace(/\.$/, "")}. The page tries again by itself.`;
  return isWaiting ? "Loading the rows…" : "No key matches the search.";
}

export function LargeBlackboardPanel({ board, large }: { readonly board: string; readonly large: LargeBoard }) {
  const shown = useSyncExternalStore(large.subscribe, large.read);
  const [scroll] = useState(createListScroll);
  const [query, setQuery] = useState("");
  const [fromStart, setFromStart] = useState(false);
  const [order, setOrder] = useState<Wish["order"]>("key");
  const grid = useRef<HTMLDivElement>(null);
  const chosen = useChosenRow(large, shown, scroll);
  const { close } = chosen;
  const closeDetails = useCallback(() => {
    close();
    grid.current?.focus();
  }, [close]);

  const ask = (text: string, isPrefix: boolean, by: Wish["order"]) => {
    setQuery(text);
    setFromStart(isPrefix);
    setOrder(by);
    large.search({ search: isPrefix ? "" : text, prefix: isPrefix ? text : "", order: by });
  };
  const isSearch = shown.search !== "" || shown.prefix !== "";
  return (
    <Panel
      id="blackboard"
      title="Blackboard State"
      count={<Place scroll={scroll} shown={shown} />}
      isFixed
      tools={
        <>
          <OrderChoice order={order} onChange={(by) => ask(query, fromStart, by)} />
          <div className="choice" role="group" aria-label="Where the search looks">
            <button type="button" aria-pressed={fromStart} onClick={() => ask(query, !fromStart, order)}>
              Begins with
            </button>
          </div>
          <SearchField
            label={fromStart ? "Search keys by how they begin" : "Search keys"}
            value={query}
            onChange={(text) => ask(text, fromStart, order)}
            isMain
          />
        </>
      }
    >
      <LargeList
        ref={grid}
        large={large}
        shown={shown}
        scroll={scroll}
        active={chosen.index}
        isOpen={chosen.isOpen}
        onChoose={chosen.choose}
        onKey={chosen.onKey}
      />
      {shown.total === 0 && <Nothing>{emptiness(shown)}</Nothing>}
      <p className="unseen" role="status">
        {isSearch && !shown.isWaiting && `${shown.approximate ? "About " : ""}${figure(shown.total)} keys found`}
      </p>
      {chosen.isOpen && <LargeDetails board={board} watched={large.watched} onClose={closeDetails} />}
    </Panel>
  );
}
