// Owns spends that are kept in memory: for boards without a disk, and as the plain account that the tables are held against.
// Bounded by the log, which is in memory too.

import type { LogRecord } from "../../protocol/index.ts";
import { addUp, minuteOf, type SpendingAnswer, type SpendingQuestion, type SpendRow } from "./spending.ts";
import { type HoldFacts, type Spend, type SpendFacts, spendsOf } from "./spends.ts";

export function createMemoryFacts(): SpendFacts {
  const parents = new Map<string, string>();
  const mirrored = new Map<string, number>();
  const holds = new Map<string, HoldFacts>();
  const set = <T>(map: Map<string, T>, name: string, value: T | undefined): void => {
    if (value === undefined) map.delete(name);
    else map.set(name, value);
  };
  return {
    parentOf: (task) => parents.get(task),
    setParent: (task, parent) => set(parents, task, parent),
    mirroredOf: (task) => mirrored.get(task),
    setMirrored: (task, used) => set(mirrored, task, used),
    holdOf: (hold) => holds.get(hold),
    setHold: (hold, facts) => set(holds, hold, facts),
  };
}

/** Add up the spends of records that took effect. */
export function spendingIn(
  question: SpendingQuestion,
  records: Iterable<LogRecord>,
): Omit<SpendingAnswer, "indexedTo" | "first"> {
  const facts = createMemoryFacts();
  const rows: SpendRow[] = [];
  for (const record of records) {
    for (const spend of spendsOf(record, facts)) if (spend.budget === question.task) rows.push(rowOf(spend));
  }
  return addUp(question, rows);
}

const rowOf = (spend: Spend): SpendRow => ({ ...spend, minute: minuteOf(spend) });
