// Owns how the live side meets time: passed in, so that a simulation can run days of it in a second.

export interface LiveTimers {
  /** Monotonic time in ms. */
  now(): number;
  /** Wall time in ms, for display. */
  wallMs(): number;
  /** Call once, not before `ms` have passed. Returns how to call it off. */
  after(ms: number, call: () => void): () => void;
}

/** The real ones. No timer of theirs keeps the process alive. */
export const SYSTEM_TIMERS: LiveTimers = {
  now: () => performance.now(),
  wallMs: Date.now,
  after(ms, call) {
    if (ms <= 0) {
      const immediate = setImmediate(call);
      return () => clearImmediate(immediate);
    }
    const timer = setTimeout(call, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
};
