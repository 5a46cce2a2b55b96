// Owns waiting for how many entries of a board have a prefix. Does not own the count (feed's row sources).
// Bounded: a session subscribes one after the other, so it waits for one count at a time.

export class KeyCounts {
  readonly #countOf: (prefix: string) => number | undefined;
  #waiting: (() => void)[] = [];
  #isClosed = false;

  constructor(countOf: (prefix: string) => number | undefined) {
    this.#countOf = countOf;
  }

  /** Undefined while that would take a look at all entries: ask again after `more`. */
  of(prefix: string): number | undefined {
    return this.#countOf(prefix);
  }

  /** Resolves once `of` may know more, or never will. */
  more(): Promise<void> {
    if (this.#isClosed) return Promise.resolve();
    return new Promise((resolve) => void this.#waiting.push(resolve));
  }

  /** An order of keys came to be there. */
  tell(): void {
    for (const goOn of this.#waiting.splice(0)) goOn();
  }

  close(): void {
    this.#isClosed = true;
    this.tell();
  }
}
