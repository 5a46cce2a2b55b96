// Owns the fold: one record in, its outcome and the names of what changed out (law L2).
// Does not own the verdicts: they belong to a version of the rules (rule 1). Deterministic and total: no clock, no
// randomness, no I/O, and no exception for a record whose command has passed the schema.

import type { LogRecord } from "../protocol/index.ts";
import { boardOf } from "./board.ts";
import { applyBy, type Rules } from "./judging.ts";
import { RULES_1 } from "./rules-1/rules.ts";
import { RULES_2 } from "./rules-2/rules.ts";
import type { Application, BoardState } from "./state.ts";

/** Every version that was ever released stays here for good. */
const RULES: ReadonlyMap<number, Rules> = new Map([
  [1, RULES_1],
  [2, RULES_2],
]);

/**
 * Apply the next record of the board's log to its state, in place.
 * Throws RangeError if the record is not the next one: that is a fault of the caller, not of a command.
 */
export function apply(state: BoardState, record: LogRecord): Application {
  const board = boardOf(state);
  if (record.seq !== board.seq + 1) throw new RangeError(`record ${record.seq} does not follow ${board.seq}`);
  const rules = RULES.get(board.rules);
  if (rules === undefined) throw new RangeError(`no rules ${board.rules}`);
  board.seq = record.seq;
  if (record.clock > board.clock) board.clock = record.clock;
  return applyBy(rules, board, record);
}
