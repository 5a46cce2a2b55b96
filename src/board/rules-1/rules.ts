// Owns rules 1: the verdict on a record, from its id to what is trimmed after it.
// Does not own any single verdict. Frozen once released: a change of any outcome is a new version beside this one (rule 1).

import type { Batch, Change, LogRecord, Made, Outcome, SingleCommand } from "../../protocol/index.ts";
import type { Board } from "../board.ts";
import { eraseRecord } from "../erasure.ts";
import type { Application } from "../state.ts";
import { noteActivity } from "./activity.ts";
import { chargeBudget, closeBudget, limitBudget, mirrorBudget, openBudget, unmirrorBudget } from "./budgets.ts";
import { acquireClaim, releaseClaim, renewClaim } from "./claims.ts";
import { deleteEntry, mergeEntry, putEntry } from "./entries.ts";
import { markSource, noteAudit, reportAgent, reportSource, reportTask } from "./reports.ts";
import { closeRequest, decideRequest, openRequest } from "./requests.ts";
import { issueTimeOf, recallOutcome, rememberOutcome } from "./retries.ts";
import { changeRules, expireItems } from "./system.ts";
import { trim, trimMarks } from "./trim.ts";
import type { Step, Verdict } from "./verdict.ts";

const NO_CHANGES: readonly Change[] = Object.freeze([]);

export function applyRules1(board: Board, record: LogRecord): Application {
  const issuedAt = issueTimeOf(record.id);
  const known = recallOutcome(board, record, issuedAt);
  if (known !== undefined) return { outcome: known, changes: NO_CHANGES };
  const changes: Change[] = [];
  const { command } = record;
  const outcome =
    command.type === "batch" ? all(board, command, record, changes) : one(board, command, record, changes);
  rememberOutcome(board, record, issuedAt, outcome);
  if (!outcome.ok) return { outcome, changes: NO_CHANGES };
  noteActivity(board, record);
  trim(board, changes);
  if (command.type === "source.mark") trimMarks(board, command.source);
  else if (command.type === "batch") {
    for (const single of command.commands) if (single.type === "source.mark") trimMarks(board, single.source);
  }
  return { outcome, changes };
}

function one(board: Board, command: SingleCommand, record: LogRecord, changes: Change[]): Outcome {
  const verdict = judge(board, command, { record, clock: board.clock, hash: record.hash, changes });
  const { seq } = record;
  if (verdict.ok) return { ok: true, seq, made: verdict.made };
  const { code, detail } = verdict;
  return detail === undefined ? { ok: false, seq, code } : { ok: false, seq, code, detail };
}

/** All of a batch or none of it (rule 12). */
function all(board: Board, batch: Batch, record: LogRecord, changes: Change[]): Outcome {
  const { seq } = record;
  const parts: Made[] = [];
  let outcome: Outcome = { ok: true, seq, made: {}, parts };
  board.atomically(() => {
    for (const [index, command] of batch.commands.entries()) {
      const verdict = judge(board, command, { record, clock: board.clock, hash: `${record.hash}.${index}`, changes });
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

function judge(board: Board, command: SingleCommand, step: Step): Verdict {
  switch (command.type) {
    case "entry.put":
      return putEntry(board, command, step);
    case "entry.merge":
      return mergeEntry(board, command, step);
    case "entry.delete":
      return deleteEntry(board, command, step);
    case "budget.open":
      return openBudget(board, command, step);
    case "budget.limit":
      return limitBudget(board, command, step);
    case "budget.charge":
      return chargeBudget(board, command, step);
    case "budget.close":
      return closeBudget(board, command, step);
    case "budget.mirror":
      return mirrorBudget(board, command, step);
    case "budget.unmirror":
      return unmirrorBudget(board, command, step);
    case "claim.acquire":
      return acquireClaim(board, command, step);
    case "claim.renew":
      return renewClaim(board, command, step);
    case "claim.release":
      return releaseClaim(board, command, step);
    case "request.open":
      return openRequest(board, command, step);
    case "request.decide":
      return decideRequest(board, command, step);
    case "request.close":
      return closeRequest(board, command, step);
    case "agent.report":
      return reportAgent(board, command, step);
    case "task.report":
      return reportTask(board, command, step);
    case "audit.note":
      return noteAudit(board, command, step);
    case "source.report":
      return reportSource(board, command, step);
    case "source.mark":
      return markSource(board, command, step);
    case "rules.change":
      return changeRules(board, command);
    case "items.expire":
      return expireItems(board, command, step);
    case "record.erase":
      return eraseRecord(board, command, step);
    default:
      return command satisfies never;
  }
}
