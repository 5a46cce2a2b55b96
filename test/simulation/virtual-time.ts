// Owns time: it stands still until the next timer is due, and jumps there. Between two timers everything that the real event
// loop has to do (promises, immediates) is done, so that the same timers give the same run.
// Does not own wall clocks (each machine has its own) or who sets timers.

interface Timer {
  readonly atMs: number;
  readonly order: number;
  run: (() => void) | undefined;
}

const isBefore = (a: Timer, b: Timer): boolean => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);

export class VirtualTime {
  nowMs = 0;
  /** Told of what a timer throws: in a process of its own it would end that process. */
  onThrown: (error: unknown) => void = (error) => {
    throw error;
  };
  #order = 0;
  readonly #heap: Timer[] = [];

  /** Never fires in this turn, also with `delayMs` 0. The answer calls it off. */
  after(delayMs: number, run: () => void): () => void {
    return this.at(this.nowMs + Math.max(0, delayMs), run);
  }

  /** Timers of the same time fire in the order in which they were set: times that are to be equal are not computed twice. */
  at(atMs: number, run: () => void): () => void {
    const timer: Timer = { atMs, order: this.#order++, run };
    this.#push(timer);
    return () => {
      timer.run = undefined;
    };
  }

  pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => void this.after(delayMs, resolve));
  }

  /** Run what is due until `endMs`; `look` is called whenever everything has come to rest. */
  async run(endMs: number, look: () => void): Promise<void> {
    for (;;) {
      await settle();
      look();
      const next = this.#pop(endMs);
      if (next === undefined) break;
      this.nowMs = Math.max(this.nowMs, next.atMs);
      try {
        next.run?.();
      } catch (error) {
        this.onThrown(error);
      }
    }
    this.nowMs = Math.max(this.nowMs, endMs);
  }

  #push(timer: Timer): void {
    const heap = this.#heap;
    let at = heap.push(timer) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(timer, heap[parent] as Timer)) break;
      heap[at] = heap[parent] as Timer;
      at = parent;
    }
    heap[at] = timer;
  }

  /** The next timer that is not called off, if it is due by then. */
  #pop(endMs: number): Timer | undefined {
    for (;;) {
      const first = this.#heap[0];
      if (first === undefined || (first.run !== undefined && first.atMs > endMs)) return undefined;
      const last = this.#heap.pop() as Timer;
      if (last !== first) this.#sink(last);
      if (first.run !== undefined) return first;
    }
  }

  #sink(timer: Timer): void {
    const heap = this.#heap;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1] as Timer, heap[child] as Timer)) child++;
      if (!isBefore(heap[child] as Timer, timer)) break;
      heap[at] = heap[child] as Timer;
      at = child;
    }
    heap[at] = timer;
  }
}

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/** Until no immediate is left: the engine flushes in one, and everything else of it is promises. */
async function settle(): Promise<void> {
  do await turn();
  while (process.getActiveResourcesInfo().includes("Immediate"));
}
