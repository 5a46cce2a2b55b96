// Owns which fetches of a channel's audit notes are under way: one for all of a cohort that stand at the same place.
// Does not own how notes are fetched (past-notes), or what is told (channel). Bounded by the members' places.

import type { PastNotes } from "../../feed/index.ts";
import type { LiveTimers } from "./timers.ts";

/** Before notes on disk are asked for again, where they could not be read. */
const RETRY_MS = 1000;

export interface NoteFetchesOptions {
  readonly timers: LiveTimers;
  readonly fault: (error: unknown) => void;
  /** Some could not be read: whoever waits for them may ask again. */
  readonly onAgain: () => void;
}

export class NoteFetches {
  readonly #options: NoteFetchesOptions;
  readonly #underWay = new Set<string>();
  #isClosed = false;

  constructor(options: NoteFetchesOptions) {
    this.#options = options;
  }

  /** `found` is called later, and not after `close`. Nothing happens while a fetch of that name is under way. */
  begin(name: string, fetch: () => Promise<PastNotes>, found: (past: PastNotes) => void): void {
    if (this.#underWay.has(name)) return;
    this.#underWay.add(name);
    const { timers, fault, onAgain } = this.#options;
    fetch()
      .then((past) => {
        this.#underWay.delete(name);
        if (!this.#isClosed) found(past);
      })
      .catch((error: unknown) => {
        // The clients stay behind, and see that they do; nothing is left out.
        fault(error);
        timers.after(RETRY_MS, () => {
          this.#underWay.delete(name);
          if (!this.#isClosed) onAgain();
        });
      });
  }

  close(): void {
    this.#isClosed = true;
  }
}
