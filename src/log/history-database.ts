// Owns the history index's SQLite file: its tables, and how rows go in. Does not own how they are found (history-find).
// Does not own the truth: everything here is derived from the log and may be deleted (then it is built again).
// Runs on a worker's thread only, because every call waits for the disk.

import Database from "libsql";
import type { LogRecord } from "../protocol/index.ts";
import { DEFAULT_PACE, DONE, type HistoryFilter, type HistoryPace, REPEAT } from "./history-filter.ts";
import { findRows, type Found } from "./history-find.ts";
import { PREFIX_CHARS } from "./history-words.ts";
import { isPrivate, textOf, TRACE_ID_CHARS, wordsOf } from "./history-match.ts";
import { partsOf, rowNumber, rowOf } from "./history-row.ts";
import { createSpendTables, SPEND_TABLES, type SpendTables } from "./spending/spend-tables.ts";

/** Where a record's line is. */
export interface LinePlace {
  /** First position of the segment. */
  readonly segment: number;
  readonly offset: number;
  readonly bytes: number;
}

export interface PlacedRecord extends LinePlace {
  readonly record: LogRecord;
}

export interface HistoryDatabase {
  /** Position of the last record that is in. What was added is found at once, and kept for good from time to time. */
  readonly indexedTo: number;
  /** Add records that follow `indexedTo`. `refused` says of those that changed nothing what they came to. */
  add(records: readonly PlacedRecord[], refused: ReadonlyMap<number, string>): void;
  /** Keep what was added. */
  commit(): void;
  /** In the filter's order. Bounded in time: where that is up, `next` says how far it came. */
  find(filter: HistoryFilter, limit: number): Found;
  /** What was spent of a budget. */
  spending: SpendTables["spending"];
  close(): void;
}

/** Layout of the tables. Another one is thrown away and built again. */
const FORMAT = 4;
/** Large transactions spare the words' index most of its merging. Bounded, as what is not kept is indexed again. */
const TRANSACTION_RECORDS = 20_000;

/*
 * Rows are numbered by their place, so an index on one column has the rows of each value in order, and a page is read without
 * sorting. Where a value is a range (names that begin so, times), the rows of one block are found and sorted, block after block.
 * `outcome` is null for what took effect, and `refused` is 1 for codes, so that the rare ones have small indexes of their own.
 */
const TABLES = `
  CREATE TABLE about (format INTEGER NOT NULL, history TEXT NOT NULL, indexedTo INTEGER NOT NULL);
  CREATE TABLE rows (
    row INTEGER PRIMARY KEY, block INTEGER NOT NULL, at INTEGER NOT NULL, actor TEXT NOT NULL, type TEXT NOT NULL, name TEXT,
    event TEXT, agent TEXT, granted INTEGER, task TEXT, trace TEXT, outcome TEXT, refused INTEGER,
    segment INTEGER NOT NULL, "offset" INTEGER NOT NULL, bytes INTEGER NOT NULL
  );
  CREATE TABLE blocks (block INTEGER PRIMARY KEY, first INTEGER NOT NULL, rows INTEGER NOT NULL);
  CREATE INDEX rowsByActor ON rows (actor);
  CREATE INDEX rowsByType ON rows (type);
  CREATE INDEX rowsByAgent ON rows (agent) WHERE agent IS NOT NULL;
  CREATE INDEX rowsByEvent ON rows (event) WHERE event IS NOT NULL;
  CREATE INDEX rowsByTask ON rows (task) WHERE task IS NOT NULL;
  CREATE INDEX rowsByTrace ON rows (trace) WHERE trace IS NOT NULL;
  CREATE INDEX rowsByOutcome ON rows (outcome) WHERE outcome IS NOT NULL;
  CREATE INDEX rowsByRefused ON rows (refused) WHERE refused IS NOT NULL;
  CREATE INDEX rowsByName ON rows (block, name);
  CREATE INDEX rowsByTime ON rows (block, at);
  CREATE VIRTUAL TABLE words USING fts5 (
    text, content = '', columnsize = 0, detail = none, prefix = '${PREFIX_CHARS.join(" ")}', tokenize = 'unicode61'
  );
  CREATE VIRTUAL TABLE terms USING fts5vocab (words, instance);
  ${SPEND_TABLES}
`;

/**
 * Open the index of one history. `history` names the log's epochs: an index of another one holds records that are
 * gone. Throws for a file that is damaged, of another format or of another history.
 */
