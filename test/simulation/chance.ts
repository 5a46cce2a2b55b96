// Owns chance: numbers that follow from a seed alone, so that a scenario can be played again.
// Does not own what is decided by them. Each part of a scenario forks its own, so that one more draw in one part changes no other.

export class Chance {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** In [0, 1). Mulberry32. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let bits = this.#state;
    bits = Math.imul(bits ^ (bits >>> 15), bits | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  }

  /** Whole, from `min` to `max`, both included. */
  int(min: number, max: number): number {
    return min + Math.floor(this.next() * (max - min + 1));
  }

  /** True in so many of a hundred cases. */
  percent(percent: number): boolean {
    return this.next() * 100 < percent;
  }

  pick<T>(from: readonly T[]): T {
    if (from.length === 0) throw new RangeError("nothing to pick from");
    return from[Math.floor(this.next() * from.length)] as T;
  }

  /** One of the names, each as often as its weight says. */
  weighted<K extends string>(weights: Readonly<Record<K, number>>): K {
    const all = Object.entries(weights) as [K, number][];
    let left = this.next() * all.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [name, weight] of all) if ((left -= weight) < 0) return name;
    return (all.at(-1) as [K, number])[0];
  }

  /** What one of the cases makes, each as often as its weight says. */
  among<T>(cases: readonly (readonly [weight: number, make: () => T])[]): T {
    let left = this.next() * cases.reduce((sum, [weight]) => sum + weight, 0);
    for (const [weight, make] of cases) if ((left -= weight) < 0) return make();
    return (cases.at(-1) as (typeof cases)[number])[1]();
  }

  /** Waiting times of events that know nothing of one another, in ms. */
  pause(meanMs: number): number {
    return Math.min(meanMs * 8, -Math.log(1 - this.next()) * meanMs);
  }

  fork(): Chance {
    return new Chance(Math.floor(this.next() * 2 ** 32));
  }
}
