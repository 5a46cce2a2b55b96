// Owns every default bound of the product (law L6), with its unit and what happens at it.
// Does not enforce them: each part takes a Limits value and refuses with the code named here.

/** Bounds that an operator may change. All are inclusive upper bounds. */
export interface Limits {
  /** Length of a key, claim, task, agent or request name in UTF-8 bytes. Beyond: `key_too_long`. */
  readonly maxKeyBytes: number;
  /** Length of one JSON value in UTF-8 bytes. Beyond: `value_too_large`. */
  readonly maxValueBytes: number;
  /** Nesting of one JSON value. Beyond: `value_too_deep`. */
  readonly maxValueDepth: number;
  /** Commands in one batch. Beyond: `batch_too_large`. */
  readonly maxBatchCommands: number;
  /** Bytes of one record on its way to the log. Beyond: `record_too_large`. */
  readonly maxRecordBytes: number;
  /** Live entries on one board. Beyond: `board_full`. */
  readonly maxEntries: number;
  /** Budgets, claims, requests, agents, tasks and sources, each, on one board. Beyond: `board_full`. */
  readonly maxItems: number;
  /** Commands that wait in one board's inbox. Beyond: `overloaded`. */
  readonly maxInboxCommands: number;
  /** Bytes that wait in one board's inbox. Beyond: `overloaded`. */
  readonly maxInboxBytes: number;
  /** Boards of one server. Beyond: `too_many_boards`. */
  readonly maxBoards: number;
}

export const DEFAULT_LIMITS: Limits = {
  maxKeyBytes: 512,
  maxValueBytes: 1_048_576,
  maxValueDepth: 128,
  maxBatchCommands: 10_000,
  maxRecordBytes: 16 * 1_048_576,
  maxEntries: 10_000_000,
  maxItems: 100_000,
  maxInboxCommands: 65_536,
  maxInboxBytes: 64 * 1_048_576,
  maxBoards: 1000,
};

/** How long a command id is remembered (law L9), in milliseconds and in ids, whichever is less. */
export const ID_WINDOW_MS = 24 * 60 * 60 * 1000;
export const ID_WINDOW_COUNT = 1_000_000;

/** Audit notes kept in memory per board; older ones are read from the log. */
export const AUDIT_TAIL_COUNT = 1000;

/** Largest integer that a token count or sum may reach: 2^53-1. Beyond: `number_too_large`. */
export const MAX_AMOUNT = Number.MAX_SAFE_INTEGER;
