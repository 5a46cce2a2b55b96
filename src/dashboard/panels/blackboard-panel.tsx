// Owns the panel of all entries: search, order, groups, and which groups and rows are open.
// Does not own a row's looks (entry-row.tsx). Open rows, focus and scroll survive every update, because rows are keyed.

import { memo, useCallback, useDeferredValue, useMemo, useState } from "react";
import type { Order } from "../live/large-board.ts";
import { EntryColumns, OrderChoice } from "../parts/entry-order.tsx";
import { Nothing, Panel } from "../parts/panel.tsx";
import { SearchField } from "../parts/search-field.tsx";
import type { EntryGroup, EntryRow } from "../state/entry-groups.ts";
import { figure } from "../text/figures.ts";
import { plainText } from "../text/json-text.ts";
import { EntryGroupList } from "./entry-group.tsx";

const SEARCHED_CHARS = 10_000;

// Lower-case text per row, made once; a changed row is a new object and gets a new one.
const searchTexts = new WeakMap<EntryRow, string>();

function searchText(row: EntryRow): string {
  let text = searchTexts.get(row);
  if (text === undefined) {
    text = `${row.key}\n${row.by}\n${plainText(row.value).slice(0, SEARCHED_CHARS)}`.toLowerCase();
    searchTexts.set(row, text);
  }
  return text;
}

function filterGroups(groups: readonly EntryGroup[], query: string): readonly EntryGroup[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return groups;
  return groups
    .map((group) => ({
      ...group,
      rows: group.rows.filter((row) => words.every((word) => searchText(row).includes(word))),
    }))
    .filter((group) => group.rows.length > 0);
}

/** Which groups are open: as they began, until the reader folds or unfolds one. */
function useFolding() {
  const [choices, setChoices] = useState<ReadonlyMap<string, boolean>>(new Map());
  const isOpen = (group: EntryGroup) => choices.get(group.name) ?? group.opensAtFirst;
  const toggle = useCallback((group: EntryGroup) => {
    setChoices((before) => new Map(before).set(group.name, !(before.get(group.name) ?? group.opensAtFirst)));
  }, []);
  return { isOpen, toggle };
}

function useOpenKeys() {
  const [openKeys, setOpenKeys] = useState<ReadonlySet<string>>(new Set());
  const toggle = useCallback((key: string) => {
    setOpenKeys((before) => {
      const after = new Set(before);
      if (!after.delete(key)) after.add(key);
      return after;
    });
  }, []);
  return { openKeys, toggle };
}

interface Props {
  readonly board: string;
  readonly groups: readonly EntryGroup[];
  readonly keyCount: number;
}

export const BlackboardPanel = memo(function BlackboardPanel({ board, groups, keyCount }: Props) {
  const [query, setQuery] = useState("");
  const [order, setOrder] = useState<Order>("key");
  const wanted = useDeferredValue(query);
  const found = useMemo(() => filterGroups(groups, wanted), [groups, wanted]);
  const folding = useFolding();
  const { openKeys, toggle } = useOpenKeys();
  const isSearch = wanted.trim() !== "";
  const foundCount = found.reduce((sum, group) => sum + group.rows.length, 0);

  return (
    <Panel
      id="blackboard"
      title="Blackboard State"
      count={isSearch ? `${figure(foundCount)} of ${figure(keyCount)}` : keyCount}
      tools={
        <>
          <OrderChoice order={order} onChange={setOrder} />
          <SearchField label="Search keys, values and writers" value={query} onChange={setQuery} isMain />
        </>
      }
    >
      <EntryColumns />
      {found.map((group) => (
        <EntryGroupList
          key={group.name}
          board={board}
          group={group}
          order={order}
          isOpen={isSearch || folding.isOpen(group)}
          onToggle={folding.toggle}
          openKeys={openKeys}
          onToggleKey={toggle}
        />
      ))}
      {found.length === 0 && <Nothing>{isSearch ? "No entry matches the search." : "No entries yet."}</Nothing>}
    </Panel>
  );
});
