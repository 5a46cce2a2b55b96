// Owns where a long list is scrolled to: it turns the scroller's pixels into rows, and rows into pixels.
// Does not own the rows or what they show. Invariant: what is in sight stays where it is unless the reader, or `to`, `by` and `reveal`, move it.

import { createRowScale, type RowScale } from "../state/row-scale.ts";

/** Height that every browser draws: half of the lowest bound known (17.9 million px). Longer lists are scaled. */
const MOST_PX = 8_000_000;
/** Rows that are drawn before and after those in sight, and in whose steps the drawn part moves. */
const SPARE_ROWS = 12;
const STEP_ROWS = 6;
/** Without a scroll event for so long the reader has stopped, in ms. */
const STILL_MS = 150;
/** A scroll event so soon after the wheel or a finger is theirs, in ms; others that go far are the thumb's. */
const FINE_MS = 300;
/** What one event of theirs moves at most, in heights of the scroller. */
const FINE_HEIGHTS = 20;

/** The part of the list that is drawn. The same object until it is another part. */
export interface DrawnPart {
  /** First row, and the row after the last. */
  readonly from: number;
  readonly to: number;
  /** A row's place from the top of the list's element is `(row - shift) * rowPx`. */
  readonly shift: number;
  readonly rowPx: number;
}

export interface ListElements {
  readonly scroller: HTMLElement;
  /** Stays at the scroller's top, above the rows. */
  readonly head: HTMLElement;
  /** Is given the height of all rows. */
  readonly list: HTMLElement;
  /** As high as a row. */
  readonly probe: HTMLElement;
}

export interface ListScroll {
  /** Returns how to let go of them. */
  attach(elements: ListElements): () => void;
  readonly subscribe: (listener: () => void) => () => void;
  readonly drawn: () => DrawnPart;
  /** The first row in sight, with its hidden fraction. */
  readonly first: () => number;
  /** Rows in sight, with fractions. */
  readonly inSight: () => number;
  /** The reader is scrolling. */
  readonly isMoving: () => boolean;
  setTotal(total: number): void;
  /** Makes `row` the first in sight, as far as there are rows. */
  to(row: number): void;
  by(rows: number): void;
  /** Scrolls as little as it takes to have the whole of `row` in sight. */
  reveal(row: number): void;
}

export function createListScroll(): ListScroll {
  const listeners = new Set<() => void>();
  let elements: ListElements | undefined;
  let total = 0;
  let rowPx = 32;
  let inSight = 1;
  let scale: RowScale = createRowScale(0, 1, 1);
  let place = 0;
  let shift = 0;
  let drawn: DrawnPart = { from: 0, to: 0, shift: 0, rowPx };
  let fineAtMs = -Infinity;
  let still: ReturnType<typeof setTimeout> | undefined;

  const lastPlace = () => Math.max(0, scale.places - inSight);
  const first = () => place + shift;

  function tell(): void {
    const top = Math.floor(first());
    const from = Math.max(0, Math.floor((top - SPARE_ROWS) / STEP_ROWS) * STEP_ROWS);
    const to = Math.min(total, Math.ceil((top + inSight + SPARE_ROWS) / STEP_ROWS) * STEP_ROWS);
    if (from !== drawn.from || to !== drawn.to || shift !== drawn.shift || rowPx !== drawn.rowPx)
      drawn = { from, to, shift, rowPx };
    for (const listener of listeners) listener();
  }

  /** `by` and `to` without telling. The browser rounds to pixels of the screen, and knows how far it can go. */
  function put(row: number): void {
    const next = scale.placeOf(row);
    shift = next.shift;
    place = next.place;
    if (elements === undefined) return;
    elements.scroller.scrollTop = place * rowPx;
    place = elements.scroller.scrollTop / rowPx;
  }

  /** The thumb is put where the row in sight belongs; nothing else moves. */
  function settle(): void {
    clearTimeout(still);
    still = undefined;
    if (scale.places === total || Math.abs(scale.placeOf(first()).place - place) < Math.min(1, inSight)) return;
    put(first());
    tell();
  }

  function scrolled(): void {
    if (elements === undefined) return;
    const next = elements.scroller.scrollTop / rowPx;
    if (next === place) return;
    const isFine = performance.now() - fineAtMs < FINE_MS;
    const isJump = Math.abs(next - place) > inSight * (isFine ? FINE_HEIGHTS : 2);
    place = next;
    if (isJump) shift = scale.shiftAt(place);
    clearTimeout(still);
    still = setTimeout(settle, STILL_MS);
    // The scroller is at its end, and the list is not.
    const isStuck = (place < 1 && shift > 0) || (place > lastPlace() - 1 && shift < total - scale.places);
    if (isStuck) settle();
    tell();
  }

  function resize(): void {
    if (elements === undefined) return;
    const { scroller, head, list, probe } = elements;
    // What the reader did and the page was not told yet, counts.
    scrolled();
    const row = first();
    const before = rowPx;
    rowPx = probe.getBoundingClientRect().height || rowPx;
    inSight = Math.max(1, (scroller.clientHeight - head.offsetHeight) / rowPx);
    scale = createRowScale(total, inSight, Math.floor(MOST_PX / rowPx));
    list.style.blockSize = `${scale.places * rowPx}px`;
    // Otherwise the place stays by itself; where the browser had to cut it, it is taken as it is.
    if (rowPx !== before || shift > total - scale.places) put(row);
    else scrolled();
    tell();
  }

  const fine = () => (fineAtMs = performance.now());

  return {
    attach(given) {
      elements = given;
      const { scroller, head, probe } = given;
      const observer = new ResizeObserver(resize);
      for (const element of [scroller, head, probe]) observer.observe(element);
      scroller.addEventListener("scroll", scrolled, { passive: true });
      for (const kind of ["wheel", "touchmove"]) scroller.addEventListener(kind, fine, { passive: true });
      resize();
      return () => {
        elements = undefined;
        clearTimeout(still);
        still = undefined;
        observer.disconnect();
        scroller.removeEventListener("scroll", scrolled);
        for (const kind of ["wheel", "touchmove"]) scroller.removeEventListener(kind, fine);
      };
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    drawn: () => drawn,
    first,
    inSight: () => inSight,
    isMoving: () => still !== undefined,
    setTotal(next) {
      if (next === total) return;
      total = next;
      resize();
    },
    to(row) {
      put(row);
      tell();
    },
    by(rows) {
      scrolled();
      const isShifted = scale.places < total && shift + rows >= 0 && shift + rows <= total - scale.places;
      if (isShifted) shift += rows;
      else put(first() + rows);
      tell();
    },
    reveal(row) {
      // What is asked for now may depend on what was laid out now.
      resize();
      if (row < first()) put(row);
      else if (row + 1 > first() + inSight) put(row + 1 - inSight);
      else return;
      tell();
    },
  };
}
