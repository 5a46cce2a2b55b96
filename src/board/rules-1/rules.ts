// Owns rules 1: the verdict on each command. Does not own the way of a record through it (judging.ts).
// Frozen once released: a change of any outcome is a new version beside this one (rule 1).

import type { SingleCommand } from "../../protocol/index.ts";
import type { Board } from "../board.ts";
import type { Rules } from "../judging.ts";
import { chargeBudget, closeBudget, limitBudget, mirrorBudget, openBudget, unmirrorBudget } from "./budgets.ts";
import { acquireClaim, releaseClaim, renewClaim } from "./claims.ts";
import { deleteEntry, mergeEntry, putEntry } from "./entries.ts";
import { markSource, noteAudit, reportAgent, reportSource, reportTask } from "./reports.ts";
import { closeRequest, decideRequest, openRequest } from "./requests.ts";
import { changeRules, expireItems } from "./system.ts";
import { trim } from "./trim.ts";
import { refused, type Step, type Verdict } from "./verdict.ts";

export const RULES_1: Rules = { judge, trim };

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
    case "budget.move":
    case "budget.reserve":
    case "budget.reset":
    case "budget.project":
    case "hold.settle":
    case "hold.extend":
    case "hold.release":
    case "pause.set":
    case "pause.clear":
    case "alert.acknowledge":
      // Commands of later rules: none was ever written under these.
      return refused("unknown_rules", { newest: 1 });
    default:
      return command satisfies never;
  }
}
