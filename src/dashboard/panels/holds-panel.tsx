// Owns the open holds: what is set aside, by whom, since when and for how long still; stale ones are marked.
// Does not own ending them (their owner or their time does).

import { memo } from "react";
import { Ago } from "../parts/ago.tsx";
import { AgentText } from "../parts/agent-text.tsx";
import { Badge } from "../parts/badge.tsx";
import { Nothing, Panel } from "../parts/panel.tsx";
import { useSlices } from "../parts/show-more.tsx";
import type { HoldRow } from "../state/board-view.ts";
import { useClock } from "../state/clock.ts";
import { useServerOffsetMs } from "../parts/ago.tsx";
import { figure, remaining, shortFigure } from "../text/figures.ts";
import { money, shortMoney } from "../text/money.ts";

const SLICE = 50;
/** A hold of which so much time has passed without a sign of its owner (an extension or a settlement) is called stale. */
const STALE_SHARE = 0.75;

function TimeLeft({ row }: { readonly row: HoldRow }) {
  const offsetMs = useServerOffsetMs();
  const { expiresAtMs, hold } = row;
  const left = useClock((nowMs) =>
    expiresAtMs === undefined ? "–" : expiresAtMs <= nowMs ? "run out" : remaining(expiresAtMs - nowMs),
  );
  const isStale = useClock((nowMs) => {
    if (expiresAtMs === undefined) return false;
    const sinceMs = hold.at - offsetMs;
    return nowMs - sinceMs >= (expiresAtMs - sinceMs) * STALE_SHARE;
  });
  return (
    <span className="hold-left" data-stale={isStale}>
      {left}
      {isStale && (
        <span title="Three quarters of its time have passed without a sign of its owner">
          <Badge tone="warn" icon="clock">
            Stale
          </Badge>
        </span>
      )}
    </span>
  );
}

const HoldItem = memo(function HoldItem({ row }: { readonly row: HoldRow }) {
  const { hold } = row;
  return (
    <tr className="hold" role="row" data-hold={hold.hold}>
      <td role="cell" className="hold-owner">
        <AgentText className="hold-agent" text={hold.agent} />
        {hold.by !== hold.agent && (
          <span className="quiet">
            {" "}
            by <AgentText text={hold.by} />
          </span>
        )}
        <span className="hold-task quiet">
          <AgentText text={hold.task} />
        </span>
      </td>
      <td role="cell" className="hold-model">
        {hold.model === undefined ? <span className="quiet">–</span> : <AgentText text={hold.model} />}
        {hold.operation !== undefined && (
          <span className="hold-task quiet">
            <AgentText text={hold.operation} />
          </span>
        )}
      </td>
      <td role="cell" className="amount">
        <span title={`${figure(hold.tokens)} tokens`}>{shortFigure(hold.tokens)}</span>
        <span className="hold-task quiet" title={hold.nanoUsd === undefined ? undefined : money(hold.nanoUsd)}>
          {hold.nanoUsd === undefined ? "no price" : shortMoney(hold.nanoUsd)}
        </span>
      </td>
      <td role="cell" className="hold-since">
        <Ago atMs={hold.openedAt} label="Opened" />
      </td>
      <td role="cell" className="hold-time">
        <TimeLeft row={row} />
      </td>
    </tr>
  );
});

export function HoldTable({ holds, nothing }: { readonly holds: readonly HoldRow[]; readonly nothing: string }) {
  const { shown, more } = useSlices(holds.length, SLICE);
  if (holds.length === 0) return <Nothing>{nothing}</Nothing>;
  return (
    <>
      {/* The roles are said, because a narrow panel lays the rows out in another way than tables are. */}
      <table className="holds" role="table">
        <thead role="rowgroup">
          <tr role="row">
            <th role="columnheader" scope="col">
              Owner, task
            </th>
            <th role="columnheader" scope="col">
              Model
            </th>
            <th role="columnheader" scope="col" className="amount">
              Held
            </th>
            <th role="columnheader" scope="col">
              Since
            </th>
            <th role="columnheader" scope="col">
              Time left
            </th>
          </tr>
        </thead>
        <tbody role="rowgroup">
          {holds.slice(0, shown).map((row) => (
            <HoldItem key={row.hold.hold} row={row} />
          ))}
        </tbody>
      </table>
      {more}
    </>
  );
}

export const HoldsPanel = memo(function HoldsPanel({ holds }: { readonly holds: readonly HoldRow[] }) {
  return (
    <Panel id="holds" title="Open holds" count={holds.length}>
      <HoldTable holds={holds} nothing="Nothing is held. Agents hold what a call may cost, and settle it afterwards." />
    </Panel>
  );
});
