// Owns the row whose details are open: it stays up to date wherever the window has gone.
// Does not own the window. At most one subscription, and only while the row is not among the window's.

import type { Board, Subscription } from "../../client/index.ts";
import { type EntryRow, rowOf } from "../state/entry-groups.ts";

export interface Watched {
  readonly key: string;
  /** As it was told last; undefined until then. */
  readonly row: EntryRow | undefined;
  readonly isGone: boolean;
}

export interface WatchedRow {
  readonly read: () => Watched | undefined;
  readonly subscribe: (listener: () => void) => () => void;
  /** Undefined ends it. */
  watch(key: string | undefined, row?: EntryRow): void;
  setLive(on: boolean): void;
  /** The window's rows are these now; `seenSeq` is what the reader saw last. */
  update(rows: readonly EntryRow[], seenSeq: number): void;
  close(): void;
}

/** `onChange`: call `update` soon. */
export function createWatchedRow(board: Board, onChange: () => void): WatchedRow {
  const listeners = new Set<() => void>();
  let watched: Watched | undefined;
  let alone: Subscription | undefined;
  let isLive = true;

  function publish(next: Watched | undefined): void {
    if (next?.key === watched?.key && next?.row === watched?.row && next?.isGone === watched?.isGone) return;
    watched = next;
    for (const listener of listeners) listener();
  }

  function stop(): void {
    alone?.close();
    alone = undefined;
  }

  function follow(key: string): Subscription {
    const mine = board.subscribe({ entries: { keys: [key] } }, { name: "row" });
    mine.entries.onChange(onChange);
    mine.onCondition(onChange);
    return mine;
  }

  return {
    read: () => watched,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    watch(key, row) {
      if (key === watched?.key) return;
      stop();
      publish(key === undefined ? undefined : { key, row, isGone: false });
      onChange();
    },
    setLive(on) {
      isLive = on;
    },
    update(rows, seenSeq) {
      if (watched === undefined) return;
      const { key } = watched;
      const inWindow = rows.find((row) => row.key === key);
      if (inWindow !== undefined) {
        stop();
        return publish({ key, row: inWindow, isGone: false });
      }
      alone ??= follow(key);
      if (alone.condition.held === "nothing" || (!isLive && watched.row !== undefined)) return;
      const entry = alone.entries.get(key);
      publish(
        entry === undefined
          ? { key, row: watched.row, isGone: true }
          : {
              key,
              row: rowOf(watched.row, entry, alone.clock(), Date.now(), entry.seq <= seenSeq),
              isGone: false,
            },
      );
    },
    close: stop,
  };
}
