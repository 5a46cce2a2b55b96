// Owns everything that the screen is drawn from: the view, what waits behind a pause, freshness, the connection.
// Does not own how data arrives (connection/) or is drawn (panels/). Invariant: good data is never replaced by nothing.

import { useSyncExternalStore } from "react";
import type { FullFrame } from "../../protocol/index.ts";
import type { Connection } from "../connection/phases.ts";
import { type BoardView, nextView } from "./board-view.ts";

export interface Screen {
  readonly view: BoardView | undefined;
  /** When the data on the screen was last known to be true, by this machine's clock. */
  readonly freshAtMs: number | undefined;
  /** What to add to this machine's clock to have the server's, in ms. */
  readonly clockOffsetMs: number;
  readonly liveUpdates: boolean;
  /** Records written to the board since the view was frozen. */
  readonly waiting: number;
  readonly connection: Connection;
  /** True from the moment the connection is lost until the server is heard again, so it does not flicker with retries. */
  readonly isCutOff: boolean;
  readonly httpProblem: string | undefined;
}

export interface ScreenStore {
  readonly read: () => Screen;
  readonly subscribe: (listener: () => void) => () => void;
  readonly accept: (frame: FullFrame, nowMs: number) => void;
  /** The server said that the last frame still holds. */
  readonly confirm: (nowMs: number) => void;
  readonly setConnection: (connection: Connection) => void;
  readonly setHttpProblem: (problem: string | undefined) => void;
  /** Off freezes the view; on shows the newest frame at once. */
  readonly setLiveUpdates: (on: boolean) => void;
}

/** Clock readings of two frames differ by the time they travelled; smaller changes than this are noise, in ms. */
const CLOCK_NOISE_MS = 1000;

function waitingSince(view: BoardView | undefined, frame: FullFrame): number {
  if (view === undefined || view.epoch !== frame.board.epoch) return frame.board.seq;
  return Math.max(0, frame.board.seq - view.seq);
}

export function createScreenStore(connection: Connection): ScreenStore {
  let screen: Screen = {
    view: undefined,
    freshAtMs: undefined,
    clockOffsetMs: 0,
    liveUpdates: true,
    waiting: 0,
    connection,
    isCutOff: false,
    httpProblem: undefined,
  };
  // Only the newest frame waits behind a pause; older ones say nothing that it does not.
  let newest: { readonly frame: FullFrame; readonly atMs: number } | undefined;
  const listeners = new Set<() => void>();

  function change(part: Partial<Screen>): void {
    screen = { ...screen, ...part };
    for (const listener of listeners) listener();
  }

  function clockOffset(frame: FullFrame, nowMs: number): number {
    const offset = Date.parse(frame.timestamp) - nowMs;
    return Number.isFinite(offset) && Math.abs(offset - screen.clockOffsetMs) > CLOCK_NOISE_MS
      ? offset
      : screen.clockOffsetMs;
  }

  return {
    read: () => screen,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    accept(frame, nowMs) {
      // The first request and the socket race at the start: an older frame of the same history must not undo a newer one.
      if (
        newest !== undefined &&
        newest.frame.board.epoch === frame.board.epoch &&
        frame.board.seq < newest.frame.board.seq
      )
        return;
      newest = { frame, atMs: nowMs };
      const clockOffsetMs = clockOffset(frame, nowMs);
      if (!screen.liveUpdates && screen.view !== undefined)
        change({ waiting: waitingSince(screen.view, frame), clockOffsetMs, isCutOff: false });
      else
        change({
          view: nextView(screen.view, frame, nowMs),
          freshAtMs: nowMs,
          waiting: 0,
          clockOffsetMs,
          isCutOff: false,
        });
    },
    confirm(nowMs) {
      if (newest !== undefined) newest = { frame: newest.frame, atMs: nowMs };
      if (screen.liveUpdates && screen.view !== undefined) change({ freshAtMs: nowMs, isCutOff: false });
      else if (screen.isCutOff) change({ isCutOff: false });
    },
    setConnection: (next) =>
      change({
        connection: next,
        isCutOff: screen.isCutOff || (next.phase === "offline" && screen.view !== undefined),
      }),
    setHttpProblem: (httpProblem) => {
      if (httpProblem !== screen.httpProblem) change({ httpProblem });
    },
    setLiveUpdates(on) {
      if (on === screen.liveUpdates) return;
      if (!on || newest === undefined) return change({ liveUpdates: on, waiting: 0 });
      change({
        liveUpdates: true,
        waiting: 0,
        view: nextView(screen.view, newest.frame, Date.now()),
        freshAtMs: newest.atMs,
      });
    },
  };
}

/** A part of the screen's state; the component is drawn again only when that part is another object. */
export function useScreen<T>(store: ScreenStore, select: (screen: Screen) => T): T {
  return useSyncExternalStore(store.subscribe, () => select(store.read()));
}
