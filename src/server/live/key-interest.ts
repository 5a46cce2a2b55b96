// Owns who has asked for which single keys, so that a change of one key costs what it concerns and not what there is:
// ten thousand agents that each wait for a key of their own are not looked through for each record.
// Does not own what they are told. Bounded by the keys of all filters together.

export class KeyInterest<T> {
  readonly #byKey = new Map<string, Set<T>>();

  add(keys: readonly string[], one: T): void {
    for (const key of keys) {
      const interested = this.#byKey.get(key);
      if (interested === undefined) this.#byKey.set(key, new Set([one]));
      else interested.add(one);
    }
  }

  remove(keys: readonly string[], one: T): void {
    for (const key of keys) {
      const interested = this.#byKey.get(key);
      if (interested?.delete(one) === true && interested.size === 0) this.#byKey.delete(key);
    }
  }

  /** Those who asked for the key. */
  in(key: string): Iterable<T> {
    return this.#byKey.get(key) ?? [];
  }

  get isEmpty(): boolean {
    return this.#byKey.size === 0;
  }
}
