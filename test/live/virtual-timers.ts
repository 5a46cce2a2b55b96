// Owns time that only passes when a test says so. Does not own what happens in it.

import type { LiveTimers } from "../../src/server/live/timers.ts";

export interface VirtualTimers extends LiveTimers {
  /** Let so much time pass, with every call that falls due in it, in order. */
  pass(ms: number): void;
  /** Whoever runs now takes so long. */
  spend(ms: number): void;
  readonly waiting: number;
}

export function createVirtualTimers(): VirtualTimers {
  let now = 0;
  let count = 0;
  const calls = new Map<number, { readonly at: number; readonly call: () => void }>();
  const nextDue = (until: number): number | undefined => {
    let next: number | undefined;
    for (const [id, { at }] of calls) {
      if (at <= until && (next === undefined || at < calls.get(next)!.at)) next = id;
    }
    return next;
  };
  return {
    now: () => now,
    wallMs: () => 1_700_000_000_000 + now,
    after(ms, call) {
      const id = count++;
      calls.set(id, { at: now + Math.max(0, ms), call });
      return () => void calls.delete(id);
    },
    pass(ms) {
      const until = now + ms;
      // Bounded, so that a call that asks for itself at once is found.
      for (let i = 0; i < 100_000; i++) {
        const id = nextDue(until);
        if (id === undefined) {
          now = Math.max(now, until);
          return;
        }
        const { at, call } = calls.get(id)!;
        calls.delete(id);
        now = Math.max(now, at);
        call();
      }
      throw new Error("timers that never come to rest");
    },
    spend(ms) {
      now += ms;
    },
    get waiting() {
      return calls.size;
    },
  };
}
