// Owns which boards have a worker that looks through their keys: from the first search until a while after the last.
// Does not own the worker (board-search) or what is found (feed/found-rows). Bounded: MOST_WORKERS boards at once, as each
// worker holds a copy of its board's keys; searches on further boards wait, and are approximate until their turn comes.

import { Worker } from "node:worker_threads";
import type { BoardFeed, FoundRows, RowSourcesHost } from "../../feed/index.ts";
import { BoardSearch } from "./board-search.ts";

const MOST_WORKERS = 4;
/** Without a search for so long, a worker ends. */
const IDLE_MS = 60_000;
/** Boards up to this size are looked through at once: a millisecond or two, where a worker takes fifty to start. */
const AT_ONCE_ENTRIES = 4000;

export interface KeySearcherOptions {
  readonly fault: (error: unknown) => void;
  readonly idleMs?: number;
  readonly mostWorkers?: number;
  readonly atOnceEntries?: number;
  readonly startWorker?: () => Worker;
}

export interface KeySearcher {
  readonly search: RowSourcesHost["search"];
  /** Boards that have a worker. */
  readonly workers: number;
  close(): Promise<void>;
}

interface Kept {
  readonly board: BoardSearch;
  idle: NodeJS.Timeout | undefined;
}

interface Waiting {
  readonly feed: BoardFeed;
  readonly rows: FoundRows;
  /** Once it has begun. */
  stop: (() => void) | undefined;
}

export function createKeySearcher(options: KeySearcherOptions): KeySearcher {
  const { fault, idleMs = IDLE_MS, mostWorkers = MOST_WORKERS, atOnceEntries = AT_ONCE_ENTRIES } = options;
  // Run from src/, as tests do, it is the built worker that runs: Node 20 reads no TypeScript.
  const folder = import.meta.url.endsWith(".ts") ? "../../../dist/server/live/" : "./";
  const url = new URL(`${folder}key-search-worker.js`, import.meta.url);
  const startWorker = options.startWorker ?? (() => new Worker(url));
  const boards = new Map<BoardFeed, Kept>();
  const waiting = new Set<Waiting>();
  let isClosed = false;

  const end = (feed: BoardFeed): void => {
    const kept = boards.get(feed);
    if (kept === undefined) return;
    clearTimeout(kept.idle);
    boards.delete(feed);
    kept.board.close().catch(fault);
  };

  const rest = (feed: BoardFeed): void => {
    const kept = boards.get(feed);
    if (kept === undefined) return;
    clearTimeout(kept.idle);
    kept.idle = setTimeout(() => end(feed), idleMs);
    kept.idle.unref();
    if (waiting.size > 0) setImmediate(goOn);
  };

  const lost = (feed: BoardFeed): void => {
    end(feed);
    goOn();
  };

  /** The board's worker; a new one takes the place of one that nobody uses. Undefined where all are in use. */
  const boardOf = (feed: BoardFeed): Kept | undefined => {
    const known = boards.get(feed);
    if (known !== undefined) return known;
    if (boards.size >= mostWorkers) {
      const unused = [...boards].find(([, { board }]) => board.isIdle);
      if (unused === undefined) return undefined;
      end(unused[0]);
    }
    const board = new BoardSearch({ feed, startWorker, fault, onIdle: () => rest(feed), onDeath: () => lost(feed) });
    const kept: Kept = { board, idle: undefined };
    boards.set(feed, kept);
    return kept;
  };

  const begin = (search: Waiting): boolean => {
    const kept = boardOf(search.feed);
    if (kept === undefined) return false;
    clearTimeout(kept.idle);
    search.stop = kept.board.search(search.rows);
    return true;
  };

  const goOn = (): void => {
    if (isClosed) return;
    for (const search of waiting) if (begin(search)) waiting.delete(search);
  };

  const search = (feed: BoardFeed, rows: FoundRows): (() => void) => {
    if (feed.state.entries.size <= atOnceEntries) {
      const keys = Array.from(feed.state.entries.keys()).filter((key) => rows.holds(key));
      rows.found(keys);
      rows.complete();
      return () => undefined;
    }
    const asked: Waiting = { feed, rows, stop: undefined };
    if (!begin(asked)) waiting.add(asked);
    return () => {
      waiting.delete(asked);
      asked.stop?.();
    };
  };

  return {
    search,
    get workers() {
      return boards.size;
    },
    async close() {
      isClosed = true;
      waiting.clear();
      await Promise.all(
        Array.from(boards.values(), async ({ board, idle }) => {
          clearTimeout(idle);
          await board.close();
        }),
      );
      boards.clear();
    },
  };
}
