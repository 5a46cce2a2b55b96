// Owns what a board's state is made of. Only `apply` changes it; everyone else reads.

import type {
  Agent,
  Alert,
  AuditNote,
  Budget,
  Change,
  Claim,
  Entry,
  Hold,
  Outcome,
  Pause,
  Request,
  Seq,
  Source,
  Task,
} from "../protocol/index.ts";

/** SHA-256 of a text's UTF-8 bytes as lower-case hex. Passed in, because this folder runs in browsers and in Node. */
export type Sha256 = (text: string) => string;

/** The fold of a board's records so far. */
export interface BoardState {
  /** Position of the last record applied. */
  readonly seq: Seq;
  /** Board clock of that record, in ms. */
  readonly clock: number;
  /** Rules in force (rule 1). */
  readonly rules: number;
  readonly entries: ReadonlyMap<string, Entry>;
  readonly budgets: ReadonlyMap<string, Budget>;
  readonly claims: ReadonlyMap<string, Claim>;
  readonly requests: ReadonlyMap<string, Request>;
  readonly agents: ReadonlyMap<string, Agent>;
  readonly tasks: ReadonlyMap<string, Task>;
  readonly sources: ReadonlyMap<string, Source>;
  /** Open ones, and the newest that have ended. */
  readonly holds: ReadonlyMap<string, Hold>;
  readonly alerts: ReadonlyMap<string, Alert>;
  readonly pauses: ReadonlyMap<string, Pause>;
  /** Names of the budgets right below each parent. */
  readonly children: ReadonlyMap<string, ReadonlySet<string>>;
  /** Small facts that a source's follower keeps, by source and name (rule 21). */
  readonly marks: ReadonlyMap<string, ReadonlyMap<string, string>>;
  /** The newest audit notes, oldest first, at most AUDIT_TAIL_COUNT; `total` counts all that ever were. */
  readonly audit: { readonly notes: readonly AuditNote[]; readonly total: number };
  /** Signs of life: per writer, the wall time of its latest accepted record (or imported entry or event), and how many. */
  readonly activity: ReadonlyMap<string, { readonly lastAt: number; readonly writes: number; readonly seq: number }>;
  /** Deleted keys that are remembered (rule 13), with the record that deleted them. */
  readonly tombstones: ReadonlyMap<string, { readonly rev: number; readonly seq: number }>;
  /** Above 0 once tombstones were dropped, the oldest first. */
  readonly revFloor: number;
}

/** What a record came to. A refused or repeated command changes nothing but what is known of its id. */
export interface Application {
  readonly outcome: Outcome;
  /** In the order in which they happened; a batch may name an item more than once. */
  readonly changes: readonly Change[];
}
