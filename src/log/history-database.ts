// Owns the history index's SQLite file: its tables, how rows go in and how they are found.
// Does not own the truth: everything here is derived from the log and may be deleted (then it is built again).
// Runs on a worker's thread only, because every call waits for the disk.

import Database from "libsql";
import type { LogRecord } from "../protocol/index.ts";
import type { HistoryFilter } from "./history-filter.ts";
import { historyRowsOf } from "./history-row.ts";

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

/** A row that a query found. `row` is its number, which a page goes on from. */
export interface FoundRow extends LinePlace {
  readonly row: number;
  readonly seq: number;
  readonly part: number;
}

export interface HistoryDatabase {
  /** Position of the last record that is in. */
  readonly indexedTo: number;
  /** Add records that follow `indexedTo`, in one transaction. */
  add(records: readonly PlacedRecord[]): void;
  /** Newest first. */
  find(filter: HistoryFilter, limit: number): FoundRow[];
  close(): void;
}

/** Layout of the tables. Another one is thrown away and built again. */
const FORMAT = 1;
const MOST_WORDS = 32;

const TABLES = `
  CREATE TABLE about (format INTEGER NOT NULL, history TEXT NOT NULL, indexedTo INTEGER NOT NULL);
  CREATE TABLE rows (
    row INTEGER PRIMARY KEY, seq INTEGER NOT NULL, part INTEGER NOT NULL, at INTEGER NOT NULL,
    actor TEXT NOT NULL, type TEXT NOT NULL, name TEXT, event TEXT, agent TEXT, granted INTEGER,
    segment INTEGER NOT NULL, "offset" INTEGER NOT NULL, bytes INTEGER NOT NULL
  );
  CREATE INDEX rowsByActor ON rows (actor);
  CREATE INDEX rowsByType ON rows (type);
  CREATE INDEX rowsByName ON rows (name);
  CREATE INDEX rowsByAgent ON rows (agent);
  CREATE VIRTUAL TABLE words USING fts5 (text, content = '', tokenize = 'unicode61');
`;

/**
 * Open the index of one history. `history` names the log's epochs: an index of another one holds records that are
 * gone. Throws for a file that is damaged, of another format or of another history.
 */
export function openHistoryDatabase(path: string, history: string): HistoryDatabase {
  const db = new Database(path);
  try {
    // Losing the last transactions loses nothing: they are indexed again. The file itself stays whole.
    db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;");
    prepareTables(db, history);
    return overTables(db);
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

function overTables(db: Database.Database): HistoryDatabase {
  let { indexedTo } = db.prepare("SELECT indexedTo FROM about").get() as { indexedTo: number };
  let { lastRow } = db.prepare("SELECT coalesce(max(row), 0) AS lastRow FROM rows").get() as { lastRow: number };
  const addRow = db.prepare(
    'INSERT INTO rows (row, seq, part, at, actor, type, name, event, agent, granted, segment, "offset", bytes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
  );
  const addWords = db.prepare("INSERT INTO words (rowid, text) VALUES (?, ?)");
  const setIndexedTo = db.prepare("UPDATE about SET indexedTo = ?");

  const addOne = ({ record, segment, offset, bytes }: PlacedRecord): void => {
    for (const [part, row] of historyRowsOf(record).entries()) {
      lastRow++;
      const granted = row.granted === undefined ? null : Number(row.granted);
      addRow.run(
        lastRow,
        record.seq,
        part,
        record.at,
        record.actor,
        row.type,
        row.name ?? null,
        row.event ?? null,
        row.agent ?? null,
        granted,
        segment,
        offset,
        bytes,
      );
      const words = [row.name, row.event, row.agent, row.reason, record.actor].filter((word) => word !== undefined);
      addWords.run(lastRow, words.join(" "));
    }
  };

  return {
    get indexedTo() {
      return indexedTo;
    },
    add: (records) => {
      const last = records.at(-1);
      if (last === undefined) return;
      const rowBefore = lastRow;
      db.exec("BEGIN IMMEDIATE");
      try {
        for (const record of records) addOne(record);
        setIndexedTo.run(last.record.seq);
        db.exec("COMMIT");
        indexedTo = last.record.seq;
      } catch (error) {
        lastRow = rowBefore;
        db.exec("ROLLBACK");
        throw error;
      }
    },
    find: (filter, limit) => {
      const { where, values } = conditionsOf(filter);
      const sql = `SELECT row, seq, part, segment, "offset", bytes FROM rows ${where} ORDER BY row DESC LIMIT ?`;
      return db.prepare(sql).all(...values, limit) as FoundRow[];
    },
    close: () => {
      db.close();
    },
  };
}

type SqlValue = string | number;

function conditionsOf(filter: HistoryFilter): { where: string; values: SqlValue[] } {
  const conditions: string[] = [];
  const values: SqlValue[] = [];
  const add = (condition: string, value: SqlValue | undefined): void => {
    if (value === undefined) return;
    conditions.push(condition);
    values.push(value);
  };
  add("actor = ?", filter.actor);
  add("agent = ?", filter.agent);
  add("type = ?", filter.type);
  add("name = ?", filter.name);
  add("event = ?", filter.event);
  add("granted = ?", filter.granted === undefined ? undefined : Number(filter.granted));
  add("at >= ?", filter.since);
  add("at <= ?", filter.until);
  add("row < ?", filter.before);
  add("row IN (SELECT rowid FROM words WHERE words MATCH ?)", wordsQueryOf(filter.text));
  return { where: conditions.length === 0 ? "" : `WHERE ${conditions.join(" AND ")}`, values };
}

/** Every word must be there; the last may be a beginning. Quoted, so that nothing of it is taken as a query language. */
function wordsQueryOf(text: string | undefined): string | undefined {
  const words = (text?.match(/[\p{L}\p{N}]+/gu) ?? []).slice(0, MOST_WORDS);
  if (words.length === 0) return undefined;
  return `${words.map((word) => `"${word}"`).join(" ")}*`;
}
