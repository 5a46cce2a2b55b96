// Owns the way of a record through a version of the rules: its id first, then the verdict, alone or as a batch, then what
// follows from an accepted one. Does not own any verdict. Part of every version: as frozen as they are (rule 1).

import type { Batch, Change, LogRecord, Made, Outcome, SingleCommand } from "../protocol/index.ts";
import type { Board } from "./board.ts";
import { noteActivity } from "./rules-1/activity.ts";
import { issueTimeOf, recallOutcome, rememberOutcome } from "./rules-1/retries.ts";
import { trimMarks } from "./rules-1/trim.ts";
import type { Step, Verdict } from "./rules-1/verdict.ts";
import type { Application } from "./state.ts";

/** One version of the rules. */
export interface Rules {
  judge(board: Board, command: SingleCommand, step: Step): Verdict;
  /** Drop what is beyond the bounds, after an accepted record. */
  trim(board: Board, changes: Change[]): void;
}

const NO_CHANGES: readonly Change[] = Object.freeze([]);

export function applyBy(rules: Rules, board: Board, record: LogRecord): Application {
  const issuedAt = issueTimeOf(record.id);
  const known = recallOutcome(board, record, issuedAt);
  if (known !== undefined) return { outcome: known, changes: NO_CHANGES };
  const changes: Change[] = [];
  const { command } = record;
  const outcome =
    command.type === "batch"
      ? all(rules, board, command, record, changes)
      : one(rules, board, command, record, changes);
  rememberOutcome(board, record, issuedAt, outcome);
  if (!outcome.ok) return { outcome, changes: NO_CHANGES };
  noteActivity(board, record);
  rules.trim(board, changes);
  if (command.type === "source.mark") trimMarks(board, command.source);
  else if (command.type === "batch") {
    for (const single of command.commands) if (single.type === "source.mark") trimMarks(board, single.source);
  }
  return { outcome, changes };
}

function one(rules: Rules, board: Board, command: SingleCommand, record: LogRecord, changes: Change[]): Outcome {
  const verdict = rules.judge(board, command, { record, clock: board.clock, hash: record.hash, changes });
  const { seq } = record;
  if (verdict.ok) return { ok: true, seq, made: verdict.made };
  const { code, detail } = verdict;
  return detail === undefined ? { ok: false, seq, code } : { ok: false, seq, code, detail };
}

/** All of a batch or none of it (rule 12). */
function all(rules: Rules, board: Board, batch: Batch, record: LogRecord, changes: Change[]): Outcome {
  const { seq } = record;
  const parts: Made[] = [];
  let outcome: Outcome = { ok: true, seq, made: {}, parts };
  board.atomically(() => {
    for (const [index, command] of batch.commands.entries()) {
      const step = { record, clock: board.clock, hash: `${record.hash}.${index}`, changes };
      const verdict = rules.judge(board, command, step);
      if (!verdict.ok) {
        outcome = { ok: false, seq, code: "batch_failed", detail: { ...verdict.detail, index, cause: verdict.code } };
        return false;
      }
      parts.push(verdict.made);
    }
    return true;
  });
  return outcome;
}
