// Owns what is told of an entry in one line: key, value, life left, writer, revision, last change.
// Does not own the line (panels/).

import { memo } from "react";
import { useClock } from "../state/clock.ts";
import type { EntryRow } from "../state/entry-groups.ts";
import { remaining } from "../text/figures.ts";
import { Ago } from "./ago.tsx";
import { AgentText } from "./agent-text.tsx";
import { Icon } from "./icon.tsx";
import { ValueLine } from "./json-tree.tsx";

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

/** A change lights up only when it is drawn within this time, in ms; a row that is unfolded later stays calm. */
const LIT_MS = 2500;

/** The light of a change, for as long as it is news. */
export function Lit({ row }: { readonly row: EntryRow }) {
  const isLit = useClock((nowMs) => row.changedAtMs !== undefined && nowMs - row.changedAtMs < LIT_MS);
  return isLit ? <span className="lit" key={row.changedAtMs} /> : null;
}

interface Props {
  readonly row: EntryRow;
  /** Characters of the key that are said elsewhere already. */
  readonly prefix: number;
  /** In a grid. */
  readonly role?: "gridcell";
}

export const EntryCells = memo(function EntryCells({ row, prefix, role }: Props) {
  const { key } = row;
  return (
    <>
      <span role={role} className="entry-key" title={key}>
        <KeyParts text={key} prefix={prefix} />
      </span>
      <span role={role} className="entry-value">
        <ValueLine value={row.value} />
        {row.expiresAtMs !== undefined && <TimeLeft expiresAtMs={row.expiresAtMs} />}
      </span>
      <span role={role} className="entry-by">
        <AgentText text={row.by} />
      </span>
      <span role={role} className="entry-rev">
        r{row.rev}
      </span>
      <span role={role} className="entry-at">
        <Ago atMs={row.at} label="Changed" />
      </span>
    </>
  );
});
