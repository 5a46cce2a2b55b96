// Owns what may be asked of a board's history and what an answer looks like.
// Does not own who may ask: the server limits the filter to what the caller may see (law L10).

import type { LogRecord, SingleCommand } from "../protocol/index.ts";

/** One command's place in the history. */
export interface HistoryPlace {
  readonly seq: number;
  /** Which command of a batch, or which item of an expiry, from 0; 0 for a single command. */
  readonly part: number;
}

/** All given members must hold. Times are wall time in ms, as the command states it or as it was recorded. */
export interface HistoryFilter {
  readonly actor?: string | undefined;
  /** Who a command is about. */
  readonly agent?: string | undefined;
  /** A command's type, such as `audit.note`. */
  readonly type?: string | undefined;
  /** Only what changes entries: puts, merges, deletes, and expiries of entries. */
  readonly entriesOnly?: boolean | undefined;
  /** The key, task, claim, request or source, exactly. */
  readonly name?: string | undefined;
  /** How such a name begins. */
  readonly namePrefix?: string | undefined;
  readonly event?: string | undefined;
  readonly granted?: boolean | undefined;
  readonly since?: number | undefined;
  readonly until?: number | undefined;
  /** Words that names or reasons hold; the last may be a beginning. At most 32 words count. */
  readonly text?: string | undefined;
  /** Only what is older than this: `next` of the answer before. */
  readonly before?: HistoryPlace | undefined;
  /** Hits in one answer, 1 to 500; by default 100. */
  readonly limit?: number | undefined;
}

/** One command that was done. A refused or repeated one changed nothing and is not part of the history. */
export interface HistoryHit extends HistoryPlace, Pick<LogRecord, "at" | "actor" | "source"> {
  readonly command: SingleCommand;
  /** Its values were erased (rule 17): what is shown of them is null. */
  readonly erased?: true;
}

/** A page, newest first. */
export interface HistoryPage {
  readonly hits: readonly HistoryHit[];
  /** Where the next page begins; undefined at the end. */
  readonly next: HistoryPlace | undefined;
}

export interface HistoryAnswer extends HistoryPage {
  /** Position that the answer is complete up to. */
  readonly seq: number;
  /** Position that the index had reached; what came later was looked through in the log (rule 15). */
  readonly indexedTo: number;
  /** Position of the first record that is kept; later than 1 where retention has cut the log. */
  readonly first: number;
}

/** The past of one board. */
export interface BoardHistory {
  /**
   * The fold has judged all records up to `seq`; `refused` are those since the call before that changed nothing.
   * Only judged records are part of the history. Cheap: called for every group of records.
   */
  judged(seq: number, refused: readonly number[]): void;
  /** @throws HistoryError */
  query(filter: HistoryFilter): Promise<HistoryAnswer>;
}

/** The history cannot be read at this moment. */
export class HistoryError extends Error {
  readonly code = "history_unavailable";
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "HistoryError";
  }
}

/** Commands in one page. */
export const MOST_HITS = 500;
/** Characters of JSON texts in one page, besides its last hit. At the bound the page ends early. */
const PAGE_CHARS = 1_048_576;

/** The first hits as one page. `hits` are newest first; at least one more than the page is asked of them. */
export function pageOf(hits: Iterable<HistoryHit>, limit: number): HistoryPage {
  const shown: HistoryHit[] = [];
  let chars = 0;
  for (const hit of hits) {
    const last = shown.at(-1);
    if (last !== undefined && (shown.length >= limit || chars > PAGE_CHARS)) {
      return { hits: shown, next: { seq: last.seq, part: last.part } };
    }
    shown.push(hit);
    for (const member of Object.values(hit.command)) {
      chars += typeof member === "string" ? member.length : JSON.stringify(member ?? null).length;
    }
  }
  return { hits: shown, next: undefined };
}

export const limitOf = ({ limit }: HistoryFilter): number => Math.min(Math.max(limit ?? 100, 1), MOST_HITS);

/** Whether a place is older than another. */
export const isBefore = (place: HistoryPlace, other: HistoryPlace): boolean =>
  place.seq < other.seq || (place.seq === other.seq && place.part < other.part);

/** What goes to the worker. */
export type HistoryQuestion =
  | ({ readonly kind: "query"; readonly id: number } & IndexQuestion)
  | { readonly kind: "close" };

export interface IndexQuestion {
  readonly filter: HistoryFilter;
  /** Records up to here are judged, and so may be indexed. */
  readonly judgedTo: number;
  /** Records before this one are archived: nothing of them is found any more. */
  readonly first: number;
  /** Refused ones that are not in the board's file of refusals yet. */
  readonly refused: readonly number[];
}

export interface IndexAnswer extends HistoryPage {
  /** Records behind this position are not in the answer. */
  readonly indexedTo: number;
  /** Refused ones behind that position. */
  readonly refused: readonly number[];
}

/** What comes back. */
export type HistoryReply =
  | { readonly id: number; readonly ok: true; readonly answer: IndexAnswer }
  | { readonly id: number; readonly ok: false; readonly message: string };
