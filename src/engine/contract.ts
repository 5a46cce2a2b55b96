// Owns what the parts above the engine (server, follower, CLI) may ask of it.
// Does not own how: see engine/board-engine.

import type { BoardState } from "../board/index.ts";
import type { BoardProofs, HistoryAnswer, HistoryFilter, SpendingAnswer, SpendingQuestion } from "../log/index.ts";
import type { Change, Command, CommandId, Epoch, LogRecord, Origin, Outcome, Seq } from "../protocol/index.ts";

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
