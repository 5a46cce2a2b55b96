// Owns the rows of one window as they were told last, and what to say when they change (docs/protocol.md, section 6).
// Does not own the order that rows come in (RowSource). Rows have a version: who holds the one before gets the difference,
// everyone else the whole window (rule 11).

import type { WindowSpec } from "../protocol/index.ts";
import type { BoardFeed } from "./board-feed.ts";
import { hashOf } from "./view.ts";
import { diffRows } from "./window-diff.ts";

/** Keys in an order, of which a window shows a part. */
export interface RowSource {
  /** False while the order is being built. */
  readonly isReady: boolean;
  readonly total: number;
  /** `total` and rows are only what was found so far. */
  readonly isApproximate: boolean;
  /** Another one whenever a key comes to be in it or leaves it, or `isApproximate` changes. */
  readonly version: number;
  /** True where a change of a key's value moves it. */
  readonly isByChange: boolean;
  holds(key: string): boolean;
  slice(from: number, count: number): readonly string[];
  /** Nobody looks any more. */
  close(): void;
}

/** The member `window` of a sync's entries, whose rows may take several pages. */
export interface WindowTexts {
  /** All of its members but `rows`. */
  readonly facts: string;
  readonly rows: readonly string[];
}

interface Rows {
  readonly keys: readonly string[];
  readonly seqs: readonly number[];
}

const NO_ROWS: Rows = { keys: [], seqs: [] };

export class WindowView {
  readonly #feed: BoardFeed;
  readonly #spec: WindowSpec;
  readonly #source: RowSource;
  #version = 0;
  #before: Rows = NO_ROWS;
  #now: Rows = NO_ROWS;
  #held: ReadonlySet<string> = new Set();
  #total = 0;
  #isApproximate = false;
  /** Where the rows were last looked at. */
  #lookedAt = -1;
  #sourceVersion = -1;

  constructor(feed: BoardFeed, spec: WindowSpec, source: RowSource) {
    this.#feed = feed;
    this.#spec = spec;
    this.#source = source;
  }

  get isReady(): boolean {
    return this.#source.isReady;
  }

  /** Look at the rows again if anything can have touched them. Returns their version, from 1. */
  refresh(): number {
    const { head } = this.#feed;
    const source = this.#source;
    if (this.#version > 0 && head === this.#lookedAt && source.version === this.#sourceVersion) return this.#version;
    const isTouched = this.#version === 0 || source.version !== this.#sourceVersion || this.#isTouched();
    this.#lookedAt = head;
    this.#sourceVersion = source.version;
    if (!isTouched) return this.#version;
    const keys = source.slice(this.#spec.from, this.#spec.count);
    const seqs = keys.map((key) => this.#feed.state.entries.get(key)?.seq ?? 0);
    const isSame =
      this.#version > 0 &&
      source.total === this.#total &&
      source.isApproximate === this.#isApproximate &&
      keys.length === this.#now.keys.length &&
      keys.every((key, i) => key === this.#now.keys[i] && seqs[i] === this.#now.seqs[i]);
    if (isSame) return this.#version;
    this.#before = this.#now;
    this.#now = { keys, seqs };
    this.#held = new Set(keys);
    this.#total = source.total;
    this.#isApproximate = source.isApproximate;
    return ++this.#version;
  }

  /** What someone who holds that version of the rows is told, or undefined if it is the present one. */
  textsFrom(version: number): WindowTexts | undefined {
    this.refresh();
    if (version === this.#version) return undefined;
    const { keys, seqs } = this.#now;
    const whole = version === 0 || version !== this.#version - 1;
    const rows = whole
      ? keys.map((key) => this.#row(key))
      : diffRows(this.#before.keys, this.#before.seqs, keys, seqs).map((row) =>
          typeof row === "number" ? this.#row(keys[row] as string) : `[${row[0]},${row[1]}]`,
        );
    const approximate = this.#isApproximate ? `,"approximate":true` : "";
    const facts = `"from":${this.#spec.from},"total":${this.#total}${whole ? `,"whole":true` : ""}${approximate}`;
    return { facts, rows };
  }

  /** Equal only for the same rows at the same place: what a client that nothing is remembered of holds. */
  get mark(): string {
    const { keys, seqs } = this.#now;
    return hashOf(JSON.stringify([this.#spec.from, this.#total, this.#source.isApproximate, keys, seqs]));
  }

  close(): void {
    this.#source.close();
  }

  #row(key: string): string {
    const entry = this.#feed.state.entries.get(key);
    if (entry === undefined) throw new TypeError(`the rows of a window hold "${key}", which the board does not`);
    return this.#feed.texts.of(entry);
  }

  #isTouched(): boolean {
    if (!this.#feed.reaches(this.#lookedAt)) return true;
    const isByChange = this.#source.isByChange;
    return this.#feed
      .keysSince(this.#lookedAt)
      .some((key) => (isByChange ? this.#source.holds(key) : this.#held.has(key)));
  }
}
