// Owns the worker that looks through one board's keys: feeding it, keeping it up to date, and its searches.
// Does not own how many boards are searched (key-searcher). A worker that dies is replaced once for each search that it
// leaves; what a second one leaves ends with what was found, and stays approximate.
//
//   load     the keys of the board, BLOCK_KEYS a turn of the event loop
//   changes  those of a turn in one message, and before a search begins: it sees every key that was there by then

import type { Worker } from "node:worker_threads";
import type { BoardFeed, FoundRows } from "../../feed/index.ts";
import { BLOCK_KEYS, joinKeys } from "./key-blocks.ts";
import type { FromWorker, ToWorker } from "./key-search-messages.ts";

interface Search {
  readonly rows: FoundRows;
  /** Workers that died with it. */
  deaths: number;
}

export interface BoardSearchOptions {
  readonly feed: BoardFeed;
  readonly startWorker: () => Worker;
  readonly fault: (error: unknown) => void;
  /** The last search has ended. */
  readonly onIdle: () => void;
  /** The worker died, and left nothing to do for another one. */
  readonly onDeath: () => void;
}

export class BoardSearch {
  readonly #options: BoardSearchOptions;
  readonly #searches = new Map<number, Search>();
  readonly #stopHearing: () => void;
  /** Keys that changed in this turn, and whether they are there. */
  #changed = new Map<string, boolean>();
  #worker: Worker;
  #lastId = 0;
  #isClosed = false;

  constructor(options: BoardSearchOptions) {
    this.#options = options;
    this.#stopHearing = options.feed.onKey((key, isThere) => this.#note(key, isThere));
    this.#worker = this.#start();
  }

  get isIdle(): boolean {
    return this.#searches.size === 0;
  }

  /** Begin a search; the returned function stops it. */
  search(rows: FoundRows): () => void {
    const id = ++this.#lastId;
    this.#searches.set(id, { rows, deaths: 0 });
    this.#begin(id, rows);
    return () => {
      if (!this.#searches.has(id)) return;
      this.#say({ kind: "stop", id });
      this.#end(id);
    };
  }

  /** End the worker. Searches under way stay as they are. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#stopHearing();
    this.#searches.clear();
    await this.#worker.terminate();
  }

  #start(): Worker {
    const worker = this.#options.startWorker();
    this.#worker = worker;
    let reason: unknown = new Error("the key search worker ended");
    worker.unref();
    worker.on("message", (message: FromWorker) => {
      if (worker === this.#worker && !this.#isClosed) this.#hear(message);
    });
    worker.on("error", (error) => (reason = error));
    worker.on("exit", () => {
      if (worker === this.#worker && !this.#isClosed) this.#died(reason);
    });
    this.#changed = new Map();
    this.#load(worker, this.#options.feed.state.entries.keys());
    return worker;
  }

  #load(worker: Worker, keys: Iterator<string>): void {
    // A worker that died leaves this to the next one.
    if (this.#isClosed || worker !== this.#worker) return;
    const some: string[] = [];
    let next = keys.next();
    for (; next.done !== true; next = keys.next()) {
      some.push(next.value);
      if (some.length === BLOCK_KEYS) break;
    }
    if (some.length > 0) this.#say({ kind: "keys", keys: joinKeys(some) });
    if (next.done === true) this.#say({ kind: "loaded" });
    else setImmediate(() => this.#load(worker, keys));
  }

  #begin(id: number, { prefix, text }: FoundRows): void {
    this.#tellChanges();
    this.#say({ kind: "search", id, prefix, text });
  }

  #hear(message: FromWorker): void {
    const { id } = message;
    const search = this.#searches.get(id);
    // Hits of a search that was stopped may be on their way still.
    if (search === undefined) return;
    if (message.kind === "end") {
      search.rows.complete();
      this.#end(id);
    } else if (search.rows.found(message.keys)) this.#say({ kind: "more", id });
    else {
      this.#say({ kind: "stop", id });
      search.rows.complete();
      this.#end(id);
    }
  }

  #end(id: number): void {
    this.#searches.delete(id);
    if (this.isIdle) this.#options.onIdle();
  }

  #died(reason: unknown): void {
    this.#options.fault(reason);
    for (const [id, search] of this.#searches) {
      if (search.deaths++ === 0) continue;
      this.#searches.delete(id);
      search.rows.giveUp();
    }
    if (this.isIdle) return this.#options.onDeath();
    this.#start();
    for (const [id, { rows }] of this.#searches) this.#begin(id, rows);
  }

  #note(key: string, isThere: boolean): void {
    if (this.#changed.size === 0) setImmediate(() => this.#tellChanges());
    this.#changed.set(key, isThere);
  }

  #tellChanges(): void {
    if (this.#changed.size === 0 || this.#isClosed) return;
    const changed = this.#changed;
    this.#changed = new Map();
    this.#say({ kind: "changed", keys: [...changed.keys()], areThere: [...changed.values()] });
  }

  #say(message: ToWorker): void {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
    this.#worker.postMessage(message);
  }
}
