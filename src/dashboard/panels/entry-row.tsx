// Owns one entry of the blackboard as a line: key, value, life left, writer, revision, last change.
// Does not own its details (entry-details.tsx). A change lights the line up without replacing it.

import { memo } from "react";
import { Ago } from "../parts/ago.tsx";
import { AgentText } from "../parts/agent-text.tsx";
import { Icon } from "../parts/icon.tsx";
import { ValueLine } from "../parts/json-tree.tsx";
import { useClock } from "../state/clock.ts";
import type { EntryRow } from "../state/entry-groups.ts";
import { remaining } from "../text/figures.ts";
import { EntryDetails } from "./entry-details.tsx";

/** A change lights up only when it is drawn within this time, in ms; a row that is unfolded later stays calm. */
const LIT_MS = 2500;

/** Less life than this is worth a second look, in ms. */
const SHORT_LIFE_MS = 60_000;

function TimeLeft({ expiresAtMs }: { readonly expiresAtMs: number }) {
  const left = useClock((nowMs) => remaining(expiresAtMs - nowMs));
  const isShort = useClock((nowMs) => expiresAtMs - nowMs < SHORT_LIFE_MS);
  return (
    <span className="ttl" data-short={isShort} title="Time to live: the entry expires by itself">
      <Icon name="clock" />
      {left}
    </span>
  );
}

/** The key with its namespace dimmed. Where it is too long its middle gives way, because keys differ at the end. */
function KeyParts({ text, prefix }: { readonly text: string; readonly prefix: number }) {
  const colon = text.lastIndexOf(":");
  const tail = colon > prefix && text.length - colon < 24 ? colon : text.length;
  return (
    <>
      <bdi className="entry-head" dir="ltr">
        {prefix > 0 && <AgentText className="entry-prefix" text={text.slice(0, prefix)} />}
        <AgentText text={text.slice(prefix, tail)} />
      </bdi>
      {tail < text.length && <AgentText className="entry-tail" text={text.slice(tail)} />}
    </>
  );
}

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
  const isLit = useClock((nowMs) => row.changedAtMs !== undefined && nowMs - row.changedAtMs < LIT_MS);
  return (
    <li className="entry" data-key={key} data-open={isOpen}>
      {isLit && <span className="lit" key={row.changedAtMs} />}
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
        <span className="entry-key" title={key}>
          <KeyParts text={key} prefix={prefix} />
        </span>
        <span className="entry-value">
          <ValueLine value={row.value} />
          {row.expiresAtMs !== undefined && <TimeLeft expiresAtMs={row.expiresAtMs} />}
        </span>
        <span className="entry-by">
          <AgentText text={row.by} />
        </span>
        <span className="entry-rev">r{row.rev}</span>
        <span className="entry-at">
          <Ago atMs={row.at} label="Changed" />
        </span>
      </div>
      {isOpen && <EntryDetails board={board} row={row} />}
    </li>
  );
});
