// Owns the arithmetic of a list that is longer than a browser can draw: which rows a scroller of bounded height shows.
// Does not own the scroller (live/list-scroll.ts). Everything is in rows, so that it knows no pixels.
//
// Browsers cut elements at 17 to 33 million px. A longer list is drawn on fewer rows ("places"); row = place + shift. While the reader
// scrolls, the shift stays and every pixel is a pixel. Only a jump (the thumb is dragged) chooses the shift anew. Near both
// ends it is exactly 0 or its most, so that the first and last rows are reached like those of a short list.

export interface RowScale {
  /** Rows that the scroller is high. */
  readonly places: number;
  /** The shift that belongs to a place in rows (fractions allowed): a whole number from 0 to `total - places`. */
  shiftAt(place: number): number;
  /** Where to scroll to, and the shift there, so that `row` (fractions allowed) is the first in sight. */
  placeOf(row: number): { readonly place: number; readonly shift: number };
}

/** Rows at either end that are not scaled. */
export const EXACT_ROWS = 2000;

/**
 * `total`: rows of the list. `inSight`: rows that the scroller shows at once, with fractions. `most`: rows that may be drawn; where it is not
 * above `inSight + 2 * EXACT_ROWS`, less is exact.
 */
export function createRowScale(total: number, inSight: number, most: number): RowScale {
  const places = Math.min(total, Math.max(1, most));
  const hidden = total - places;
  /** The last place that can be scrolled to. */
  const lastPlace = Math.max(0, places - inSight);
  const exact = Math.min(EXACT_ROWS, lastPlace / 2);
  const scaled = lastPlace - 2 * exact;
  /** Rows that are skipped with each place. */
  const skipped = scaled > 0 ? hidden / scaled : 0;

  const shiftAt = (place: number): number => {
    if (hidden === 0 || place <= exact) return 0;
    if (place >= lastPlace - exact) return hidden;
    return Math.round((place - exact) * skipped);
  };

  return {
    places,
    shiftAt,
    placeOf(row) {
      const wanted = Math.min(Math.max(0, row), Math.max(0, total - inSight));
      if (hidden === 0 || wanted <= exact) return { place: wanted, shift: 0 };
      if (wanted >= hidden + lastPlace - exact) return { place: wanted - hidden, shift: hidden };
      const place = (wanted + exact * skipped) / (1 + skipped);
      const shift = Math.min(hidden, Math.max(0, Math.round(wanted - place)));
      return { place: wanted - shift, shift };
    },
  };
}
