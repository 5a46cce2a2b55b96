// Owns `budget list|tree|open|change|limit|move|charge|close|cap`. Holds and pauses have files of their own.
// Does not own the arithmetic: a charge is recorded, also beyond the limit (law L8).

import { type Command, InvalidArgumentError } from "commander";
import { addTargetSettings, type Call, createBoardApi, type TargetFlags } from "../board-api.ts";
import { budgetPath, idHeader } from "../budget-calls.ts";
import { amountsText, branchesOf, budgetLine, type ShownBudget, treeText, usd } from "../budget-text.ts";
import { type Amounts, parseAmount, parseAmounts } from "../parse-values.ts";
import { plain, print, table } from "../print.ts";
import { addHoldCommands } from "./budget-holds.ts";
import { addSteerCommands } from "./budget-steer.ts";
import { addTermFlags, type TermFlags, termsBody } from "./budget-terms.ts";

interface ListAnswer {
  readonly budgets: readonly ShownBudget[];
  readonly usedTokens: number;
  readonly limitTokens: number;
  readonly percentage: number;
}

interface CapAnswer {
  readonly tokens: number | null;
  readonly nanoUsd: number | null;
  readonly tightest: Partial<Record<"tokens" | "nanoUsd", { readonly budget: string; readonly by: string }>>;
  readonly stoppedBy?: { readonly code: string; readonly facts: Readonly<Record<string, unknown>> };
}

