// Owns what the parts above the engine (server, follower, CLI) may ask of it.
// Does not own how: see engine/board-engine.

import type { BoardState } from "../board/index.ts";
import type { Retained } from "./archivist.ts";
import type {
  BoardProofs,
  HistoryAnswer,
  HistoryFilter,
  RetentionPolicy,
  SpendingAnswer,
  SpendingQuestion,
} from "../log/index.ts";
import type {
  Change,
  Code,
  Command,
  CommandId,
  Epoch,
  LogRecord,
  Origin,
  Outcome,
  Rejected,
  Seq,
} from "../protocol/index.ts";

export type { Retained } from "./archivist.ts";

export interface Submission extends Origin {
  /** The caller's id; a fresh one is made where it is absent, and then a retry is a new command. */
  readonly id?: CommandId;
  readonly command: Command;
}

/** One durable record and what the fold made of it. */
export interface Applied {
  readonly record: LogRecord;
  readonly outcome: Outcome;
  readonly changes: readonly Change[];
}

/** Who erases, and why. The reason is part of the log: it must not repeat what is erased. */
export interface EraseOrder extends Origin {
  readonly reason?: string | undefined;
}

export type EraseOutcome =
  | { readonly ok: true; readonly seq: Seq; readonly erased: readonly number[] }
  | { readonly ok: false; readonly code: Code; readonly detail?: Rejected["detail"] };

/** The past of a board, as those may change it who keep it. */
export interface BoardPast {
  /**
   * Erase the values that a record holds, for good (rule 17). Resolves when nothing of them is left in the board's files.
   * Never rejects; a refusal names its code. The same again after a failure goes on where it stopped.
   */
  erase(seq: number, order: EraseOrder): Promise<EraseOutcome>;
  /** Position of the first record that the log still has; what came before is in archives, or gone. */
  readonly first: number;
  /** What is in archives, oldest first. */
  archives(): Promise<readonly { readonly name: string; readonly first: number; readonly last: number }[]>;
  /** Name of the archive that holds a record; undefined where none does. */
  archiveOf(seq: number): Promise<string | undefined>;
  /** Let retention look at the log now, by its own policy or another. Rejects where something failed. */
  retain(policy?: RetentionPolicy): Promise<Retained>;
}

/** A running board: commands in, state and changes out. */
export interface BoardHandle {
  readonly name: string;
  /** The fold so far. Read it freely between awaits; never write to it. */
  readonly state: BoardState;
  readonly position: { readonly epoch: Epoch; readonly seq: Seq };
  /** Board clock now, in ms: what `expiresAtClock` compares with. */
  clockNow(): number;
  /** Why writes are refused at present, or undefined while they are taken. */
  readonly unwritable: string | undefined;
  /** Send a command. Never rejects: faults are outcomes too (`overloaded`, `indeterminate`, `log_unavailable`, …). */
  submit(submission: Submission): Promise<Outcome>;
  /** Hear of every group of records once it is durable and applied, in order. Returns the way to stop. */
  onApplied(listener: (group: readonly Applied[]) => void): () => void;
  /** Records from the log, oldest first, from a position on. */
  read(from: Seq): AsyncIterable<readonly LogRecord[]>;
  /**
   * Commands that took effect, newest first, in pages; complete up to the position of now.
   * @throws HistoryError `history_unavailable` while the index is built, or too much is asked at once.
   */
  history(filter: HistoryFilter): Promise<HistoryAnswer>;
  /**
   * What was spent of a budget over time: charges and settlements, in it and below it.
   * @throws HistoryError `history_unavailable` while the index is built, or too much is asked at once.
   */
  spending(question: SpendingQuestion): Promise<SpendingAnswer>;
  /** How fast a budget is spent of late, and when it will be spent at that rate (wall time), where that can be said. */
  rateOf(task: string): {
    readonly tokensPerHour: number;
    readonly nanoUsdPerHour: number;
    readonly exhaustsAt: number | undefined;
  };
  /** What can be proven of the log; undefined where the board is kept in memory only. */
  readonly proofs: Pick<BoardProofs, "verifierKey" | "checkpoint" | "record" | "consistency"> | undefined;
  /** What is done to the past: erasing from it, and moving its beginning into archives. */
  readonly past: BoardPast;
  /** Sign a checkpoint of all that is applied, unless that is done. A failure is a notice. */
  signNow(): Promise<void>;
}

export interface Engine {
  /** An existing board, opened if it was idle; undefined where there is none. */
  board(name: string): Promise<BoardHandle | undefined>;
  /** Create a board. Refusals: `bad_board_name`, `board_exists`, `too_many_boards`. */
  create(name: string): Promise<BoardHandle | { readonly code: "bad_board_name" | "board_exists" | "too_many_boards" }>;
  delete(name: string): Promise<boolean>;
  list(): readonly string[];
  close(): Promise<void>;
}
