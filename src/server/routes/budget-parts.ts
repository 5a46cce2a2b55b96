// Owns the schema parts and small looks that the routes of budgets and holds share. Does not own the routes.

import { z } from "zod";
import type { BoardHandle } from "../../engine/contract.ts";
import type { Budget } from "../../protocol/index.ts";
import { Refusal } from "../problem.ts";
import { boardParams } from "./parts.ts";

export const BUDGETS = "/api/v1/boards/:board/budgets";
export const BUDGET = `${BUDGETS}/:task`;

export const taskParams = boardParams.extend({
  task: z
    .string()
    .describe("The task, percent-encoded: at most 512 bytes of UTF-8, unless --max-key-bytes says otherwise."),
});

/** @throws Refusal `no_such_budget` */
export function budgetOf(board: BoardHandle, task: string): Budget {
  const budget = board.state.budgets.get(task);
  if (budget === undefined) throw new Refusal("no_such_budget", { facts: { task } });
  return budget;
}
