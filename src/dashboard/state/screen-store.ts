// Owns everything that the screen is drawn from: the view, what waits behind a pause, freshness, the connection.
// Does not own how data arrives (live/) or is drawn (panels/). Invariant: good data is never replaced by nothing.

import { useSyncExternalStore } from "react";
import type { HeardBeat, Status } from "../../client/index.ts";
import type { LargeBoard } from "../live/large-board.ts";
import { type BoardView, nextView, type Told } from "./board-view.ts";

export interface Screen {
  readonly view: BoardView | undefined;
  /** The entries of a large board; undefined where the view has them. */
  readonly large: LargeBoard | undefined;
  /** When the data on the screen was last known to be true, by this machine's clock. */
  readonly freshAtMs: number | undefined;
  /** The same of the newest data that the page has, also while the screen is frozen. */
  readonly knownAtMs: number | undefined;
  /** What to add to this machine's clock to have the server's, in ms. */
  readonly clockOffsetMs: number;
  readonly liveUpdates: boolean;
  /** Records written to the board since the view was frozen. */
  readonly waiting: number;
  readonly status: Status;
  /** True from the moment the connection is lost until the data is known to be whole again, so it does not flicker with retries. */
  readonly isCutOff: boolean;
  /** Why the server tells nothing of this board, in its words. */
  readonly problem: string | undefined;
}

export interface News {
  readonly subscription: Told;
  /** Entries that changed since the last news; undefined when all may have. */
  readonly changed: Set<string> | undefined;
  readonly large?: LargeBoard | undefined;
}

export interface ScreenStore {
  readonly read: () => Screen;
  readonly subscribe: (listener: () => void) => () => void;
  readonly accept: (news: News, nowMs: number) => void;
  /** What the page has was just told, or confirmed. */
  readonly confirm: (nowMs: number) => void;
  readonly setStatus: (status: Status, nowMs: number) => void;
  readonly setBeat: (beat: HeardBeat, status: Status) => void;
  readonly setProblem: (problem: string | undefined) => void;
  /** Off freezes the view; on shows the newest data at once. */
  readonly setLiveUpdates: (on: boolean) => void;
}

/** Clock readings of two beats differ by the time they travelled; smaller changes than this are noise, in ms. */
const CLOCK_NOISE_MS = 1000;

/** Whether what is held is known to be all that the server has. */
const isWhole = (status: Status): boolean => status.phase === "live" || (status.phase === "polling" && !status.behind);

function waitingSince(view: BoardView, { position }: Told): number {
  return view.epoch === position.epoch ? Math.max(0, position.seq - view.seq) : position.seq;
}

export function createScreenStore(status: Status): ScreenStore {
  let screen: Screen = {
    view: undefined,
    large: undefined,
    freshAtMs: undefined,
    knownAtMs: undefined,
    clockOffsetMs: 0,
    liveUpdates: true,
    waiting: 0,
    status,
    isCutOff: false,
    problem: undefined,
  };
  /** What waits behind a pause, with all entries that changed meanwhile: bounded by the entries that the page may hold. */
  let newest: News | undefined;
  const listeners = new Set<() => void>();

  function change(part: Partial<Screen>): void {
    screen = { ...screen, ...part };
    for (const listener of listeners) listener();
  }

  function show({ subscription, changed, large }: News, nowMs: number): Partial<Screen> {
    const view = nextView(screen.view, subscription, changed, nowMs, large?.read());
    return { view, large, freshAtMs: screen.knownAtMs ?? nowMs, waiting: 0 };
  }

  function known(nowMs: number): Partial<Screen> {
    const isShown = screen.liveUpdates && screen.view !== undefined;
    return isShown ? { knownAtMs: nowMs, freshAtMs: nowMs } : { knownAtMs: nowMs };
  }

  return {
    read: () => screen,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    accept(news, nowMs) {
      if (screen.liveUpdates || screen.view === undefined) return change(show(news, nowMs));
      newest = { ...news, changed: joined(newest, news) };
      const waiting = waitingSince(screen.view, news.subscription);
      if (waiting !== screen.waiting) change({ waiting });
    },
    confirm(nowMs) {
      // Told hundreds of times a second under load; what it changes is read by the clock of the screen.
      screen = { ...screen, ...known(nowMs) };
    },
    setStatus(next, nowMs) {
      const isLost = next.phase === "offline" || next.phase === "stopped";
      change({
        status: next,
        isCutOff: isLost ? screen.view !== undefined : screen.isCutOff && !isWhole(next),
        ...(isWhole(next) ? known(nowMs) : {}),
      });
    },
    setBeat({ heardAtMs, serverAtMs }, now) {
      const offset = serverAtMs - heardAtMs;
      const isNoise = Math.abs(offset - screen.clockOffsetMs) <= CLOCK_NOISE_MS;
      change({ ...(isNoise ? {} : { clockOffsetMs: offset }), ...(isWhole(now) ? known(heardAtMs) : {}) });
    },
    setProblem: (problem) => {
      if (problem !== screen.problem) change({ problem });
    },
    setLiveUpdates(on) {
      if (on === screen.liveUpdates) return;
      screen = { ...screen, liveUpdates: on };
      const waited = on ? newest : undefined;
      newest = undefined;
      screen.large?.setLive(on);
      change(
        waited === undefined
          ? { waiting: 0, ...(on ? { freshAtMs: screen.knownAtMs } : {}) }
          : show(waited, Date.now()),
      );
    },
  };
}

function joined(before: News | undefined, { changed }: News): Set<string> | undefined {
  if (before === undefined || changed === undefined || before.changed === undefined)
    return before === undefined ? changed : undefined;
  for (const key of changed) before.changed.add(key);
  return before.changed;
}

/** A part of the screen's state; the component is drawn again only when that part is another object. */
export function useScreen<T>(store: ScreenStore, select: (screen: Screen) => T): T {
  return useSyncExternalStore(store.subscribe, () => select(store.read()));
}
