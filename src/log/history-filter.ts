// Owns what may be asked of a board's history and what an answer looks like.
// Does not own who may ask: the server limits the filter to what the caller may see (law L10).

import type { SpendingAnswer, SpendingQuestion } from "./spending/spending.ts";
import type { LogRecord, Outcome, SingleCommand } from "../protocol/index.ts";

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
  /** What it came to: `ok` (the default), a code, `repeat` (the same id again), `refused` (any code), or `any`. */
  readonly outcome?: string | undefined;
  /** The task that it is about or, where it is about none, done for. */
  readonly task?: string | undefined;
  /** The W3C trace id that it belongs to: 32 hex digits. */
  readonly trace?: string | undefined;
  /** `newest` (the default) or `oldest` first. */
  readonly order?: "newest" | "oldest" | undefined;
  /** Only what is older than this: `next` of the answer before, newest first. */
  readonly before?: HistoryPlace | undefined;
  /** Only what is newer than this: `next` of the answer before, oldest first. */
  readonly after?: HistoryPlace | undefined;
  /** Hits in one answer, 1 to 500; by default 100. */
  readonly limit?: number | undefined;
}

/** What a record came to that changed something. */
export const DONE = "ok";
/** The same id again, with the same content: the first outcome holds, and nothing is done. */
export const REPEAT = "repeat";

/** An outcome in one word. */
export const outcomeOf = (outcome: Outcome): string =>
  outcome.duplicate === true ? REPEAT : outcome.ok ? DONE : outcome.code;

/** A record that changed nothing, and why: the code of its refusal, `repeat`, or `refused` where that was not kept. */
export interface Refused {
  readonly seq: number;
  readonly outcome: string;
}

/** One command of a record. A refused or repeated one changed nothing, and is only told where it is asked for. */
export interface HistoryHit
  extends HistoryPlace, Pick<LogRecord, "at" | "actor" | "source" | "id" | "role" | "trace" | "task"> {
  readonly command: SingleCommand;
  readonly outcome: string;
  /** Its values were erased (rule 17): what is shown of them is null. */
  readonly erased?: true;
}

/** A page in the order that was asked for. It may be shorter than its limit although another follows. */
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
   * The fold has judged all records up to `seq`; `refused` are those since the call before that changed nothing, in order.
   * Only judged records are part of the history. Cheap: called for every group of records.
   */
  judged(seq: number, refused: readonly Refused[]): void;
  /** @throws HistoryError */
  query(filter: HistoryFilter): Promise<HistoryAnswer>;
  /** What was spent of a budget over time. @throws HistoryError */
  spending(question: SpendingQuestion): Promise<SpendingAnswer>;
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

/** The first hits as one page. At least one more than the page is asked of them. */
export function pageOf(hits: Iterable<HistoryHit>, limit: number): HistoryPage {
  const shown: HistoryHit[] = [];
  let chars = 0;
  for (const hit of hits) {
    const last = shown.at(-1);
    if (last !== undefined && (shown.length >= limit || chars > PAGE_CHARS)) {
      return { hits: shown, next: { seq: last.seq, part: last.part } };
    }
    shown.push(hit);
    chars += charsOf(hit.command);
  }
  return { hits: shown, next: undefined };
}

/** Characters of a command's texts, roughly what it takes in memory and in an answer. */
export function charsOf(command: SingleCommand): number {
  let chars = 0;
  for (const member of Object.values(command)) {
    chars += typeof member === "string" ? member.length : JSON.stringify(member ?? null).length;
  }
  return chars;
}

export const limitOf = ({ limit }: HistoryFilter): number => Math.min(Math.max(limit ?? 100, 1), MOST_HITS);

/** Whether a place is older than another. */
export const isBefore = (place: HistoryPlace, other: HistoryPlace): boolean =>
  place.seq < other.seq || (place.seq === other.seq && place.part < other.part);

/** Whether an outcome is one that a filter asks for. */
export function meetsOutcome({ outcome: asked = DONE }: Pick<HistoryFilter, "outcome">, outcome: string): boolean {
  if (asked === "any") return true;
  return asked === "refused" ? outcome !== DONE && outcome !== REPEAT : asked === outcome;
}

/** Whether a place lies between the bounds of a question. */
export const isWithin = (place: HistoryPlace, { before, after }: Pick<HistoryFilter, "before" | "after">): boolean =>
  (before === undefined || isBefore(place, before)) && (after === undefined || isBefore(after, place));

/** How much one question looks through. */
export interface HistoryPace {
  /** Rows between two looks at the time. */
  readonly blockRows: number;
  /** How long it looks before it answers with what is there, in ms. A step that has begun is ended. */
  readonly budgetMs: number;
}

export const DEFAULT_PACE: HistoryPace = { blockRows: 4096, budgetMs: 20 };

/** Spends up to `indexedTo`. */
export type IndexSpending = Omit<SpendingAnswer, "first">;

/** What goes to the worker. */
export type HistoryQuestion =
  | ({ readonly kind: "query"; readonly id: number } & IndexQuestion)
  | ({ readonly kind: "spending"; readonly id: number; readonly question: SpendingQuestion } & IndexMoment)
  | { readonly kind: "close" };

export interface IndexQuestion extends IndexMoment {
  readonly filter: HistoryFilter;
}

export interface IndexMoment {
  /** Records up to here are judged, and so may be indexed. */
  readonly judgedTo: number;
  /** Records before this one are archived: nothing of them is found any more. */
  readonly first: number;
  /** Refused ones that are not in the board's file of refusals yet. */
  readonly refused: readonly Refused[];
}

export interface IndexAnswer extends HistoryPage {
  /** Records behind this position are not in the answer. */
  readonly indexedTo: number;
  /** Refused ones behind that position. */
  readonly refused: readonly Refused[];
}

/** What comes back. */
export type HistoryReply =
  | { readonly id: number; readonly ok: true; readonly answer: IndexAnswer }
  | { readonly id: number; readonly ok: true; readonly spending: IndexSpending }
  | { readonly id: number; readonly ok: false; readonly message: string };