export function openHistoryDatabase(path: string, history: string, pace: HistoryPace = DEFAULT_PACE): HistoryDatabase {
  const db = new Database(path);
  try {
    // Losing the last transactions loses nothing: they are indexed again. The file itself stays whole.
    db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;");
    prepareTables(db, history);
    return overTables(db, pace);
  } catch (error) {
    db.close();
    throw error;
  }
}

function prepareTables(db: Database.Database, history: string): void {
  const tables = db.prepare("SELECT count(*) AS n FROM sqlite_schema WHERE name = 'about'").get() as { n: number };
  if (tables.n === 0) {
    db.exec(TABLES);
    db.prepare("INSERT INTO about VALUES (?, ?, 0)").run(FORMAT, history);
    return;
  }
  const about = db.prepare("SELECT format, history FROM about").get() as
    | { format: number; history: string }
    | undefined;
  if (about?.format !== FORMAT) throw new Error("the history index has another format");
  if (about.history !== history) throw new Error("the history index is of another history");
}

const orNull = <T>(value: T | undefined): T | null => value ?? null;

function overTables(db: Database.Database, pace: HistoryPace): HistoryDatabase {
  let { indexedTo } = db.prepare("SELECT indexedTo FROM about").get() as { indexedTo: number };
  let added = 0;
  const addRow = db.prepare(`INSERT INTO rows VALUES (${Array.from({ length: 16 }, () => "?").join(", ")})`);
  const addWords = db.prepare("INSERT INTO words (rowid, text) VALUES (?, ?)");
  const setIndexedTo = db.prepare("UPDATE about SET indexedTo = ?");
  const spends = createSpendTables(db);
  const setBlock = db.prepare("INSERT OR REPLACE INTO blocks VALUES (?, ?, ?)");
  const known = db.prepare("SELECT first, rows FROM blocks ORDER BY block").all() as { first: number; rows: number }[];
  /** First row of each block. */
  const blocks = known.map(({ first }) => first);
  let rowsInBlock = known.at(-1)?.rows ?? 0;

  const blockOf = (row: number): number => {
    if (blocks.length === 0 || rowsInBlock >= pace.blockRows) {
      if (blocks.length > 0) keepBlock();
      blocks.push(row);
      rowsInBlock = 0;
    }
    rowsInBlock++;
    return blocks.length - 1;
  };
  const keepBlock = (): void => {
    if (blocks.length > 0) setBlock.run(blocks.length - 1, blocks.at(-1) ?? 0, rowsInBlock);
  };

  const addOne = ({ record, segment, offset, bytes }: PlacedRecord, outcome: string): void => {
    const { actor } = record;
    for (const [part, command] of partsOf(record).entries()) {
      if (isPrivate(command)) continue;
      const row = rowOf(command, actor);
      const number = rowNumber({ seq: record.seq, part });
      addRow.run(
        number,
        blockOf(number),
        row.at ?? record.at,
        actor,
        row.type,
        orNull(row.name),
        orNull(row.event),
        orNull(row.agent),
        row.granted === undefined ? null : Number(row.granted),
        orNull(row.task ?? record.task),
        orNull(record.trace?.slice(0, TRACE_ID_CHARS)),
        outcome === DONE ? null : outcome,
        outcome === DONE || outcome === REPEAT ? null : 1,
        segment,
        offset,
        bytes,
      );
      addWords.run(number, wordsOf(textOf(row, actor)).join(" "));
    }
  };

  const commit = (): void => {
    if (!db.inTransaction) return;
    keepBlock();
    setIndexedTo.run(indexedTo);
    db.exec("COMMIT");
    added = 0;
  };

  return {
    get indexedTo() {
      return indexedTo;
    },
    add: (records, refused) => {
      const last = records.at(-1);
      if (last === undefined) return;
      if (!db.inTransaction) db.exec("BEGIN IMMEDIATE");
      for (const placed of records) {
        const outcome = refused.get(placed.record.seq) ?? DONE;
        addOne(placed, outcome);
        if (outcome === DONE) spends.add(placed.record);
      }
      indexedTo = last.record.seq;
      added += records.length;
      if (added >= TRANSACTION_RECORDS) commit();
    },
    commit,
    spending: (question) => spends.spending(question),
    find: (filter, limit) => findRows(db, { blocks, budgetMs: pace.budgetMs }, filter, limit),
    close: () => {
      db.close();
    },
  };
}
