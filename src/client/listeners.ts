// Owns telling listeners: each once, in the order in which they came, and none harmed by another that throws.

export interface Listeners<T> {
  /** The answer takes the listener away again. */
  readonly add: (listener: (told: T) => void) => () => void;
  readonly tell: (told: T) => void;
  readonly count: () => number;
}

export function createListeners<T>(): Listeners<T> {
  // Bounded by the program that listens. A box each, so that one function may listen twice.
  const boxes = new Set<{ readonly listener: (told: T) => void }>();
  return {
    count: () => boxes.size,
    add(listener) {
      const box = { listener };
      boxes.add(box);
      return () => void boxes.delete(box);
    },
    tell(told) {
      // A copy: a listener that comes while others are told is told next time.
      for (const box of Array.from(boxes)) {
        if (!boxes.has(box)) continue;
        try {
          box.listener(told);
        } catch (error) {
          // Surfaces as an uncaught error, as it would from an event handler, without stopping the others.
          queueMicrotask(() => {
            throw error;
          });
        }
      }
    },
  };
}
