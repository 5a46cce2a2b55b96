// Owns waiting until a replica stands at a position: reading one's own writes. Does not own the replica (subscription.ts).
// Bounded by the program that waits, and each wait by its signal.

import { createListeners } from "./listeners.ts";
import type { SwarmboardError } from "./problem.ts";

export interface WaitOptions {
  /** Ends the wait; by default `AbortSignal.timeout(30_000)`: a long poll tells of what nobody asked for after 25 s. */
  readonly signal?: AbortSignal;
}

export interface Waiting {
  /** Rejects with the signal's reason, or with what `ended` says. */
  readonly reached: (seq: number, options?: WaitOptions) => Promise<void>;
  /** The position may be another one, or there is an end to it. */
  readonly look: () => void;
}

/** `ended`: why nothing more is to come. */
export function createWaiting(standsAt: () => number, ended: () => SwarmboardError | undefined): Waiting {
  const { add, tell } = createListeners<void>();
  return {
    look: tell,
    reached: (seq, { signal = AbortSignal.timeout(30_000) } = {}) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const error: Error | undefined = signal.aborted ? (signal.reason as Error) : ended();
          if (standsAt() >= seq) resolve();
          else if (error !== undefined) reject(error);
          else return;
          remove();
          signal.removeEventListener("abort", look);
        };
        const remove = add(look);
        signal.addEventListener("abort", look);
        look();
      }),
  };
}
