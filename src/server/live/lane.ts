// Owns the rhythm of one rate on one channel: at once when idle, then at most every `rateMs`, and never so often that
// telling takes more than half of the time (docs/protocol.md, W-SUB-6). Does not own what is told.

import type { LiveTimers } from "./timers.ts";

export interface Lane {
  /** Something changed. */
  wake(): void;
  close(): void;
}

export function createLane(rateMs: number, timers: LiveTimers, flush: () => void): Lane {
  let notBefore = Number.NEGATIVE_INFINITY;
  let cancel: (() => void) | undefined;
  let isFlushing = false;
  let wokenMeanwhile = false;
  let isClosed = false;

  const run = (): void => {
    cancel = undefined;
    const startedAt = timers.now();
    isFlushing = true;
    wokenMeanwhile = false;
    try {
      flush();
    } finally {
      isFlushing = false;
      const endedAt = timers.now();
      notBefore = Math.max(startedAt + rateMs, endedAt + (endedAt - startedAt));
      // Only now it is known how long the pause has to be.
      if (wokenMeanwhile) wake();
    }
  };

  const wake = (): void => {
    if (isClosed) return;
    if (isFlushing) wokenMeanwhile = true;
    else cancel ??= timers.after(Math.max(0, notBefore - timers.now()), run);
  };

  return {
    wake,
    close() {
      isClosed = true;
      cancel?.();
      cancel = undefined;
    },
  };
}
