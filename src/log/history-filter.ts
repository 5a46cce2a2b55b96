// Owns what may be asked of a board's history and what an answer looks like.
// Does not own who may ask: the server limits the filter to what the caller may see (law L10).

import type { LogRecord } from "../protocol/index.ts";

/** All given members must hold. Times are wall time in ms. */
export interface HistoryFilter {
  readonly actor?: string;
  /** Who a command is about. */
  readonly agent?: string;
  /** A command's type, such as `audit.note`. */
  readonly type?: string;
  /** The key, task, claim, request or source, exactly. */
  readonly name?: string;
  readonly event?: string;
  readonly granted?: boolean;
  readonly since?: number;
  readonly until?: number;
  /** Words that names or reasons hold; the last may be a beginning. At most 32 words count. */
  readonly text?: string;
  /** From an answer's `next`: go on below it. */
  readonly before?: number;
  /** Hits in one answer, 1 to 500; by default 100. */
  readonly limit?: number;
}

export interface HistoryHit {
  readonly seq: number;
  /** Which command of a batch, from 0; 0 for a single command. */
  readonly part: number;
  /** The record as the log has it. */
  readonly record: LogRecord;
}

/** Hits, newest first. */
export interface HistoryAnswer {
  readonly hits: readonly HistoryHit[];
  /** Records behind this position are not in the answer yet: the caller looks through them in the log (rule 15). */
  readonly indexedTo: number;
  /** Where the next page begins; undefined at the end. */
  readonly next: number | undefined;
}

/** What goes to the worker. */
export type HistoryQuestion =
  | { readonly kind: "query"; readonly id: number; readonly head: number; readonly filter: HistoryFilter }
  | { readonly kind: "close" };

/** What comes back. */
export type HistoryReply =
  | { readonly id: number; readonly ok: true; readonly answer: HistoryAnswer }
  | { readonly id: number; readonly ok: false; readonly message: string };
