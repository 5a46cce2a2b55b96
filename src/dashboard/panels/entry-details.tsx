// Owns everything about one entry: its whole key and value, its facts, and copies of them.
// Does not own changing it: the page only looks.

import { At } from "../parts/ago.tsx";
import { AgentText } from "../parts/agent-text.tsx";
import { CopyButton } from "../parts/copy-button.tsx";
import { intoView } from "../parts/into-view.ts";
import { JsonTree } from "../parts/json-tree.tsx";
import type { EntryRow } from "../state/entry-groups.ts";
import { figure } from "../text/figures.ts";
import { curlLine, innerJson, jsonText } from "../text/json-text.ts";

function Facts({ row }: { readonly row: EntryRow }) {
  return (
    <dl className="facts">
      <div>
        <dt>Written by</dt>
        <dd>
          <AgentText text={row.by} />
        </dd>
      </div>
      <div>
        <dt>Changed</dt>
        <dd>
          <At atMs={row.at} />
        </dd>
      </div>
      <div>
        <dt>Revision</dt>
        <dd>{figure(row.rev)}</dd>
      </div>
      <div>
        <dt>Record</dt>
        <dd>#{figure(row.seq)}</dd>
      </div>
      {row.source !== undefined && (
        <div>
          <dt>From</dt>
          <dd>
            <AgentText text={row.source} />
          </dd>
        </div>
      )}
    </dl>
  );
}

export function EntryDetails({ board, row }: { readonly board: string; readonly row: EntryRow }) {
  const { key, value } = row;
  const inner = innerJson(value);
  return (
    <div className="details" ref={intoView}>
      <p className="details-key">
        <AgentText text={key} />
      </p>
      <Facts row={row} />
      <JsonTree value={value} />
      {inner !== undefined && (
        <>
          <p className="caption">The text holds JSON:</p>
          <JsonTree value={inner} />
        </>
      )}
      <div className="details-tools">
        <CopyButton what="key" text={() => key} />
        <CopyButton what="value" text={() => (typeof value === "string" ? value : jsonText(value, 2))} />
        <CopyButton what="curl" text={() => curlLine(location.origin, board, key)} />
      </div>
    </div>
  );
}
