// Owns which orders of rows exist on a board: by key once somebody asks, by last change and by search while they do.
// Does not own windows, or when work is done: the host runs what takes long in slices, and looks for text in a worker.

import type { WindowSpec } from "../protocol/index.ts";
import type { BoardFeed } from "./board-feed.ts";
import { ChangedRows } from "./changed-rows.ts";
import { EarlyRows } from "./early-rows.ts";
import { FirstRows, MAX_FIRST_ROWS } from "./first-rows.ts";
import { FoundRows } from "./found-rows.ts";
import { KeyOrder } from "./key-rows.ts";
import { PrefixKeys } from "./prefix-keys.ts";
import { countOf } from "./sync-pages.ts";
import type { RowSource } from "./window-view.ts";

/** Orders by last change at once, one for each prefix that is looked at so. Beyond: refused. */
const MAX_CHANGED_ORDERS = 8;
/** Different searches at once. Beyond: refused. */
const MAX_SEARCHES = 16;
/** Windows that are shown their first rows at once while an order is built. Further ones wait for the order. */
const MAX_EARLY = 4;
const AT_ONCE_ENTRIES = 5000;
const STEP_ENTRIES = 8192;

export interface RowSourcesHost {
  /** Do this work step by step, letting others run in between; then call `done`. */
  readonly run: (work: Generator<void, void, void>, done: () => void) => void;
  /** Look for the keys that `rows` asks for, and tell it. Returns how to stop. */
  readonly search: (feed: BoardFeed, rows: FoundRows) => () => void;
  /** Boards up to this size have their order at once; that of larger ones is built by `run`. By default 5000. */
  readonly atOnceEntries?: number;
  /** Entries that one step of such a building looks at: a millisecond or two. By default 8192. */
  readonly stepEntries?: number;
}

export class RowSources {
  readonly #feed: BoardFeed;
  readonly #host: RowSourcesHost;
  readonly #changed = new Map<string, ChangedRows>();
  /** By prefix and text. */
  readonly #searches = new Map<string, FoundRows>();
  readonly #listeners = new Set<() => void>();
  #byKey: KeyOrder | undefined;
  #early = 0;
  /** Looks under way. Orders are built after them, so that the first rows are there soon. */
  #looks = 0;
  #toBuild: Generator<void, void, void>[] = [];

  constructor(feed: BoardFeed, host: RowSourcesHost) {
    this.#feed = feed;
    this.#host = host;
  }

  /** Rows came to be there by themselves: an index is built, a search has found more. */
  onChange(listener: () => void): void {
    this.#listeners.add(listener);
  }

  /** The rows of a window, or undefined where too many orders are open already. The caller closes it. */
  open(spec: WindowSpec): RowSource | undefined {
    const { sort, prefix = "", search = "" } = spec;
    const isByChange = sort === "changed";
    if (search !== "") return this.#search(prefix, search)?.open(isByChange);
    const first = spec.from + spec.count <= MAX_FIRST_ROWS ? this.#first(prefix, isByChange) : undefined;
    const whole = isByChange ? this.#changedOrder(prefix) : this.#keyOrder().open(prefix);
    if (first === undefined) return whole;
    if (whole !== undefined && !whole.isReady) return new EarlyRows(first, whole, () => this.#early--);
    first.close();
    this.#early--;
    return whole;
  }

  /** Begin to build the index by key, for whoever asks for a range of keys next. */
  prepare(): void {
    this.#keyOrder();
  }

  /**
   * How many entries have this prefix: O(log n) once the keys are in order, a look at all of them on a small board. Undefined while
   * the order is built, which this begins; `onChange` tells when it is there.
   */
  countOf(prefix: string): number | undefined {
    const { byKey } = this.#feed;
    if (prefix === "" || byKey !== undefined || this.#isSmall) return countOf(this.#feed, { prefix });
    this.prepare();
    return undefined;
  }

  /** The keys of a prefix, until the index is there; undefined where a look at all keys is quick enough. */
  lookUp(prefix: string): PrefixKeys | undefined {
    if (this.#isSmall) return undefined;
    const keys = new PrefixKeys(this.#feed, prefix);
    this.#look(keys.look(this.#step));
    this.prepare();
    return keys;
  }

  close(): void {
    this.#byKey?.close();
    this.#listeners.clear();
  }

  #first(prefix: string, isByChange: boolean): FirstRows | undefined {
    const isReady = isByChange ? this.#changed.get(prefix)?.isReady : this.#feed.byKey !== undefined;
    if (isReady === true || this.#isSmall || this.#early >= MAX_EARLY) return undefined;
    this.#early++;
    const first = new FirstRows(this.#feed, prefix, isByChange);
    this.#look(first.look(this.#step));
    return first;
  }

  #keyOrder(): KeyOrder {
    if (this.#byKey === undefined) {
      this.#byKey = new KeyOrder(this.#feed);
      this.#build(this.#byKey.build(this.#step));
    }
    return this.#byKey;
  }

  #changedOrder(prefix: string): RowSource | undefined {
    let rows = this.#changed.get(prefix);
    if (rows === undefined) {
      if (this.#changed.size >= MAX_CHANGED_ORDERS) return undefined;
      rows = new ChangedRows(this.#feed, prefix, () => this.#changed.delete(prefix));
      this.#changed.set(prefix, rows);
      this.#build(rows.build(this.#step));
    }
    return rows.open();
  }

  #search(prefix: string, text: string): FoundRows | undefined {
    const name = JSON.stringify([prefix, text.toLowerCase()]);
    const known = this.#searches.get(name);
    if (known !== undefined) return known;
    if (this.#searches.size >= MAX_SEARCHES) return undefined;
    const stops: (() => void)[] = [];
    const rows = new FoundRows({
      feed: this.#feed,
      prefix,
      text,
      onChange: () => this.#tell(),
      onUnused: () => {
        for (const stop of stops) stop();
        this.#searches.delete(name);
      },
    });
    this.#searches.set(name, rows);
    stops.push(this.#host.search(this.#feed, rows));
    return rows;
  }

  get #isSmall(): boolean {
    return this.#feed.state.entries.size <= (this.#host.atOnceEntries ?? AT_ONCE_ENTRIES);
  }

  get #step(): number {
    return this.#host.stepEntries ?? STEP_ENTRIES;
  }

  #look(work: Generator<void, void, void>): void {
    this.#looks++;
    this.#host.run(work, () => {
      this.#looks--;
      this.#tell();
      this.#goOnBuilding();
    });
  }

  #build(work: Generator<void, void, void>): void {
    if (this.#isSmall) {
      for (let next = work.next(); next.done !== true; next = work.next());
      return;
    }
    this.#toBuild.push(work);
    this.#goOnBuilding();
  }

  #goOnBuilding(): void {
    if (this.#looks > 0) return;
    for (const work of this.#toBuild.splice(0)) this.#host.run(work, () => this.#tell());
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}
