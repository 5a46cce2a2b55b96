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

  const run = (): void => {
    cancel = undefined;
    const startedAt = timers.now();
    flush();
    const endedAt = timers.now();
    notBefore = Math.max(startedAt + rateMs, endedAt + (endedAt - startedAt));
  };

  return {
    wake() {
      cancel ??= timers.after(Math.max(0, notBefore - timers.now()), run);
    },
    close() {
      cancel?.();
      cancel = undefined;
    },
  };
}
