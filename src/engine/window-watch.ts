// Owns when windows of budgets begin: it finds what is due, and puts `budget.reset` in front of the first command that comes
// after a boundary, so that no spend of the new window is judged by the old one. The fold decides (rules-2/windows.ts).
// Does not own the calendar (calendar.ts) or the log. Windows are of wall time: a clock that is set back begins none twice.
//
//   due ──take──▶ in flight ──settled──▶ as the state says; a failed one is due again

import type { BoardState } from "../board/index.ts";
import type { BudgetWindow, Change, CommandOf, Outcome } from "../protocol/index.ts";
import type { Timepieces } from "./board-clock.ts";
import { type CalendarWindow, windowAt } from "./calendar.ts";

type Reset = CommandOf<"budget.reset">["resets"][number];

/** Budgets that one record resets. More go into the next one, at once. */
const MAX_RESETS_PER_RECORD = 500;
/** Longest sleep: a wall clock that jumps ahead is noticed after this at the latest, and by the next command at once. */
const MAX_SLEEP_MS = 60_000;
/** Pause after a try that could not be written (a failing disk), so that it is not a busy loop. */
const RETRY_MS = 250;

interface Watched {
  /** The window that runs, or that a reset in flight begins; 0 and 0 before the first one. */
  startsAt: number;
  endsAt: number;
  inFlight: number;
  /** Which windows it has. */
  calendar: string;
  /** Not to be begun: its time zone is unknown here, or the fold does not take the reset. Until its window is another one. */
  stuck: boolean;
}

export interface WindowWatch {
  /** Wall time at which the next window begins; Infinity where there is none. */
  dueAt(): number;
  /** What is due at a moment, one list for each record to write. It is in flight until `settled`. */
  take(atMs: number): Reset[][];
  settled(resets: readonly Reset[], outcome: Outcome): void;
  /** Hear of changes that are applied; cheap where no budget has a window. */
  applied(changes: readonly Change[]): void;
  close(): void;
}

export interface WindowWatchOptions {
  readonly state: BoardState;
  readonly timepieces: Pick<Timepieces, "wallMs" | "after">;
  /** Something is due and nobody sends a command. False where nothing can be written now. */
  readonly begin: () => boolean;
  readonly notice: (message: string) => void;
}

const calendarOf = ({ every, timeZone }: BudgetWindow): string => `${every} ${timeZone}`;

export function createWindowWatch({ state, timepieces, begin, notice }: WindowWatchOptions): WindowWatch {
  // One for each budget with a window: bounded by the board's own limit of budgets.
  const watched = new Map<string, Watched>();
  let earliest = Number.POSITIVE_INFINITY;
  let isEarliestKnown = true;
  let cancel: (() => void) | undefined;
  let armedFor = Number.POSITIVE_INFINITY;
  let closed = false;

  const dueAt = (): number => {
    if (!isEarliestKnown) {
      earliest = Number.POSITIVE_INFINITY;
      for (const { stuck, endsAt } of watched.values()) if (!stuck && endsAt < earliest) earliest = endsAt;
      isEarliestKnown = true;
    }
    return earliest;
  };

  /** Hold what is watched against the state. */
  const look = (task: string): void => {
    const budget = state.budgets.get(task);
    const window = budget?.terms?.window;
    if (window === undefined) {
      if (watched.delete(task)) isEarliestKnown = false;
      return;
    }
    const { startsAt, endsAt } = budget?.account?.window ?? { startsAt: 0, endsAt: 0 };
    const calendar = calendarOf(window);
    const one = watched.get(task);
    if (one === undefined) {
      watched.set(task, { startsAt, endsAt, inFlight: 0, calendar, stuck: false });
      earliest = Math.min(earliest, endsAt);
    } else if (
      one.inFlight === 0 &&
      (one.startsAt !== startsAt || one.endsAt !== endsAt || one.calendar !== calendar)
    ) {
      Object.assign(one, { startsAt, endsAt, calendar, stuck: false });
      isEarliestKnown = false;
    }
  };

  const arm = (atMs: number): void => {
    if (closed || atMs >= armedFor) return;
    cancel?.();
    armedFor = atMs;
    const sleepMs = Math.min(Math.max(atMs - timepieces.wallMs(), 0), MAX_SLEEP_MS);
    cancel = timepieces.after(sleepMs, wake, true);
  };

  function wake(): void {
    armedFor = Number.POSITIVE_INFINITY;
    const isDone = dueAt() > timepieces.wallMs() || begin();
    arm(isDone ? dueAt() : timepieces.wallMs() + RETRY_MS);
  }

  const nextOf = (task: string, one: Watched, atMs: number, cache: Map<string, CalendarWindow>): Reset | undefined => {
    const window = state.budgets.get(task)?.terms?.window;
    if (window === undefined) return undefined;
    const name = calendarOf(window);
    try {
      const next = cache.get(name) ?? windowAt(window, atMs);
      cache.set(name, next);
      // The time zone database may have changed since the window that ran was begun: it is not cut short.
      return { task, from: one.startsAt, startsAt: Math.max(next.startsAt, one.endsAt), endsAt: next.endsAt };
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      notice(`the windows of the budget ${JSON.stringify(task)} cannot be found, so it is not reset: ${reason}`);
      return undefined;
    }
  };

  for (const task of state.budgets.keys()) look(task);
  if (watched.size > 0) arm(dueAt());

  return {
    dueAt,
    take(atMs) {
      if (atMs < dueAt()) return [];
      const lists: Reset[][] = [];
      const cache = new Map<string, CalendarWindow>();
      for (const [task, one] of watched) {
        if (one.stuck || atMs < one.endsAt) continue;
        const reset = nextOf(task, one, atMs, cache);
        if (reset === undefined) {
          one.stuck = true;
          continue;
        }
        one.startsAt = reset.startsAt;
        one.endsAt = reset.endsAt;
        one.inFlight++;
        const last = lists.at(-1);
        if (last === undefined || last.length >= MAX_RESETS_PER_RECORD) lists.push([reset]);
        else last.push(reset);
      }
      isEarliestKnown = false;
      return lists;
    },
    settled(resets, outcome) {
      for (const { task, from } of resets) {
        const one = watched.get(task);
        if (one === undefined) continue;
        one.inFlight--;
        look(task);
        // It is in the log, and nothing came of it: it would be written again for ever. (A first window is always taken.)
        if (outcome.seq !== undefined && one.inFlight === 0 && one.startsAt === from && one.endsAt > 0) {
          one.stuck = true;
          isEarliestKnown = false;
          notice(`the window of the budget ${JSON.stringify(task)} could not be begun`);
        }
      }
      if (outcome.seq !== undefined) arm(dueAt());
      else arm(timepieces.wallMs() + RETRY_MS);
    },
    applied(changes) {
      let isAny = false;
      for (const change of changes) {
        if (change.type !== "budget.changed") continue;
        look(change.name);
        isAny = true;
      }
      if (!isAny || watched.size === 0) return;
      // A budget that was just given a window: it begins with the next record.
      if (dueAt() <= timepieces.wallMs() && !closed) wake();
      else arm(dueAt());
    },
    close() {
      closed = true;
      cancel?.();
    },
  };
}
