// Owns the log contract: what the engine may ask of any memory, be it RAM, segment files or, later, JetStream.
// Does not own what records mean. Every implementation passes the same suite (log/contract.suite).

import type { BoardArchives } from "./archive/board-archives.ts";
import type { BoardProofs } from "./board-proofs.ts";
import type { BoardHistory } from "./history-filter.ts";
import type { Code, CommandOf, Draft, Epoch, LogRecord, Seq, SnapshotPart } from "../protocol/index.ts";

export type { BoardProofs } from "./board-proofs.ts";

/** Why an append did not end in durability. */
export class LogError extends Error {
  /**
   * `indeterminate`: the batch may or may not be kept; retry with the same ids.
   * `log_unavailable`: nothing was written. `record_too_large`, `shutting_down`: likewise.
   * `record_archived`: a read from before `first`, or retention took what a read had not come to yet.
   */
  readonly code: Extract<
    Code,
    "indeterminate" | "log_unavailable" | "record_archived" | "record_too_large" | "shutting_down"
  >;
  constructor(code: LogError["code"], message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "LogError";
    this.code = code;
  }
}

/** The log's history is not what was acknowledged: opening refuses, and names the record. */
export class LogCorruptError extends Error {
  readonly at: { readonly file: string; readonly offset: number; readonly afterSeq: number };
  constructor(message: string, at: LogCorruptError["at"]) {
    super(message);
    this.name = "LogCorruptError";
    this.at = at;
  }
}

/** A board's records in order. Positions are 1, 2, 3, … without a gap, for ever (law L7). */
export interface BoardLog {
  /** The epoch of everything appended from now on. */
  readonly epoch: Epoch;
  /** Every epoch of this log with its first position, oldest first (rule 7). */
  readonly epochs: readonly { readonly epoch: Epoch; readonly firstSeq: Seq }[];
  /** Position of the last durable record; 0 for none. */
  readonly head: Seq;
  /** Position of the first record that is still kept; later than 1 once retention has cut the log. */
  readonly first: Seq;
  /** The largest record that fits, in bytes of its line. */
  readonly maxRecordBytes: number;
  /** Whether appends are taken now, and if not, why. */
  readonly health: { readonly writable: true } | { readonly writable: false; readonly reason: string };

  /**
   * Append a batch in order. Resolves when all of it is durable, with the records at consecutive positions.
   * Batches become durable in the order of the calls; calls that wait are committed together.
   * Rejects with LogError. After `indeterminate` the log has by itself either recovered or become unwritable, and
   * whatever of the batch turned out durable is delivered by `read`, from the position after the last resolved append.
   */
  append(drafts: readonly Draft[]): Promise<readonly LogRecord[]>;

  /**
   * Durable records from a position on, in order, in batches of at most some thousand; ends at the head of now.
   * Throws LogError `record_archived` where they are not all there any more.
   */
  read(from: Seq): AsyncIterable<readonly LogRecord[]>;

  /** Wait for appends in flight, then free files and locks. Later calls reject with `shutting_down`. */
  close(): Promise<void>;
}

/** Snapshots bound the restart. Losing one loses nothing: the log has it all. */
export interface SnapshotStore {
  /** Write a snapshot of the state after `seq`: beside, fsynced, renamed into place. Keeps the newest two. */
  write(seq: Seq, parts: AsyncIterable<SnapshotPart> | Iterable<SnapshotPart>): Promise<void>;
  /**
   * Remove every snapshot that is newer than the log's head, and say which. They tell of records that the log does not
   * have (a disk that lied about a sync); once the log had grown past them, they would be taken for its own.
   */
  discardNewerThan(head: Seq): Promise<readonly Seq[]>;
  /** Remove every older snapshot, for good: what was erased from the log must not live on in them (rule 17). */
  discardOlderThan(seq: Seq): Promise<void>;
  /**
   * The newest snapshot that is not newer than `notAfter`. One without a sound head is skipped and said in `problems`; the
   * parts are checked as they are read, so that a large snapshot is read once: where it is damaged the iteration throws,
   * and the caller asks for the one before.
   */
  newest(
    notAfter: Seq,
  ): Promise<
    | { readonly seq: Seq; readonly parts: AsyncIterable<SnapshotPart>; readonly problems: readonly string[] }
    | { readonly seq: undefined; readonly problems: readonly string[] }
  >;
}

/** The erasure of one record, as it is decided before anything is changed. */
export interface EraseStep extends Pick<CommandOf<"record.erase">, "seq" | "hash" | "left" | "keys"> {
  readonly outcome: NonNullable<LogRecord["erased"]>;
}

/** Erasing the values of records (rule 17). One at a time; whoever calls keeps the order: plan, begin, record, finish. */
export interface LogErasure {
  /** What must be erased, in this order, so that nothing of a record's values is left and a replay goes on alike. */
  plan(seq: number): Promise<
    | {
        readonly ok: true;
        readonly steps: readonly EraseStep[];
        /**
         * Whether nothing came meanwhile that belongs to it: a repeat, or a refusal that rests on a value. Looks only at what
         * is new since the last time.
         */
        isStill(): Promise<boolean>;
      }
    | { readonly ok: false; readonly code: "no_such_record" | "not_erasable" | "already_erased" | "record_archived" }
  >;
  /** Note durably that a step is under way. A record that is appended after it lies behind everything that the step changes. */
  begin(step: EraseStep): Promise<void>;
  /** The step that was begun and not ended. */
  pending(): Promise<EraseStep | undefined>;
  /** Replace the bytes wherever they lie. May be called again after a crash at any point. */
  finish(step: EraseStep): Promise<void>;
  /** The step was not recorded: nothing is changed. */
  cancel(): Promise<void>;
}

/** One board's memory. */
export interface BoardMemory {
  readonly log: BoardLog;
  readonly snapshots: SnapshotStore;
  /** Closed with the log. */
  readonly history: BoardHistory;
  /** Closed with the log. Left out where nothing lasts that could be proven. */
  readonly proofs?: BoardProofs;
  /** Left out where records have no bytes that outlast the process. */
  readonly erasure?: LogErasure;
  /** Left out likewise: what is in memory only is not retained. */
  readonly archives?: BoardArchives;
  /** What was noticed and mended while opening (a torn tail that was cut), for the log and the admin page. */
  readonly notices: readonly string[];
}

/** All boards' memories. Holds the lock that keeps a second process out. */
export interface Store {
  list(): Promise<readonly string[]>;
  open(board: string): Promise<BoardMemory>;
  /** Remove a board's memory for good. The board must be closed. */
  remove(board: string): Promise<void>;
  close(): Promise<void>;
}
