// Owns the entries of the blackboard as rows, in groups by namespace (the part of a key before its first `:`).
// Does not own which rows are shown (search, folding). Invariant: a row is the same object until its entry changes.

import type { Entry } from "../../client/index.ts";
import { keepList } from "./keep-same.ts";

export interface EntryRow extends Pick<Entry, "key" | "value" | "rev" | "seq" | "by" | "at"> {
  readonly source: string | undefined;
  /** When the time to live ends, by this machine's clock. */
  readonly expiresAtMs: number | undefined;
  /** When the page saw it change; undefined for what was there from the start. */
  readonly changedAtMs: number | undefined;
}

export interface EntryGroup {
  /** The namespace, or "" for keys without one. */
  readonly name: string;
  /** By key. */
  readonly rows: readonly EntryRow[];
  /** Settled when the group first appears, so that a growing board folds nothing under the reader's eyes. */
  readonly opensAtFirst: boolean;
}

/** The part of a collection that is read. */
export interface Entries {
  get(key: string): Entry | undefined;
  keys(): readonly string[];
}

/** Rows that are open when the page first shows a large board; the rest waits behind its heading. */
const ROWS_OPEN_AT_FIRST = 600;

export function namespaceOf(key: string): string {
  const colon = key.indexOf(":");
  return colon > 0 ? key.slice(0, colon) : "";
}

/**
 * The row of an entry: `before`, if it is of the same change. `seq` besides `rev`, because a key that was deleted and written again
 * starts at revision 1 again. `clock` is the board's, now. `isFirst`: nothing of it is news.
 */
export function rowOf(
  before: EntryRow | undefined,
  { key, value, rev, seq, by, at, source, expiresAtClock }: Entry,
  clock: number | undefined,
  nowMs: number,
  isFirst: boolean,
): EntryRow {
  if (before?.rev === rev && before.seq === seq) return before;
  const expiresAtMs =
    expiresAtClock === undefined || clock === undefined ? undefined : nowMs + Math.max(0, expiresAtClock - clock);
  return { key, value, rev, seq, by, at, source, expiresAtMs, changedAtMs: isFirst ? undefined : nowMs };
}

const byName = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

/**
 * Groups of all entries, sorted by name, with everything unchanged taken over from `before`. `changed` names the entries that differ
 * from `before`; left out, all may.
 */
export function entryGroups(
  before: readonly EntryGroup[] | undefined,
  entries: Entries,
  changed: ReadonlySet<string> | undefined,
  clock: number | undefined,
  nowMs: number,
): readonly EntryGroup[] {
  const groups = new Map((before ?? []).map((group) => [group.name, group]));
  const touched = new Map<string, Map<string, EntryRow | undefined>>();
  const touch = (key: string) => {
    const name = namespaceOf(key);
    let rows = touched.get(name);
    if (rows === undefined)
      touched.set(name, (rows = new Map(groups.get(name)?.rows.map((row) => [row.key, row] as const))));
    const entry = entries.get(key);
    rows.set(key, entry && rowOf(rows.get(key), entry, clock, nowMs, before === undefined));
  };
  for (const key of changed ?? entries.keys()) touch(key);
  // Without names, what is gone shows only by its absence.
  if (changed === undefined) for (const group of before ?? []) for (const { key } of group.rows) touch(key);

  let rowsSoFar = 0;
  const names = [...new Set([...groups.keys(), ...touched.keys()])].toSorted(byName);
  const next = names.flatMap((name): EntryGroup[] => {
    const old = groups.get(name);
    const rows = rowsNow(old?.rows ?? [], touched.get(name));
    const isFirst = rowsSoFar === 0;
    rowsSoFar += rows.length;
    if (rows.length === 0) return [];
    if (old === undefined) return [{ name, rows, opensAtFirst: isFirst || rowsSoFar <= ROWS_OPEN_AT_FIRST }];
    return [rows === old.rows ? old : { ...old, rows }];
  });
  return before === undefined ? next : keepList(before, next);
}

function rowsNow(
  old: readonly EntryRow[],
  touched: ReadonlyMap<string, EntryRow | undefined> | undefined,
): readonly EntryRow[] {
  if (touched === undefined) return old;
  const rows = [...touched.values()].filter((row) => row !== undefined);
  // A Map keeps its order, so only names that came put it out of order.
  if (rows.some((row, i) => i > 0 && byName(rows[i - 1]?.key ?? "", row.key) > 0))
    rows.sort((a, b) => byName(a.key, b.key));
  return keepList(old, rows);
}
