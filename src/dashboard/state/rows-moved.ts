// Owns how far the rows in sight have moved between two states of a list, so that the scroller can follow them.
// Does not own the scroller.

/** Rows of a longer list, from the row `from` on. */
interface PartOfList {
  readonly from: number;
  readonly rows: readonly { readonly key: string; readonly seq: number }[];
}

/**
 * By how many rows that which is in sight (the rows from `first` on, `count` of them) is further down in `after`. A row that changed may
 * have moved for that reason, so only rows that are the same count. 0 where none is known in both.
 */
export function rowsMoved(before: PartOfList, after: PartOfList, first: number, count: number): number {
  const places = new Map(after.rows.map((row, i) => [row.key, i]));
  const begin = Math.max(0, first - before.from);
  for (let i = begin; i < Math.min(before.rows.length, first - before.from + count); i++) {
    const row = before.rows[i];
    const now = row && places.get(row.key);
    if (now !== undefined && after.rows[now]?.seq === row?.seq) return after.from + now - (before.from + i);
  }
  return 0;
}
