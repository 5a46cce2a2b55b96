// Owns the change from the first rows of an order to the order itself, once that is built, under a window that is open.
// Does not own either.

import type { FirstRows } from "./first-rows.ts";
import type { RowSource } from "./window-view.ts";

export class EarlyRows implements RowSource {
  readonly isByChange: boolean;
  readonly #whole: RowSource;
  #first: FirstRows | undefined;
  readonly #onFirstUnused: () => void;

  constructor(first: FirstRows, whole: RowSource, onFirstUnused: () => void) {
    this.isByChange = whole.isByChange;
    this.#first = first;
    this.#whole = whole;
    this.#onFirstUnused = onFirstUnused;
  }

  get isReady(): boolean {
    return this.#present().isReady;
  }

  get total(): number {
    return this.#present().total;
  }

  get isApproximate(): boolean {
    return this.#present().isApproximate;
  }

  /** That of the order is above all of its first rows'. */
  get version(): number {
    const present = this.#present();
    return present === this.#whole ? present.version : present.version - Number.MAX_SAFE_INTEGER;
  }

  holds(key: string): boolean {
    return this.#whole.holds(key);
  }

  slice(from: number, count: number): readonly string[] {
    return this.#present().slice(from, count);
  }

  close(): void {
    this.#dropFirst();
    this.#whole.close();
  }

  #present(): RowSource {
    if (this.#whole.isReady) this.#dropFirst();
    return this.#first ?? this.#whole;
  }

  #dropFirst(): void {
    if (this.#first === undefined) return;
    this.#first.close();
    this.#first = undefined;
    this.#onFirstUnused();
  }
}
