// Owns `budget pause|resume|pauses|alerts|acknowledge`: stopping who spends, and minding what was told of.

import { type Command, InvalidArgumentError } from "commander";
import { addTargetSettings, createBoardApi, type TargetFlags } from "../board-api.ts";
import { amountsText } from "../budget-text.ts";
import { age, plain, print, table } from "../print.ts";

interface PauseRow {
  readonly pause: string;
  readonly by: string;
  readonly reason: string;
  readonly at: number;
}

interface AlertRow {
  readonly alert: string;
  readonly task: string;
  readonly kind: string;
  readonly threshold?: number;
  readonly exhaustsAt?: number;
  readonly usedTokens: number;
  readonly usedNanoUsd: number;
  readonly raisedAt: number;
  readonly acknowledgedBy?: string;
}

/** `board`, or `task <name>`, or `agent <name>`. */
function scopeOf(
  scope: string,
  name: string | undefined,
): { readonly scope: string; readonly name: string | undefined } {
  if (!["board", "task", "agent"].includes(scope))
    throw new InvalidArgumentError("Pause the board, a task or an agent.");
  if (scope !== "board" && name === undefined) throw new InvalidArgumentError(`Which ${scope}? Give its name.`);
  if (scope === "board" && name !== undefined) throw new InvalidArgumentError("The board needs no name.");
  return { scope, name };
}

export function addSteerCommands(budget: Command): void {
  addTargetSettings(budget.command("pause"))
    .description("Refuse new reserves of the board, of a task with everything below it, or of an agent.")
    .argument("<scope>", "board, task or agent")
    .argument("[name]", "which task or agent")
    .option("--reason <text>")
    .action(async (scope: string, name: string | undefined, flags: TargetFlags & { readonly reason?: string }) => {
      const body = JSON.stringify({ ...scopeOf(scope, name), reason: flags.reason });
      const { text } = await createBoardApi(flags).call({ method: "POST", path: "pauses", body });
      print(flags.json === true ? text : `${plain([scope, name].join(" ").trim())} is paused`);
    });

  addTargetSettings(budget.command("resume"))
    .description("End a pause.")
    .argument("<scope>", "board, task or agent")
    .argument("[name]", "which task or agent")
    .action(async (scope: string, name: string | undefined, flags: TargetFlags) => {
      const { text } = await createBoardApi(flags).call({
        method: "DELETE",
        path: "pauses",
        query: scopeOf(scope, name),
      });
      print(flags.json === true ? text : `${plain([scope, name].join(" ").trim())} goes on`);
    });

  addTargetSettings(budget.command("pauses"))
    .description("List what is paused.")
    .action(async (flags: TargetFlags) => {
      const { text } = await createBoardApi(flags).call({ path: "pauses" });
      if (flags.json === true) return print(text);
      const { pauses } = JSON.parse(text) as { readonly pauses: readonly PauseRow[] };
      if (pauses.length === 0) return print("Nothing is paused.");
      const rows = pauses.map(({ pause, by, reason, at }) => [
        plain(pause),
        plain(by),
        age(at, Date.now()),
        plain(reason),
      ]);
      print(table(["WHAT", "BY", "AGE", "REASON"], rows));
    });

  addTargetSettings(budget.command("alerts"))
    .description("List alerts of budgets, the newest first.")
    .option("--open", "only those that nobody minds yet")
    .option("--task <task>", "only those of this budget")
    .action(async (flags: TargetFlags & { readonly open?: boolean; readonly task?: string }) => {
      const query = { task: flags.task, ...(flags.open === true ? { acknowledged: "false" } : {}) };
      const { text } = await createBoardApi(flags).call({ path: "alerts", query });
      if (flags.json === true) return print(text);
      const { alerts } = JSON.parse(text) as { readonly alerts: readonly AlertRow[] };
      if (alerts.length === 0) return print("There are no such alerts.");
      const rows = alerts.map((one) => [
        one.alert,
        plain(one.task),
        one.kind === "threshold"
          ? `${one.threshold ?? 0} % reached`
          : `spent by ${new Date(one.exhaustsAt ?? 0).toISOString()}`,
        amountsText({ tokens: one.usedTokens, ...(one.usedNanoUsd === 0 ? {} : { nanoUsd: one.usedNanoUsd }) }),
        age(one.raisedAt, Date.now()),
        one.acknowledgedBy === undefined ? "open" : `minded by ${plain(one.acknowledgedBy)}`,
      ]);
      print(table(["ALERT", "TASK", "WHAT", "SPENT", "AGE", "STATE"], rows));
    });

  addTargetSettings(budget.command("acknowledge"))
    .description("Say that you mind an alert.")
    .argument("<alert>")
    .option("--reason <text>")
    .action(async (alert: string, flags: TargetFlags & { readonly reason?: string }) => {
      const body = JSON.stringify({ reason: flags.reason });
      const path = `alerts/${encodeURIComponent(alert)}/acknowledge`;
      const { text } = await createBoardApi(flags).call({ method: "POST", path, body });
      print(flags.json === true ? text : `${plain(alert)} is minded`);
    });
}
