// Owns what clients of a scenario do with budgets: a tree of few, with limits, windows and rates; holds that end in time or not;
// pauses and alerts. Does not own the other commands (workload), or when (actor).

import type { SendableBatch, SendableCommand, SendableOf } from "../../src/client/commands.ts";
import type { Chance } from "./chance.ts";

/** Names that the client was told of. */
export interface Known {
  readonly holds: readonly string[];
  readonly alerts: readonly string[];
}

export const TASKS = ["plan", "build", "__proto__"] as const;

const MILLI_USD = 1_000_000;

export function spendingCommand(chance: Chance, known: Known): SendableCommand {
  const task = chance.pick(TASKS);
  return chance.among<SendableCommand>([
    [3, () => openOf(chance, task)],
    [1, () => ({ type: "budget.limit", task, limitTokens: chance.int(0, 2000) })],
    [2, () => ({ type: "budget.change", task, ...termsOf(chance) })],
    [1, () => ({ type: "budget.move", task, parent: chance.percent(70) ? chance.pick(TASKS) : null })],
    [3, () => ({ type: "budget.charge", task, ...amountOf(chance), reason: "work" })],
    [0.5, () => ({ type: "budget.close", task })],
    [6, () => ({ type: "budget.reserve", task, ...amountOf(chance), ttlMs: ttlOf(chance) })],
    [known.holds.length > 0 ? 8 : 1, () => onHold(chance, known.holds)],
    [0.7, () => ({ type: "pause.set", ...scopeOf(chance), reason: "enough" })],
    [2, () => ({ type: "pause.clear", ...scopeOf(chance) })],
    [
      known.alerts.length > 0 ? 2 : 0.3,
      () => ({ type: "alert.acknowledge", alert: alertOf(chance, known.alerts), reason: "seen" }),
    ],
  ]);
}

/** Budgets below one another, to begin with. */
export function treeOf(chance: Chance): SendableBatch {
  const [top, ...others] = TASKS;
  const commands: SendableCommand[] = [{ type: "budget.open", task: top, limitTokens: chance.int(1000, 10_000) }];
  for (const task of others) commands.push({ type: "budget.open", task, parent: top, ...termsOf(chance) });
  return { type: "batch", commands };
}

function openOf(chance: Chance, task: string): SendableCommand {
  return {
    type: "budget.open",
    task,
    ...(chance.percent(80) ? { limitTokens: chance.int(0, 3000) } : {}),
    ...(chance.percent(50) ? { parent: chance.pick(TASKS) } : {}),
    ...termsOf(chance),
    description: String(chance.int(0, 9)),
  };
}

function termsOf(chance: Chance) {
  return chance.pick([
    () => ({}),
    () => ({ policy: chance.pick(["hard", "soft"] as const) }),
    () => ({ policy: "overdraft" as const, overdraftTokens: chance.int(0, 500) }),
    () => ({ limitNanoUsd: chance.int(0, 3000) * MILLI_USD, unknownModel: "tokensOnly" as const }),
    () => ({ thresholds: [10, 50, 100] }),
    () => ({ maxHolds: chance.int(1, 5) }),
    () => ({ rate: { tokensPerMinute: chance.int(1, 10_000) } }),
    () => ({ ratePerAgent: { reservesPerMinute: chance.int(1, 100) } }),
    // With the clocks that jump by up to an hour, it begins anew now and then.
    () => ({ window: { every: "hour" as const, timeZone: "Asia/Kolkata", rollover: chance.percent(50) } }),
  ])();
}

const amountOf = (chance: Chance) => ({
  tokens: chance.int(0, 300),
  ...(chance.percent(40) ? { nanoUsd: chance.int(0, 300) * MILLI_USD } : {}),
});

/** Many end before anybody settles them (rule 6). */
const ttlOf = (chance: Chance): number => (chance.percent(40) ? chance.int(1, 300) : chance.int(1, 8000));

function onHold(chance: Chance, holds: readonly string[]): SendableCommand {
  // Now and then one of somebody else, one that there never was, or one that ended long ago.
  const hold = holds.length > 0 && chance.percent(85) ? chance.pick(holds) : `h${chance.int(1, 600)}`;
  return chance.among<SendableCommand>([
    [4, () => ({ type: "hold.settle", hold, ...amountOf(chance) })],
    [2, () => ({ type: "hold.extend", hold, ...(chance.percent(50) ? amountOf(chance) : {}), ttlMs: ttlOf(chance) })],
    [2, () => ({ type: "hold.release", hold })],
  ]);
}

const alertOf = (chance: Chance, alerts: readonly string[]): string =>
  alerts.length > 0 && chance.percent(90) ? chance.pick(alerts) : `a${chance.int(1, 600)}`;

function scopeOf(chance: Chance) {
  return chance.among<Pick<SendableOf<"pause.set">, "scope" | "name">>([
    [4, () => ({ scope: "agent", name: `agent-${chance.int(0, 3)}` })],
    [4, () => ({ scope: "task", name: chance.pick(TASKS) })],
    [1, () => ({ scope: "board" })],
  ]);
}
