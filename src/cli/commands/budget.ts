// Owns `budget list|open|charge|limit|close`. Does not own the arithmetic: a charge is recorded, also beyond the limit (law L8).

import type { Command } from "commander";
import { addTargetSettings, type Call, createBoardApi, type TargetFlags } from "../board-api.ts";
import { parseAmount } from "../parse-values.ts";
import { plain, print, table } from "../print.ts";

interface BudgetAnswer {
  readonly task: string;
  readonly limitTokens?: number;
  readonly usedTokens: number;
  readonly remainingTokens: number;
  readonly percentage: number;
  readonly status: string;
  readonly closed: boolean;
}

interface ListAnswer {
  readonly budgets: readonly BudgetAnswer[];
  readonly usedTokens: number;
  readonly limitTokens: number;
  readonly percentage: number;
}

const budgetPath = (task: string, rest = ""): string => `budgets/${encodeURIComponent(task)}${rest}`;

export function addBudgetCommands(program: Command): void {
  const budget = program
    .command("budget")
    .summary("list, open, charge and close token budgets")
    .description(
      "Token budgets of tasks. Statuses: active, warning from 80 %, critical from 90 %, exhausted from 100 %.",
    )
    .addHelpText(
      "after",
      `
Examples:
  $ swarmboard budget open research 50k --description "literature review"
  $ swarmboard budget charge research 1200 --agent scout --reason "read three papers"
  $ swarmboard budget list`,
    );

  addTargetSettings(budget.command("list", { isDefault: true }))
    .description("List budgets, the fullest first, and their sum.")
    .option("--all", "closed ones too")
    .action(async (flags: TargetFlags & { readonly all?: boolean }) => {
      const { text } = await createBoardApi(flags).call({ path: "budgets" });
      const answer = JSON.parse(text) as ListAnswer;
      const budgets = answer.budgets
        .filter((one) => flags.all === true || !one.closed)
        .toSorted((a, b) => b.percentage - a.percentage);
      if (flags.json === true) return print(JSON.stringify({ ...answer, budgets }));
      const row = (
        name: string,
        used: number,
        limit: number | undefined,
        percentage: number,
        status: string,
      ): string[] => [
        name,
        String(used),
        limit === undefined ? "-" : String(limit),
        `${percentage.toFixed(1)} %`,
        status,
      ];
      const rows = budgets.map((one) =>
        row(plain(one.task), one.usedTokens, one.limitTokens, one.percentage, one.closed ? "closed" : one.status),
      );
      print(
        table(
          ["TASK", "USED", "LIMIT", "SHARE", "STATUS"],
          [...rows, row("(all)", answer.usedTokens, answer.limitTokens, answer.percentage, "")],
        ),
      );
    });

  addTargetSettings(budget.command("open"))
    .description("Open a budget for a task. A closed one opens again with its spend; an open one gets the new limit.")
    .argument("<task>")
    .argument("<limit>", "tokens, such as 50000 or 50k", parseAmount)
    .option("--description <text>")
    .action((task: string, limitTokens: number, flags: TargetFlags & { readonly description?: string }) =>
      change(flags, {
        method: "POST",
        path: budgetPath(task),
        body: JSON.stringify({ limitTokens, description: flags.description }),
      }),
    );

  addTargetSettings(budget.command("limit"))
    .description("Change the limit of an open budget.")
    .argument("<task>")
    .argument("<limit>", "tokens", parseAmount)
    .action(async (task: string, limitTokens: number, flags: TargetFlags) => {
      const body = JSON.stringify({ type: "budget.limit", task, limitTokens });
      await createBoardApi(flags).call({ method: "POST", path: "commands", body });
      await change(flags, { path: budgetPath(task) });
    });

  addTargetSettings(budget.command("charge"))
    .description("Record tokens that were spent, also beyond the limit.")
    .argument("<task>")
    .argument("<tokens>", "tokens", parseAmount)
    .option("--reason <text>")
    .action((task: string, tokens: number, flags: TargetFlags & { readonly reason?: string }) => {
      const body = JSON.stringify({ tokens, agent: flags.agent, reason: flags.reason });
      return change(flags, { method: "POST", path: budgetPath(task, "/charge"), body });
    });

  addTargetSettings(budget.command("close"))
    .description("Close a budget. Its spend is kept.")
    .argument("<task>")
    .action(async (task: string, flags: TargetFlags) => {
      const { text } = await createBoardApi(flags).call({ method: "DELETE", path: budgetPath(task) });
      print(flags.json === true ? text : `${plain(task)} is closed`);
    });
}

async function change(flags: TargetFlags, call: Call): Promise<void> {
  const { text } = await createBoardApi(flags).call(call);
  if (flags.json === true) return print(text);
  const { task, usedTokens, limitTokens, percentage, status } = JSON.parse(text) as BudgetAnswer;
  print(`${plain(task)}: ${usedTokens} of ${limitTokens} tokens used (${percentage.toFixed(1)} %, ${status})`);
}
