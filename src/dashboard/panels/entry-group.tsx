// Owns one namespace of the blackboard: its heading with count, and its rows in slices.
// Does not own the rows. At most 200 rows are added at a time; a button says how many more there are.

import { memo, useMemo } from "react";
import { AgentText } from "../parts/agent-text.tsx";
import { Icon } from "../parts/icon.tsx";
import { useSlices } from "../parts/show-more.tsx";
import type { EntryGroup } from "../state/entry-groups.ts";
import { figure } from "../text/figures.ts";
import { EntryRowItem } from "./entry-row.tsx";

const ROWS_SLICE = 200;

interface Props {
  readonly board: string;
  readonly group: EntryGroup;
  readonly order: "key" | "recent";
  readonly isOpen: boolean;
  readonly onToggle: (group: EntryGroup) => void;
  readonly openKeys: ReadonlySet<string>;
  readonly onToggleKey: (key: string) => void;
}

export const EntryGroupList = memo(function EntryGroupList({
  board,
  group,
  order,
  isOpen,
  onToggle,
  openKeys,
  onToggleKey,
}: Props) {
  const rows = useMemo(
    () => (order === "key" ? group.rows : group.rows.toSorted((a, b) => b.at - a.at)),
    [group.rows, order],
  );
  const { shown, more } = useSlices(rows.length, ROWS_SLICE);
  return (
    <section className="group">
      <h3 className="group-head">
        <button type="button" aria-expanded={isOpen} onClick={() => onToggle(group)}>
          <Icon name="chevron" />
          {group.name === "" ? <span className="group-none">no namespace</span> : <AgentText text={group.name} />}
          <span className="count">{figure(group.rows.length)}</span>
        </button>
      </h3>
      {isOpen && (
        <ul className="entries">
          {rows.slice(0, shown).map((row) => (
            <EntryRowItem
              key={row.key}
              board={board}
              row={row}
              prefix={group.name === "" ? 0 : group.name.length + 1}
              isOpen={openKeys.has(row.key)}
              onToggle={onToggleKey}
            />
          ))}
        </ul>
      )}
      {isOpen && more}
    </section>
  );
});
