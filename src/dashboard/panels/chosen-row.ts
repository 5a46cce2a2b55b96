// Owns which row of a large board is chosen, by pointer or keyboard, and whether its details are open.
// Does not own drawing. Invariant: a chosen row is followed by its key wherever it moves; its place counts only until the key is known.

import { useCallback, useLayoutEffect, useRef, useState } from "react";
import type { LargeBoard, LargeRows } from "../live/large-board.ts";
import type { ListScroll } from "../live/list-scroll.ts";

interface Chosen {
  readonly index: number;
  readonly key: string | undefined;
}

export interface ChosenRow {
  /** Its place, as far as it is known. */
  readonly index: number | undefined;
  readonly isOpen: boolean;
  /** A click on a row: opens its details, or closes them. */
  readonly choose: (index: number) => void;
  readonly close: () => void;
  readonly onKey: (event: React.KeyboardEvent) => void;
}

const keyAt = ({ rows, from }: LargeRows, index: number): string | undefined => rows[index - from]?.key;

function settled(chosen: Chosen | undefined, shown: LargeRows): Chosen | undefined {
  if (chosen === undefined) return undefined;
  if (chosen.key === undefined) {
    const key = keyAt(shown, chosen.index);
    return key === undefined ? chosen : { ...chosen, key };
  }
  if (keyAt(shown, chosen.index) === chosen.key) return chosen;
  const i = shown.rows.findIndex((row) => row.key === chosen.key);
  return i < 0 || shown.from + i === chosen.index ? chosen : { ...chosen, index: shown.from + i };
}

/** Where a key leads from `index`, or from the rows in sight; undefined for a key that leads nowhere. */
function target(key: string, index: number | undefined, first: number, inSight: number, total: number) {
  const page = Math.max(1, Math.floor(inSight) - 1);
  const from = index ?? Math.ceil(first);
  const steps: Readonly<Record<string, number>> = {
    ArrowDown: index === undefined ? from : from + 1,
    ArrowUp: index === undefined ? from : from - 1,
    PageDown: from + page,
    PageUp: from - page,
    Home: 0,
    End: total - 1,
  };
  const to = Object.hasOwn(steps, key) ? steps[key] : undefined;
  return to === undefined ? undefined : Math.max(0, Math.min(total - 1, to));
}

export function useChosenRow(large: LargeBoard, shown: LargeRows, scroll: ListScroll): ChosenRow {
  const [held, setHeld] = useState<Chosen>();
  const [isOpen, setOpen] = useState(false);
  const chosen = settled(held, shown);
  if (chosen !== held) setHeld(chosen);
  const key = chosen?.key;
  const there = chosen && keyAt(shown, chosen.index);
  // Where another row has come to be in its place, its own is not known.
  const index = key === undefined || there === undefined || there === key ? chosen?.index : undefined;
  // Rows are drawn again when what they are given changes, so they are given the same function always.
  const latest = useRef({ index, isOpen });
  useLayoutEffect(() => {
    latest.current = { index, isOpen };
  });

  useLayoutEffect(() => {
    const { rows } = large.read();
    large.watched.watch(
      isOpen ? key : undefined,
      rows.find((row) => row.key === key),
    );
  }, [large, isOpen, key]);
  // The pane takes room from the list: the row that it belongs to stays in sight.
  useLayoutEffect(() => {
    const at = latest.current.index;
    if (isOpen && at !== undefined) scroll.reveal(at);
  }, [isOpen, scroll]);

  const close = useCallback(() => setOpen(false), []);
  const choose = useCallback(
    (at: number) => {
      const isSame = at === latest.current.index;
      setHeld({ index: at, key: keyAt(large.read(), at) });
      setOpen(!isSame || !latest.current.isOpen);
    },
    [large],
  );
  const onKey = (event: React.KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey || shown.total === 0) return;
    const to = target(event.key, index, scroll.first(), scroll.inSight(), shown.total);
    if (to !== undefined) {
      setHeld({ index: to, key: keyAt(shown, to) });
      scroll.reveal(to);
    } else if (event.key === "Enter" || event.key === " ") {
      if (index === undefined) return;
      setOpen(!isOpen);
    } else if (event.key === "Escape" && isOpen) setOpen(false);
    else return;
    event.preventDefault();
  };
  return { index, isOpen: isOpen && chosen !== undefined, choose, close, onKey };
}
