// Owns `budget reserve|settle|extend|release|holds`. Does not own what they mean: a hold is settled once, by whoever is first.

import { type Command, Option } from "commander";
import { addTargetSettings, createBoardApi, type TargetFlags } from "../board-api.ts";
import { budgetPath, idHeader } from "../budget-calls.ts";
import { amountsText } from "../budget-text.ts";
import { type Amounts, parseAmounts, parseCount, parseDuration } from "../parse-values.ts";
import { age, plain, print, table } from "../print.ts";

interface ReserveFlags extends TargetFlags {
  readonly ttl: number;
  readonly model?: string;
  readonly operation?: string;
  readonly dryRun?: boolean;
  readonly id?: string;
}

interface HeldAnswer extends Amounts {
  readonly hold?: string;
  readonly expiresAt?: number;
  readonly left: { readonly tokens: number | null; readonly nanoUsd: number | null };
}

interface HoldRow extends Amounts {
  readonly hold: string;
  readonly task: string;
  readonly agent: string;
  readonly model?: string;
  readonly operation?: string;
  readonly state: string;
  readonly ageMs: number;
  readonly ttlLeftMs?: number;
  readonly spent?: Amounts;
}

const holdPath = (hold: string, rest: string): string => `holds/${encodeURIComponent(hold)}/${rest}`;
const ID = ["--id <id>", "id of this command: sent again, it is done once"] as const;
const TTL = ["--ttl <duration>", "how long it holds, such as 30s or 5m", parseDuration] as const;

export function addHoldCommands(budget: Command): void {
  addTargetSettings(budget.command("reserve"))
    .description("Set aside what a call may cost, here and in every budget above, or nowhere. Prints the hold.")
    .argument("<task>")
    .argument("<amounts...>", "tokens, dollars, or both", parseAmounts)
    .option(TTL[0], TTL[1], TTL[2], 60_000)
    .option("--model <name>", "as the price table names it: dollars follow from its price")
    .option("--operation <text>", "what for")
    .option("--dry-run", "judge it, and reserve nothing")
    .option(...ID)
    .action(async (task: string, amounts: Amounts, flags: ReserveFlags) => {
      const { ttl: ttlMs, model, operation, dryRun } = flags;
      const body = JSON.stringify({ ...amounts, ttlMs, model, operation, dryRun });
      const call = { method: "POST", path: budgetPath(task, "/reserve"), body, ...idHeader(flags) } as const;
      const { text } = await createBoardApi(flags).call(call);
      if (flags.json === true) return print(text);
      const { hold, expiresAt = 0, left, ...held } = JSON.parse(text) as HeldAnswer;
      const rest = left.tokens === null && left.nanoUsd === null ? "" : `; ${amountsText(left)} left`;
      if (hold === undefined) return print(`${amountsText(held)} could be reserved${rest}`);
      print(`${hold}  ${amountsText(held)} held until ${new Date(expiresAt).toISOString()}${rest}`);
    });

  addTargetSettings(budget.command("settle"))
    .description("State what the call did cost. Without amounts: as much as is held.")
    .argument("<hold>")
    .argument("[amounts...]", "tokens, dollars, or both", parseAmounts)
    .option("--model <name>", "where it was another one than was reserved for")
    .option(...ID)
    .action(
      async (
        hold: string,
        amounts: Amounts,
        flags: TargetFlags & { readonly id?: string; readonly model?: string },
      ) => {
        const body = JSON.stringify({ ...amounts, model: flags.model });
        const call = { method: "POST", path: holdPath(hold, "settle"), body, ...idHeader(flags) } as const;
        const { text } = await createBoardApi(flags).call(call);
        if (flags.json === true) return print(text);
        const { spent, late } = JSON.parse(text) as { readonly spent?: Amounts; readonly late?: boolean };
        const what = spent === undefined ? "settled" : `${amountsText(spent)} spent`;
        print(`${plain(hold)}  ${what}${late === true ? ", after the hold had ended: charged" : ""}`);
      },
    );

  addTargetSettings(budget.command("extend"))
    .description("Hold on for a time from now and, where stated, for so much more.")
    .argument("<hold>")
    .argument("[amounts...]", "more tokens, dollars, or both", parseAmounts)
    .option(TTL[0], TTL[1], TTL[2], 60_000)
    .option(...ID)
    .action(
      async (hold: string, amounts: Amounts, flags: TargetFlags & { readonly ttl: number; readonly id?: string }) => {
        const body = JSON.stringify({ ...amounts, ttlMs: flags.ttl });
        const call = { method: "POST", path: holdPath(hold, "extend"), body, ...idHeader(flags) } as const;
        const { text } = await createBoardApi(flags).call(call);
        if (flags.json === true) return print(text);
        const { expiresAt, ...held } = JSON.parse(text) as Amounts & { readonly expiresAt: number };
        print(`${plain(hold)}  ${amountsText(held)} held until ${new Date(expiresAt).toISOString()}`);
      },
    );

  addTargetSettings(budget.command("release"))
    .description("Nothing was spent: all of it is free again.")
    .argument("<hold>")
    .option("--reason <text>")
    .option(...ID)
    .action(async (hold: string, flags: TargetFlags & { readonly reason?: string; readonly id?: string }) => {
      const body = JSON.stringify({ reason: flags.reason });
      const call = { method: "POST", path: holdPath(hold, "release"), body, ...idHeader(flags) } as const;
      const { text } = await createBoardApi(flags).call(call);
      print(flags.json === true ? text : `${plain(hold)}  released`);
    });

  addTargetSettings(budget.command("holds"))
    .description("List holds, the oldest first, with their age and owner.")
    .addOption(
      new Option("--state <state>", "which ones")
        .choices(["open", "settled", "released", "expired", "all"])
        .default("open"),
    )
    .option("--task <task>", "only those reserved in this budget")
    .option("--of <agent>", "only those of this agent")
    .option("--limit <count>", "how many", parseCount, 100)
    .option("--after <hold>", "only those after this one")
    .action(
      async (
        flags: TargetFlags & {
          readonly state: string;
          readonly task?: string;
          readonly of?: string;
          readonly limit: number;
          readonly after?: string;
        },
      ) => {
        const { state, task, of: agent, limit, after } = flags;
        const { text } = await createBoardApi(flags).call({
          path: "holds",
          query: { state, task, agent, limit, after },
        });
        if (flags.json === true) return print(text);
        const { holds, next } = JSON.parse(text) as {
          readonly holds: readonly HoldRow[];
          readonly next: string | null;
        };
        if (holds.length === 0) return print("There are no such holds.");
        const rows = holds.map((one) => [
          one.hold,
          plain(one.task),
          plain(one.agent),
          amountsText(one.spent ?? one),
          age(0, one.ageMs),
          one.ttlLeftMs === undefined ? one.state : `${one.state}, ${age(0, one.ttlLeftMs)} left`,
          plain([one.model, one.operation].filter((word) => word !== undefined).join(" ")),
        ]);
        print(table(["HOLD", "TASK", "AGENT", "AMOUNT", "AGE", "STATE", "FOR"], rows));
        if (next !== null) print(`more: --after ${next}`);
      },
    );
}
