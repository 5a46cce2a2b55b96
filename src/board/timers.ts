// Owns the heap of what expires when. Does not own whether an element still holds: the caller asks the items.
// Elements are never taken out when an item changes (lazy deletion); the owner rebuilds once most of them are stale.

export interface Timer {
  readonly clock: number;
  readonly kind: "entry" | "claim" | "request" | "hold";
  readonly name: string;
  /** A rev, a fence or a seq, as in `items.expire`. */
  readonly rev: number;
}

export class Timers {
  #heap: Timer[] = [];

  get size(): number {
    return this.#heap.length;
  }

  get first(): Timer | undefined {
    return this.#heap[0];
  }

  push(timer: Timer): void {
    const heap = this.#heap;
    let i = heap.length;
    heap.push(timer);
    while (i > 0) {
      const parent = (i - 1) >> 1;
      const above = heap[parent] as Timer;
      if (above.clock <= timer.clock) break;
      heap[i] = above;
      i = parent;
    }
    heap[i] = timer;
  }

  /** Take the first one out. */
  pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    this.#sink(0, last);
  }

  /** Keep only what still holds. */
  rebuild(holds: (timer: Timer) => boolean): void {
    const heap = this.#heap.filter(holds);
    this.#heap = heap;
    for (let i = (heap.length >> 1) - 1; i >= 0; i--) this.#sink(i, heap[i] as Timer);
  }

  /** Visit what is due at `clock`, not in order, until the visitor returns false. Does not touch the rest. */
  due(clock: number, visit: (timer: Timer) => boolean): void {
    const open = [0];
    for (let i = open.pop(); i !== undefined; i = open.pop()) {
      const timer = this.#heap[i];
      if (timer === undefined || timer.clock > clock) continue;
      if (!visit(timer)) return;
      open.push(2 * i + 2, 2 * i + 1);
    }
  }

  #sink(start: number, timer: Timer): void {
    const heap = this.#heap;
    let i = start;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && (heap[child + 1] as Timer).clock < (heap[child] as Timer).clock) child++;
      const below = heap[child] as Timer;
      if (below.clock >= timer.clock) break;
      heap[i] = below;
      i = child;
    }
    heap[i] = timer;
  }
}
