// Owns the tables of spends in a board's history index: added up by minute, budget, agent, model and operation.
// Does not own what a record spends (spends.ts). Part of the index's file and of its transactions, and as derived as it is.

import type Database from "libsql";
import type { LogRecord } from "../../protocol/index.ts";
import { addUp, minuteOf, type SpendingAnswer, type SpendingQuestion, type SpendRow } from "./spending.ts";
import { type HoldFacts, type SpendFacts, spendsOf } from "./spends.ts";

export const SPEND_TABLES = `
  CREATE TABLE spends (
    budget TEXT NOT NULL, minute INTEGER NOT NULL, agent TEXT NOT NULL, model TEXT NOT NULL, operation TEXT NOT NULL,
    tokens INTEGER NOT NULL, nanoUsd INTEGER NOT NULL, unpricedTokens INTEGER NOT NULL,
    PRIMARY KEY (budget, minute, agent, model, operation)
  ) WITHOUT ROWID;
  CREATE TABLE spendParents (task TEXT PRIMARY KEY, parent TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE spendMirrors (task TEXT PRIMARY KEY, used INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE spendHolds (number INTEGER PRIMARY KEY, hold TEXT NOT NULL UNIQUE, facts TEXT NOT NULL);
`;

/** Holds that nobody has settled: beyond, the oldest are forgotten, as the board forgets them much earlier. */
const MOST_HOLDS = 200_000;

export interface SpendTables {
  /** Count what a record that took effect has spent. */
  add(record: LogRecord): void;
  spending(question: SpendingQuestion): Omit<SpendingAnswer, "indexedTo" | "first">;
}

export function createSpendTables(db: Database.Database): SpendTables {
  const facts = createTableFacts(db);
  const count = db.prepare(`
    INSERT INTO spends VALUES (?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET tokens = tokens + excluded.tokens, nanoUsd = nanoUsd + excluded.nanoUsd,
      unpricedTokens = unpricedTokens + excluded.unpricedTokens`);
  const before = db.prepare(`
    SELECT coalesce(sum(tokens), 0) AS tokens, coalesce(sum(nanoUsd), 0) AS nanoUsd,
      coalesce(sum(unpricedTokens), 0) AS unpricedTokens
    FROM spends WHERE budget = ? AND minute < ?`);
  const within = db.prepare("SELECT * FROM spends WHERE budget = ? AND minute >= ? AND minute < ?");
  return {
    add(record) {
      for (const spend of spendsOf(record, facts)) {
        const { budget, agent, model, operation, tokens, nanoUsd, unpricedTokens } = spend;
        count.run(budget, minuteOf(spend), agent, model, operation, tokens, nanoUsd, unpricedTokens);
      }
    },
    spending(question) {
      const from = minuteOf({ at: question.edges[0] ?? 0 });
      const to = minuteOf({ at: question.edges.at(-1) ?? 0 });
      const sums = addUp(question, within.iterate(question.task, from, to) as Iterable<SpendRow>);
      const { tokens, nanoUsd, unpricedTokens } = before.get(question.task, from) as SpendRow;
      return { ...sums, before: { tokens, nanoUsd, unpricedTokens } };
    },
  };
}

/** The facts live in the tables, so that they are kept, and let go, with the records that they come from. */
function createTableFacts(db: Database.Database): SpendFacts {
  const parentOf = db.prepare("SELECT parent FROM spendParents WHERE task = ?");
  const setParent = db.prepare("INSERT OR REPLACE INTO spendParents VALUES (?, ?)");
  const dropParent = db.prepare("DELETE FROM spendParents WHERE task = ?");
  const mirroredOf = db.prepare("SELECT used FROM spendMirrors WHERE task = ?");
  const setMirrored = db.prepare("INSERT OR REPLACE INTO spendMirrors VALUES (?, ?)");
  const dropMirrored = db.prepare("DELETE FROM spendMirrors WHERE task = ?");
  const holdOf = db.prepare("SELECT facts FROM spendHolds WHERE hold = ?");
  const setHold = db.prepare("INSERT OR REPLACE INTO spendHolds (hold, facts) VALUES (?, ?)");
  const dropHold = db.prepare("DELETE FROM spendHolds WHERE hold = ?");
  const dropOldest = db.prepare(
    "DELETE FROM spendHolds WHERE number <= (SELECT number FROM spendHolds ORDER BY number DESC LIMIT 1 OFFSET ?)",
  );
  let sinceDropped = 0;
  return {
    parentOf: (task) => (parentOf.get(task) as { parent: string } | undefined)?.parent,
    setParent(task, parent) {
      if (parent === undefined) dropParent.run(task);
      else setParent.run(task, parent);
    },
    mirroredOf: (task) => (mirroredOf.get(task) as { used: number } | undefined)?.used,
    setMirrored(task, used) {
      if (used === undefined) dropMirrored.run(task);
      else setMirrored.run(task, used);
    },
    holdOf(hold) {
      const row = holdOf.get(hold) as { facts: string } | undefined;
      return row === undefined ? undefined : (JSON.parse(row.facts) as HoldFacts);
    },
    setHold(hold, held) {
      if (held === undefined) {
        dropHold.run(hold);
        return;
      }
      setHold.run(hold, JSON.stringify(held));
      if (++sinceDropped < MOST_HOLDS / 10) return;
      sinceDropped = 0;
      dropOldest.run(MOST_HOLDS);
    },
  };
}
