// Owns where the window of rows is to be for what is in sight, so that slow scrolling finds its rows already there.
// Does not own the window. Pure arithmetic in rows.

export interface WindowPlace {
  readonly from: number;
  readonly count: number;
}

/** Rows that are asked for at once: a few screens. */
const COUNT = 260;
/** What a server tells at most (windowRows of its limits). */
const MOST_COUNT = 500;
/** Less than this beyond what is in sight, and the window moves. */
const MARGIN = 60;
/** Of what is not in sight, this share lies ahead of the reader. */
const AHEAD = 2 / 3;

/**
 * The place for `count` rows from `first`: `before` itself while it serves. `total` are the rows that there are. Where more rows are in sight than
 * a window may have, it begins with the first of them.
 */
export function windowFor(first: number, count: number, before: WindowPlace | undefined, total: number): WindowPlace {
  const behind = 1 - AHEAD;
  const size = Math.min(MOST_COUNT, Math.max(COUNT, Math.ceil(count + MARGIN / behind)));
  const spare = Math.max(0, size - count);
  const margin = Math.min(MARGIN, Math.floor(spare * behind) - 1);
  if (before !== undefined && before.count === size) {
    const beginsWell = first >= before.from + (before.from === 0 ? 0 : margin);
    const endsWell = first + count + margin <= before.from + size || before.from + size >= total;
    if (beginsWell && endsWell) return before;
  }
  const goesUp = before !== undefined && first < before.from + margin;
  const from = Math.max(0, Math.round(first - spare * (goesUp ? AHEAD : behind)));
  return from === before?.from && size === before.count ? before : { from, count: size };
}
