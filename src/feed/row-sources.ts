// Owns which orders of rows exist on a board: by key always, by last change and by search while somebody looks.
// Does not own windows, or when work is done: the host runs what takes long in slices, and looks for text in a worker.

import type { WindowSpec } from "../protocol/index.ts";
import type { BoardFeed } from "./board-feed.ts";
import { ChangedRows } from "./changed-rows.ts";
import { FoundRows } from "./found-rows.ts";
import { KeyOrder } from "./key-rows.ts";
import type { RowSource } from "./window-view.ts";

/** Orders by last change at once, one for each prefix that is looked at so. Beyond: refused. */
const MAX_CHANGED_ORDERS = 8;
/** Searches at once. Beyond: refused. */
const MAX_SEARCHES = 16;
/** Boards up to this size have their index at once; larger ones in slices. */
const AT_ONCE_ENTRIES = 5000;

export interface RowSourcesHost {
  /** Do this work step by step, letting others run in between; then call `done`. */
  readonly run: (work: Generator<void, void, void>, done: () => void) => void;
  /** Look for the keys that `rows` asks for, and tell it. Returns how to stop. */
  readonly search: (feed: BoardFeed, rows: FoundRows) => () => void;
}

export class RowSources {
  readonly #feed: BoardFeed;
  readonly #host: RowSourcesHost;
  readonly #changed = new Map<string, ChangedRows>();
  readonly #searches = new Set<FoundRows>();
  readonly #listeners = new Set<() => void>();
  #byKey: KeyOrder | undefined;

  constructor(feed: BoardFeed, host: RowSourcesHost) {
    this.#feed = feed;
    this.#host = host;
  }

  /** Rows came to be there by themselves: an index is built, a search has found more. */
  onChange(listener: () => void): void {
    this.#listeners.add(listener);
  }

  /** The rows of a window, or undefined where too many orders are open already. The caller closes it. */
  open({ sort, prefix = "", search }: WindowSpec): RowSource | undefined {
    if (search !== undefined && search !== "") return this.#search(prefix, search, sort === "changed");
    return sort === "key" ? this.#keyOrder().open(prefix) : this.#changedOrder(prefix);
  }

  /** Begin to build the index by key, so that the first window need not wait for it. */
  prepare(): void {
    this.#keyOrder();
  }

  close(): void {
    this.#byKey?.close();
    for (const search of this.#searches) search.close();
    this.#listeners.clear();
  }

  #keyOrder(): KeyOrder {
    if (this.#byKey === undefined) {
      this.#byKey = new KeyOrder(this.#feed);
      this.#build(this.#byKey.build());
    }
    return this.#byKey;
  }

  #changedOrder(prefix: string): RowSource | undefined {
    let rows = this.#changed.get(prefix);
    if (rows === undefined) {
      if (this.#changed.size >= MAX_CHANGED_ORDERS) return undefined;
      rows = new ChangedRows(this.#feed, prefix, () => this.#changed.delete(prefix));
      this.#changed.set(prefix, rows);
      this.#build(rows.build());
    }
    return rows.open();
  }

  #search(prefix: string, text: string, isByChange: boolean): RowSource | undefined {
    if (this.#searches.size >= MAX_SEARCHES) return undefined;
    const stops: (() => void)[] = [];
    const rows: FoundRows = new FoundRows({
      feed: this.#feed,
      prefix,
      text,
      isByChange,
      onChange: () => this.#tell(),
      onClose: () => {
        for (const stop of stops) stop();
        this.#searches.delete(rows);
      },
    });
    this.#searches.add(rows);
    stops.push(this.#host.search(this.#feed, rows));
    return rows;
  }

  #build(work: Generator<void, void, void>): void {
    if (this.#feed.state.entries.size > AT_ONCE_ENTRIES) return this.#host.run(work, () => this.#tell());
    for (let next = work.next(); next.done !== true; next = work.next());
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}
