// Owns when the engine ends what is due (rule 6): it sends `items.expire`, and the fold decides.

import { dueItems, nextExpiry, type BoardState } from "../board/index.ts";
import type { CommandOf, Outcome } from "../protocol/index.ts";
import type { Timepieces } from "./board-clock.ts";

type Due = CommandOf<"items.expire">["items"];

/** Items ended by one record. More wait for the next one, at once. */
const MAX_ITEMS_PER_RECORD = 1000;
/** Longest sleep, below the timer's own limit of 2^31 ms. */
const MAX_SLEEP_MS = 3_600_000;
/** Pause after a refused attempt (a failing disk), so that it is not a busy loop. */
const RETRY_MS = 250;

export interface ExpiryTimer {
  /** Look at the earliest expiry again; cheap, called after every group of records. */
  arm(): void;
  /** End everything that is overdue, before the board is served. */
  catchUp(): Promise<void>;
  close(): void;
}

export function createExpiryTimer(options: {
  readonly state: BoardState;
  readonly clockNow: () => number;
  readonly after: Timepieces["after"];
  readonly expire: (items: Due) => Promise<Outcome>;
}): ExpiryTimer {
  const { state, clockNow, after, expire } = options;
  let cancel: (() => void) | undefined;
  let armedFor = Number.POSITIVE_INFINITY;
  let running = false;
  let closed = false;

  const disarm = (): void => {
    cancel?.();
    cancel = undefined;
    armedFor = Number.POSITIVE_INFINITY;
  };

  const armAt = (clock: number): void => {
    if (closed || running || clock >= armedFor) return;
    disarm();
    armedFor = clock;
    cancel = after(Math.min(Math.max(clock - clockNow(), 0), MAX_SLEEP_MS), run, true);
  };

  const endDue = async (): Promise<boolean> => {
    for (;;) {
      const items = dueItems(state, clockNow(), MAX_ITEMS_PER_RECORD);
      if (items.length === 0) return true;
      const outcome = await expire([...items]);
      if (!outcome.ok && outcome.seq === undefined) return false;
    }
  };

  const run = (): void => {
    disarm();
    running = true;
    void endDue().then((done) => {
      running = false;
      if (done) arm();
      else armAt(clockNow() + RETRY_MS);
    });
  };

  const arm = (): void => {
    const next = nextExpiry(state);
    if (next !== undefined) armAt(next);
  };

  return {
    arm,
    async catchUp() {
      running = true;
      await endDue();
      running = false;
      arm();
    },
    close() {
      closed = true;
      disarm();
    },
  };
}
