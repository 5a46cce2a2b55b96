// Owns rules 2: those of rules 1, with budgets that form a tree and are enforced before the spend (ADR 0014).
// Does not own the way of a record through it (judging.ts). Frozen once released (rule 1).

import type { Change, SingleCommand } from "../../protocol/index.ts";
import type { Board } from "../board.ts";
import { eraseRecord } from "../erasure.ts";
import type { Rules } from "../judging.ts";
import { RULES_1 } from "../rules-1/rules.ts";
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
  RULES_1.trim(board, changes);
  trimHolds(board, changes);
  trimAlerts(board, changes);
  trimPaces(board);
}

/** Everything that is not of budgets is as it was. */
function judge(board: Board, command: SingleCommand, step: Step): Verdict {
  switch (command.type) {
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
    case "record.erase":
      return eraseRecord(board, command, step);
    default:
      return RULES_1.judge(board, command, step);
  }
}
