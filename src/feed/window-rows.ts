// Owns how a window's rows are put together from the rows that a client holds and those that it was sent (rule 11).
// Does not own which rows these are (window-diff.ts, at the server). Imports nothing, because browsers load it.

/** Rows of the old window that stay as they are: first and last index, both included. */
export type KeptRows = readonly [first: number, last: number];

/** The new window. A pair in `rows` stands for kept rows, anything else is a row. A row is never an array itself. */
export function applyRows<T>(old: readonly T[], rows: readonly (NoInfer<T> | KeptRows)[]): T[] {
  const result: T[] = [];
  for (const row of rows) {
    if (!isKept(row)) {
      result.push(row);
      continue;
    }
    const [first, last] = row;
    if (!Number.isInteger(first) || !Number.isInteger(last) || first < 0 || first > last || last >= old.length) {
      throw new RangeError(`rows ${first} to ${last} are to be kept of ${old.length}`);
    }
    for (let i = first; i <= last; i++) result.push(old[i] as T);
  }
  return result;
}

const isKept = (row: unknown): row is KeptRows => Array.isArray(row);
