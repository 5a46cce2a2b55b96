// Owns rules 2: those of rules 1, with budgets that form a tree and are enforced before the spend (ADR 0014).
// Does not own the way of a record through it (judging.ts). Frozen once released (rule 1).

import type { Change, SingleCommand } from "../../protocol/index.ts";
import type { Board } from "../board.ts";
import type { Rules } from "../judging.ts";
import { acquireClaim, releaseClaim, renewClaim } from "../rules-1/claims.ts";
import { deleteEntry, mergeEntry, putEntry } from "../rules-1/entries.ts";
import { markSource, noteAudit, reportAgent, reportSource, reportTask } from "../rules-1/reports.ts";
import { closeRequest, decideRequest, openRequest } from "../rules-1/requests.ts";
import { trim as trimAsBefore } from "../rules-1/trim.ts";
import type { Step, Verdict } from "../rules-1/verdict.ts";
import { acknowledgeAlert } from "./alerts.ts";
import { changeBudget, closeBudget, limitBudget, mirrorBudget, openBudget, unmirrorBudget } from "./budgets.ts";
import { chargeBudget, extendHold, releaseHold, reserve, settleHold } from "./holds.ts";
import { clearPause, setPause } from "./pauses.ts";
import { changeRules, expireItems } from "./system.ts";
import { moveBudget } from "./tree.ts";
import { trimAlerts, trimHolds, trimPaces } from "./trim.ts";
import { projectBudget, resetBudgets } from "./windows.ts";

export const RULES_2: Rules = { judge, trim };

function trim(board: Board, changes: Change[]): void {
  trimAsBefore(board, changes);
  trimHolds(board, changes);
  trimAlerts(board, changes);
  trimPaces(board);
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
    case "budget.change":
      return changeBudget(board, command, step);
    case "budget.move":
      return moveBudget(board, command, step);
    case "budget.reserve":
      return reserve(board, command, step);
    case "budget.reset":
      return resetBudgets(board, command, step);
    case "budget.project":
      return projectBudget(board, command, step);
    case "hold.settle":
      return settleHold(board, command, step);
    case "hold.extend":
      return extendHold(board, command, step);
    case "hold.release":
      return releaseHold(board, command, step);
    case "pause.set":
      return setPause(board, command, step);
    case "pause.clear":
      return clearPause(board, command, step);
    case "alert.acknowledge":
      return acknowledgeAlert(board, command, step);
    default:
      return command satisfies never;
  }
}
