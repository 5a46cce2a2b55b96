// Owns when budgets' windows begin: it sends `budget.reset` at each boundary, and the fold decides. Windows that were missed
// while the board was down are one reset, into the window of now. Does not own the calendar (calendar.ts).
// A boundary that has passed is in the log before whatever is sent after it: `before` is called with every command.
// Follows the wall clock. Where that jumps back, the window that runs goes on until its end comes again.

import type { BoardState } from "../board/index.ts";
import type { Budget, Change, CommandOf, Outcome } from "../protocol/index.ts";
import type { Timepieces } from "./board-clock.ts";
import { windowAt } from "./calendar.ts";

type Resets = CommandOf<"budget.reset">["resets"];

/** Budgets reset by one record. More are reset by the next one, at once. */
const MAX_RESETS_PER_RECORD = 1000;
/** Longest sleep, below the timer's own limit of 2^31 ms; a wall clock may have been set meanwhile. */
const MAX_SLEEP_MS = 60_000;
/** Pause after a refused attempt (a failing disk), so that it is not a busy loop. */
const RETRY_MS = 250;

export interface WindowWatch {
  /** Something is about to be sent: send the resets that are due first. Costs two comparisons while none is. */
  before(): void;
  /** Budgets have changed. */
  changed(changes: readonly Change[]): void;
  /** Begin what should have begun, before the board is served. */
  catchUp(): Promise<void>;
  close(): void;
}

export function createWindowWatch(options: {
  readonly state: BoardState;
  readonly timepieces: Pick<Timepieces, "wallMs" | "after">;
  readonly reset: (resets: Resets) => Promise<Outcome>;
  readonly notice: (message: string, detail?: unknown) => void;
}): WindowWatch {
  const { state, timepieces, reset, notice } = options;
  /** When each budget's window ends; 0 where none has begun. */
  const ends = new Map<string, number>();
  let first = Number.POSITIVE_INFINITY;
  let running: Promise<void> | undefined;
  let cancel: (() => void) | undefined;
  let closed = false;

  const look = (task: string, budget: Budget | undefined): void => {
    const end =
      budget === undefined || budget.closed || budget.terms?.window === undefined
        ? undefined
        : (budget.account?.window?.endsAt ?? 0);
    if (end === ends.get(task)) return;
    if (end === undefined) ends.delete(task);
    else ends.set(task, end);
    // A budget that left may have been the first one: the next look finds out.
    if (end !== undefined && end < first) first = end;
  };

  const arm = (): void => {
    cancel?.();
    cancel = undefined;
    if (closed || running !== undefined || ends.size === 0) return;
    const ms = Math.min(Math.max(first - timepieces.wallMs(), 0), MAX_SLEEP_MS);
    cancel = timepieces.after(ms, begin, true);
  };

  const due = (): Resets => {
    const now = timepieces.wallMs();
    const resets: Resets = [];
    first = Number.POSITIVE_INFINITY;
    for (const [task, end] of ends) {
      if (end > now || resets.length >= MAX_RESETS_PER_RECORD) {
        first = Math.min(first, end);
        continue;
      }
      const budget = state.budgets.get(task);
      const window = budget?.terms?.window;
      if (window === undefined) continue;
      try {
        const from = budget?.account?.window?.startsAt ?? 0;
        const { startsAt, endsAt } = windowAt(window, now);
        // After a jump of the clock the calendar may say what runs already.
        if (startsAt >= end) resets.push({ task, from, startsAt, endsAt });
        else ends.set(task, endsAt);
      } catch (error) {
        ends.delete(task);
        notice(`the windows of budget ${JSON.stringify(task)} cannot be found`, error);
      }
    }
    return resets;
  };

  /** Sends at once, in the same turn, so that nothing is sent between. */
  const begin = (): void => {
    if (closed || running !== undefined) return;
    const resets = due();
    if (resets.length === 0) return arm();
    running = reset(resets).then(async (outcome) => {
      // A refusal by the fold says that others were faster; its changes told the ends.
      if (!outcome.ok && outcome.seq === undefined) {
        first = 0;
        await new Promise<void>((resolve) => void timepieces.after(RETRY_MS, resolve, true));
      }
      for (const { task } of resets) look(task, state.budgets.get(task));
      first = Math.min(first, ...resets.map(({ task }) => ends.get(task) ?? Number.POSITIVE_INFINITY));
      running = undefined;
      arm();
    });
  };

  return {
    before() {
      if (ends.size > 0 && first <= timepieces.wallMs()) begin();
    },
    changed(changes) {
      const before = first;
      for (const { type, name } of changes) if (type === "budget.changed") look(name, state.budgets.get(name));
      if (first >= before) return;
      if (first <= timepieces.wallMs()) begin();
      else arm();
    },
    async catchUp() {
      for (const [task, budget] of state.budgets) look(task, budget);
      while (ends.size > 0 && first <= timepieces.wallMs() && !closed) {
        begin();
        if (running === undefined) break;
        await running;
      }
      arm();
    },
    close() {
      closed = true;
      cancel?.();
    },
  };
}