export function addBudgetCommands(program: Command): void {
  const budget = program
    .command("budget")
    .summary("open budgets, reserve before spending, settle after; see and steer who spends what")
    .description(
      "Budgets of tasks, of tokens and dollars, in a tree. Amounts: tokens such as 8000 or 50k, dollars such as 1.50usd or 0.25. Statuses: active, warning from 80 %, critical from 90 %, exhausted from 100 %.",
    )
    .addHelpText(
      "after",
      `
Examples:
  $ swarmboard budget open team 1M 20usd --window day --time-zone Europe/Berlin
  $ swarmboard budget open research 50k --parent team --description "literature review"
  $ swarmboard budget reserve research 4k --ttl 2m --agent scout
  $ swarmboard budget settle h12 3100
  $ swarmboard budget charge research 1200 --agent scout --reason "read three papers"
  $ swarmboard budget tree`,
    );

  addTargetSettings(budget.command("list", { isDefault: true }))
    .description("List budgets, the fullest first, and the sum of those at the top.")
    .option("--all", "closed ones too")
    .action(async (flags: TargetFlags & { readonly all?: boolean }) => {
      const answer = await listOf(flags);
      const budgets = answer.budgets
        .filter((one) => flags.all === true || !one.closed)
        .toSorted((a, b) => b.percentage - a.percentage);
      if (flags.json === true) return print(JSON.stringify({ ...answer, budgets }));
      const hasMoney = budgets.some(({ terms, account }) => (terms?.limitNanoUsd ?? account?.nanoUsd ?? 0) > 0);
      const head = ["TASK", "USED", "LIMIT", "SPENT", "OF", "SHARE", "STATUS"];
      const rows = budgets.map(({ task, usedTokens, limitTokens, terms, account, percentage, closed, status }) => [
        plain(task),
        String(usedTokens),
        limitTokens === undefined ? "-" : String(limitTokens),
        usd(account?.nanoUsd ?? 0),
        terms?.limitNanoUsd === undefined ? "-" : usd(terms.limitNanoUsd),
        `${percentage.toFixed(1)} %`,
        closed ? "closed" : status,
      ]);
      const { usedTokens, limitTokens, percentage } = answer;
      const sum = ["(all)", String(usedTokens), String(limitTokens), "", "", `${percentage.toFixed(1)} %`, ""];
      const shown = (row: readonly string[]): string[] => row.filter((_, n) => hasMoney || (n !== 3 && n !== 4));
      print(table(shown(head), [...rows, sum].map(shown)));
    });

  addTargetSettings(budget.command("tree"))
    .description("Show budgets below one another, with what is spent (█), held (▒) and left (·) of each.")
    .argument("[task]", "only this one and what is below it")
    .option("--all", "closed ones too")
    .action(async (task: string | undefined, flags: TargetFlags & { readonly all?: boolean }) => {
      const { budgets } = await listOf(flags);
      const branches = branchesOf(
        budgets.filter((one) => flags.all === true || !one.closed),
        task,
      );
      if (flags.json === true) return print(JSON.stringify(branches));
      print(branches.length === 0 ? "There are no such budgets." : treeText(branches));
    });

  addTermFlags(addTargetSettings(budget.command("open")))
    .description("Open a budget for a task. A closed one opens again with its spend; an open one gets what is stated.")
    .argument("<task>")
    .argument(
      "[limits...]",
      "tokens such as 50000 or 50k, dollars such as 20usd, or both; none: counted only",
      parseAmounts,
    )
    .option("--parent <task>", "the budget above it: what is spent here is spent there, too")
    .action((task: string, limits: Amounts, flags: TargetFlags & TermFlags & { readonly parent?: string }) => {
      const body = {
        limitTokens: limits.tokens,
        limitNanoUsd: limits.nanoUsd,
        parent: flags.parent,
        ...termsBody(flags),
      };
      return change(flags, { method: "POST", path: budgetPath(task), body: JSON.stringify(body) });
    });

  addTermFlags(addTargetSettings(budget.command("change")))
    .description("Change the terms of an open budget; what is not stated stays. The word none clears a term.")
    .argument("<task>")
    .argument("[limits...]", "the new limits: tokens, dollars, or both", parseAmounts)
    .option("--no-token-limit", "tokens are counted, not limited")
    .option("--no-usd-limit", "dollars are counted, not limited")
    .action(
      (
        task: string,
        limits: Amounts,
        flags: TargetFlags & TermFlags & { readonly tokenLimit: boolean; readonly usdLimit: boolean },
      ) => {
        const body = {
          limitTokens: flags.tokenLimit ? limits.tokens : null,
          limitNanoUsd: flags.usdLimit ? limits.nanoUsd : null,
          ...termsBody(flags),
        };
        return change(flags, { method: "PATCH", path: budgetPath(task), body: JSON.stringify(body) });
      },
    );

  addTargetSettings(budget.command("limit"))
    .description("Change the limit of tokens of an open budget.")
    .argument("<task>")
    .argument("<limit>", "tokens", parseAmount)
    .action((task: string, limitTokens: number, flags: TargetFlags) =>
      change(flags, { method: "PATCH", path: budgetPath(task), body: JSON.stringify({ limitTokens }) }),
    );

  addTargetSettings(budget.command("move"))
    .description("Put a budget, with everything below it, under another parent.")
    .argument("<task>")
    .argument("[parent]", "left out: at the top")
    .action((task: string, parent: string | undefined, flags: TargetFlags) => {
      const body = JSON.stringify({ parent: parent ?? null });
      return change(flags, { method: "POST", path: budgetPath(task, "/move"), body });
    });

  addTargetSettings(budget.command("charge"))
    .description("Record what was spent, also beyond the limit. With --model, tokens are priced.")
    .argument("<task>")
    .argument("<amounts...>", "tokens, dollars, or both", parseAmounts)
    .option("--reason <text>")
    .option("--model <name>", "as the price table names it")
    .option("--operation <text>", "what for")
    .option("--id <id>", "id of this command: sent again, it is done once")
    .action((task: string, amounts: Amounts, flags: TargetFlags & ChargeFlags) => {
      const { agent, reason, model, operation } = flags;
      const body = JSON.stringify({ ...amounts, agent, reason, model, operation });
      return change(flags, { method: "POST", path: budgetPath(task, "/charge"), body, ...idHeader(flags) });
    });

  addTargetSettings(budget.command("close"))
    .description("Close a budget. Its spend is kept.")
    .argument("<task>")
    .action(async (task: string, flags: TargetFlags) => {
      const { text } = await createBoardApi(flags).call({ method: "DELETE", path: budgetPath(task) });
      print(flags.json === true ? text : `${plain(task)} is closed`);
    });

  addTargetSettings(budget.command("cap"))
    .description("Tell how much could be reserved now, and what allows no more.")
    .argument("<task>")
    .option("--for <agent>", "who would spend, if not you")
    .action(async (task: string, flags: TargetFlags & { readonly for?: string }) => {
      const { text } = await createBoardApi(flags).call({
        path: budgetPath(task, "/cap"),
        query: { agent: flags.for },
      });
      if (flags.json === true) return print(text);
      const { stoppedBy, tightest, ...cap } = JSON.parse(text) as CapAnswer;
      if (stoppedBy !== undefined) {
        const facts = Object.entries(stoppedBy.facts).map(([name, value]) => `${name} ${JSON.stringify(value)}`);
        return print(`nothing (${stoppedBy.code}) ${plain(facts.join("; "))}`.trimEnd());
      }
      const why = (["tokens", "nanoUsd"] as const).flatMap((dimension) => {
        const bound = tightest[dimension];
        return bound === undefined
          ? []
          : [
              `${dimension === "tokens" ? "tokens" : "dollars"}: ${BOUNDS[bound.by] ?? bound.by} of ${plain(bound.budget)}`,
            ];
      });
      print([amountsText(cap), ...why].join("\n"));
    });

  addHoldCommands(budget);
  addSteerCommands(budget);
}

const BOUNDS: Readonly<Record<string, string>> = { limit: "what is left", maxReserve: "largest reserve", rate: "rate" };

interface ChargeFlags {
  readonly reason?: string;
  readonly model?: string;
  readonly operation?: string;
  readonly id?: string;
}

async function listOf(flags: TargetFlags): Promise<ListAnswer> {
  return JSON.parse((await createBoardApi(flags).call({ path: "budgets" })).text) as ListAnswer;
}

async function change(flags: TargetFlags, call: Call): Promise<void> {
  if (call.method === "PATCH" && call.body === "{}")
    throw new InvalidArgumentError("State what to change: see swarmboard budget change --help.");
  const { text } = await createBoardApi(flags).call(call);
  print(flags.json === true ? text : budgetLine(JSON.parse(text) as ShownBudget));
}
