// Owns one entry of the blackboard as a line that unfolds.
// Does not own what is in the line (parts/entry-cells.tsx) or its details (entry-details.tsx). A change lights the line up without replacing it.

import { memo } from "react";
import { EntryCells, Lit } from "../parts/entry-cells.tsx";
import { Icon } from "../parts/icon.tsx";
import type { EntryRow } from "../state/entry-groups.ts";
import { EntryDetails } from "./entry-details.tsx";

/** True when the click was the end of marking text, which must not fold anything. */
export function isMarking(): boolean {
  return window.getSelection()?.type === "Range";
}

interface Props {
  readonly board: string;
  readonly row: EntryRow;
  /** Characters of the key that the group's heading already says. */
  readonly prefix: number;
  readonly isOpen: boolean;
  readonly onToggle: (key: string) => void;
}

export const EntryRowItem = memo(function EntryRowItem({ board, row, prefix, isOpen, onToggle }: Props) {
  const { key } = row;
  return (
    <li className="entry" data-key={key} data-open={isOpen}>
      <Lit row={row} />
      {/* The whole line is a larger target for the pointer; the button in it serves the keyboard. */}
      <div className="entry-line" onClick={() => !isMarking() && onToggle(key)}>
        <button
          type="button"
          className="unfold"
          aria-expanded={isOpen}
          aria-label={`Details of ${key}`}
          onClick={(event) => {
            event.stopPropagation();
            onToggle(key);
          }}
        >
          <Icon name="chevron" />
        </button>
        <EntryCells row={row} prefix={prefix} />
      </div>
      {isOpen && <EntryDetails board={board} row={row} />}
    </li>
  );
});
