// Owns the pane under a large board's list that shows the chosen entry.
// Does not own its facts (entry-details.tsx). It takes room from the list, not from the rows: with rows of one height every place in a list of
// a million is known without looking at it, and the list keeps its full width for keys and values.

import { useSyncExternalStore } from "react";
import type { WatchedRow } from "../live/watched-row.ts";
import { Icon } from "../parts/icon.tsx";
import { EntryDetails } from "./entry-details.tsx";

interface Props {
  readonly board: string;
  readonly watched: WatchedRow;
  readonly onClose: () => void;
}

export function LargeDetails({ board, watched, onClose }: Props) {
  const { key, row, isGone } = useSyncExternalStore(watched.subscribe, watched.read) ?? {};
  if (key === undefined) return null;
  return (
    <section
      className="large-details"
      aria-label="Details of the chosen entry"
      tabIndex={0}
      onKeyDown={(event) => event.key === "Escape" && onClose()}
    >
      <button type="button" className="button icon-only small" aria-label="Close the details" onClick={onClose}>
        <Icon name="cross" />
      </button>
      {isGone === true && (
        <p className="large-gone" role="status">
          This entry is no longer on the board. {row && "It was:"}
        </p>
      )}
      {row === undefined ? (
        <p className="nothing">{isGone === true ? key : "Loading…"}</p>
      ) : (
        <EntryDetails board={board} row={row} />
      )}
    </section>
  );
}
