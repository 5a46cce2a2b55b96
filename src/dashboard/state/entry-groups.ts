// Owns the entries of the blackboard as rows, in groups by namespace (the part of a key before its first `:`).
// Does not own which rows are shown (search, folding). Invariant: a row is the same object until its revision changes.

import type { EntryFacts } from "../../protocol/index.ts";
import { keepList, sameContent } from "./keep-same.ts";

export interface EntryRow {
  readonly key: string;
  readonly value: unknown;
  /** What the server knows besides the value; absent when it did not say. */
  readonly facts: EntryFacts | undefined;
  /** When the time to live ends, by this machine's clock. */
  readonly expiresAtMs: number | undefined;
  /** When the page saw it change; undefined for what was there from the start. */
  readonly changedAtMs: number | undefined;
}

export interface EntryGroup {
  /** The namespace, or "" for keys without one. */
  readonly name: string;
  readonly rows: readonly EntryRow[];
  /** Settled when the group first appears, so that a growing board folds nothing under the reader's eyes. */
  readonly opensAtFirst: boolean;
}

/** Rows that are open when the page first shows a large board; the rest waits behind its heading. */
const ROWS_OPEN_AT_FIRST = 600;

/** Two readings of the same deadline may differ by the time the frames took; more than this is a new deadline, in ms. */
const DEADLINE_TOLERANCE_MS = 2500;

export function namespaceOf(key: string): string {
  const colon = key.indexOf(":");
  return colon > 0 ? key.slice(0, colon) : "";
}

function sameDeadline(a: number | undefined, b: number | undefined): boolean {
  return a === undefined || b === undefined ? a === b : Math.abs(a - b) <= DEADLINE_TOLERANCE_MS;
}

function isSameRow(
  row: EntryRow,
  value: unknown,
  facts: EntryFacts | undefined,
  expiresAtMs: number | undefined,
): boolean {
  if (!sameDeadline(row.expiresAtMs, expiresAtMs)) return false;
  // `seq` besides `rev`: a key that was deleted and written again starts at revision 1 again.
  if (row.facts !== undefined && facts !== undefined) return row.facts.rev === facts.rev && row.facts.seq === facts.seq;
  return row.facts === facts && sameContent(row.value, value);
}

const byName = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

/** Groups of all entries, sorted by name, with everything unchanged taken over from `before`. */
export function entryGroups(
  before: readonly EntryGroup[] | undefined,
  entries: Readonly<Record<string, unknown>>,
  facts: Readonly<Record<string, EntryFacts>>,
  nowMs: number,
): readonly EntryGroup[] {
  const older = new Map<string, EntryRow>();
  for (const group of before ?? []) for (const row of group.rows) older.set(row.key, row);

  const rowsOf = new Map<string, EntryRow[]>();
  for (const [key, value] of Object.entries(entries).toSorted((a, b) => byName(a[0], b[0]))) {
    // `__proto__` and the like are plain keys here: only own members count.
    const fact = Object.hasOwn(facts, key) ? facts[key] : undefined;
    const expiresAtMs = fact?.ttlLeftMs === undefined ? undefined : nowMs + fact.ttlLeftMs;
    const old = older.get(key);
    const row: EntryRow =
      old !== undefined && isSameRow(old, value, fact, expiresAtMs)
        ? old
        : { key, value, facts: fact, expiresAtMs, changedAtMs: before === undefined ? undefined : nowMs };
    const name = namespaceOf(key);
    const rows = rowsOf.get(name);
    if (rows === undefined) rowsOf.set(name, [row]);
    else rows.push(row);
  }

  const oldGroups = new Map((before ?? []).map((group) => [group.name, group]));
  let rowsSoFar = 0;
  const groups = [...rowsOf]
    .toSorted((a, b) => byName(a[0], b[0]))
    .map(([name, rows]): EntryGroup => {
      const isFirst = rowsSoFar === 0;
      rowsSoFar += rows.length;
      const old = oldGroups.get(name);
      if (old === undefined) return { name, rows, opensAtFirst: isFirst || rowsSoFar <= ROWS_OPEN_AT_FIRST };
      return keepList(old.rows, rows) === old.rows ? old : { name, rows, opensAtFirst: old.opensAtFirst };
    });
  return before === undefined ? groups : keepList(before, groups);
}
