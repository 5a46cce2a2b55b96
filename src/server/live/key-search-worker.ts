// Owns the thread that looks through a board's keys for words, so that the main thread never does (W-WIN-5).
// Does not own which searches there are. Searches take turns, a slice each; each waits until its last hits were taken,
// so that a search that finds much is no burden to the thread that hears of it.

import { parentPort } from "node:worker_threads";
import { KeyBlocks, type Wanted } from "./key-blocks.ts";
import type { FromWorker, ToWorker } from "./key-search-messages.ts";

const port = parentPort;
if (port === null) throw new Error("key-search-worker runs as a worker only");

/** Blocks of one turn: some 100 000 keys, a few milliseconds. */
const TURN_BLOCKS = 32;
/** Keys that are told at once. */
const TOLD_KEYS = 256;

interface Search extends Wanted {
  readonly id: number;
  /** The block to look at next. */
  place: number;
  /** Hits that are not told yet. */
  found: string[];
  /** Hits were told, and not taken yet. */
  isHeld: boolean;
}

const blocks = new KeyBlocks();
const searches = new Map<number, Search>();
let isLoaded = false;
let isAwake = false;

const say = (message: FromWorker): void => port.postMessage(message);

/** One turn of a search. Returns false where it has to wait for something. */
function look(search: Search): boolean {
  // Changed keys are in the last block, which is not the last one for good before all others are there.
  const end = isLoaded ? blocks.count : blocks.count - 1;
  const turnEnd = Math.min(end, search.place + TURN_BLOCKS);
  while (search.found.length === 0 && search.place < turnEnd) search.found = blocks.find(search.place++, search);
  if (search.found.length > 0) {
    search.isHeld = true;
    say({ kind: "hits", id: search.id, keys: search.found.slice(0, TOLD_KEYS) });
    search.found = search.found.slice(TOLD_KEYS);
    return false;
  }
  if (search.place < end) return true;
  if (isLoaded) {
    searches.delete(search.id);
    say({ kind: "end", id: search.id });
  }
  return false;
}

function wake(): void {
  if (isAwake) return;
  isAwake = true;
  setImmediate(() => {
    isAwake = false;
    let goesOn = false;
    for (const search of searches.values()) if (!search.isHeld && look(search)) goesOn = true;
    if (goesOn) wake();
  });
}

port.on("message", (message: ToWorker) => {
  switch (message.kind) {
    case "keys":
      blocks.add(message.keys);
      break;
    case "loaded":
      isLoaded = true;
      break;
    case "changed":
      for (const [i, key] of message.keys.entries()) blocks.change(key, message.areThere[i] === true);
      return;
    case "search":
      searches.set(message.id, { ...message, place: 0, found: [], isHeld: false });
      break;
    case "more": {
      const search = searches.get(message.id);
      if (search !== undefined) search.isHeld = false;
      break;
    }
    case "stop":
      searches.delete(message.id);
      return;
    default:
      message satisfies never;
  }
  wake();
});
