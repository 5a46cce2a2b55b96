// Owns the keys with a prefix on a large board whose keys are not in order yet: one look at all of them, in slices.
// Does not own what is told of them (sync-pages). Let go once the keys are in order, which answers in no time.

import type { Seq } from "../protocol/index.ts";
import type { BoardFeed } from "./board-feed.ts";

export class PrefixKeys {
  readonly #feed: BoardFeed;
  readonly #prefix: string;
  /** Keys that came after this may be missing in the look. */
  readonly #since: Seq;
  /** A batch that is taken back moves an entry to the end of the board's map: the look then meets it twice. */
  readonly #keys = new Set<string>();
  #isReady = false;

  constructor(feed: BoardFeed, prefix: string) {
    this.#feed = feed;
    this.#prefix = prefix;
    this.#since = feed.head;
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  /** Look at all keys, `step` of them at once. */
  *look(step: number): Generator<void, void, void> {
    let looked = 0;
    for (const key of this.#feed.state.entries.keys()) {
      if (key.startsWith(this.#prefix)) this.#keys.add(key);
      if (++looked % step === 0) yield;
    }
    this.#isReady = true;
  }

  /** Each key that is there now, once; and some that are gone. */
  now(): ReadonlySet<string> {
    const since = this.#feed.keysSince(this.#since).filter((key) => key.startsWith(this.#prefix));
    return since.length === 0 ? this.#keys : new Set([...this.#keys, ...since]);
  }
}
