// Owns the history index's SQLite file: its tables, how rows go in and how they are found.
// Does not own the truth: everything here is derived from the log and may be deleted (then it is built again).
// Runs on a worker's thread only, because every call waits for the disk.

import Database from "libsql";
import type { LogRecord } from "../protocol/index.ts";
import type { HistoryFilter, HistoryPlace } from "./history-filter.ts";
import { isPrivate, textOf, wordsAskedFor, wordsOf } from "./history-match.ts";
import { MOST_PARTS, partsOf, rowOf } from "./history-row.ts";

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

/** A row that a query found. */
export interface FoundRow extends LinePlace, HistoryPlace {}

export interface HistoryDatabase {
  /** Position of the last record that is in. What was added is found at once, and kept for good from time to time. */
  readonly indexedTo: number;
  /** Add records that follow `indexedTo`. Of the refused ones nothing is kept. */
  add(records: readonly PlacedRecord[], refused: ReadonlySet<number>): void;
  /** Keep what was added. */
  commit(): void;
  /** Newest first. */
  find(filter: HistoryFilter, limit: number, first: number): FoundRow[];
  /** Whether most of what it holds is of records before this one. */
  isMostlyBefore(first: number): boolean;
  close(): void;
}

/** Layout of the tables. Another one is thrown away and built again. */
const FORMAT = 2;
/** Large transactions spare the words' index most of its merging. Bounded, as what is not kept is indexed again. */
const TRANSACTION_RECORDS = 20_000;

const TABLES = `
  CREATE TABLE about (format INTEGER NOT NULL, history TEXT NOT NULL, indexedTo INTEGER NOT NULL);
  CREATE TABLE rows (
    row INTEGER PRIMARY KEY, at INTEGER NOT NULL, actor TEXT NOT NULL, type TEXT NOT NULL, name TEXT, event TEXT, agent TEXT, granted INTEGER,
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

/** A row's number is its place, so that pages go on at the same place in an index that was built again. */
const rowNumber = ({ seq, part }: HistoryPlace): number => seq * MOST_PARTS + part;

function overTables(db: Database.Database): HistoryDatabase {
  let { indexedTo } = db.prepare("SELECT indexedTo FROM about").get() as { indexedTo: number };
  let added = 0;
  const addRow = db.prepare(
    'INSERT INTO rows (row, at, actor, type, name, event, agent, granted, segment, "offset", bytes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
  );
  const addWords = db.prepare("INSERT INTO words (rowid, text) VALUES (?, ?)");
  const setIndexedTo = db.prepare("UPDATE about SET indexedTo = ?");

  const addOne = ({ record, segment, offset, bytes }: PlacedRecord): void => {
    for (const [part, command] of partsOf(record).entries()) {
      if (isPrivate(command)) continue;
      const row = rowOf(command, record.actor);
      const number = rowNumber({ seq: record.seq, part });
      addRow.run(
        number,
        row.at ?? record.at,
        record.actor,
        row.type,
        row.name ?? null,
        row.event ?? null,
        row.agent ?? null,
        row.granted === undefined ? null : Number(row.granted),
        segment,
        offset,
        bytes,
      );
      addWords.run(number, wordsOf(textOf(row, record.actor)).join(" "));
    }
  };

  const commit = (): void => {
    if (!db.inTransaction) return;
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
      for (const placed of records) if (!refused.has(placed.record.seq)) addOne(placed);
      indexedTo = last.record.seq;
      added += records.length;
      if (added >= TRANSACTION_RECORDS) commit();
    },
    commit,
    isMostlyBefore: (first) => {
      const { oldest } = db.prepare("SELECT min(row) AS oldest FROM rows").get() as { oldest: number | null };
      const from = oldest === null ? indexedTo : Math.floor(oldest / MOST_PARTS);
      return first - from > indexedTo - first;
    },
    find: (filter, limit, first) => {
      const { where, values } = conditionsOf(filter, first);
      const sql = `SELECT row, segment, "offset", bytes FROM rows ${where} ORDER BY row DESC LIMIT ?`;
      const rows = db.prepare(sql).all(...values, limit) as (LinePlace & { readonly row: number })[];
      return rows.map(({ row, segment, offset, bytes }) => {
        const part = row % MOST_PARTS;
        return { seq: (row - part) / MOST_PARTS, part, segment, offset, bytes };
      });
    },
    close: () => {
      db.close();
    },
  };
}

type SqlValue = string | number;

function conditionsOf(filter: HistoryFilter, first: number): { where: string; values: SqlValue[] } {
  const conditions: string[] = [];
  const values: SqlValue[] = [];
  const add = (condition: string, value: SqlValue | undefined): void => {
    if (value === undefined) return;
    conditions.push(condition);
    values.push(value);
  };
  if (first > 1) add("row >= ?", rowNumber({ seq: first, part: 0 }));
  add("actor = ?", filter.actor);
  add("agent = ?", filter.agent);
  add("type = ?", filter.type);
  if (filter.entriesOnly === true) {
    conditions.push(
      "(type IN ('entry.put', 'entry.merge', 'entry.delete', 'record.erase') OR (type = 'items.expire' AND event = 'entry'))",
    );
  }
  add("name = ?", filter.name);
  add("name >= ?", filter.namePrefix);
  add("name < ?", endOfPrefix(filter.namePrefix ?? ""));
  add("event = ?", filter.event);
  add("granted = ?", filter.granted === undefined ? undefined : Number(filter.granted));
  add("at >= ?", filter.since);
  add("at <= ?", filter.until);
  add("row < ?", filter.before === undefined ? undefined : rowNumber(filter.before));
  add("row IN (SELECT rowid FROM words WHERE words MATCH ?)", wordsQueryOf(filter.text));
  return { where: conditions.length === 0 ? "" : `WHERE ${conditions.join(" AND ")}`, values };
}

/** The first name behind all that begin so, by UTF-8 bytes (rule 19); undefined where nothing is behind them. */
function endOfPrefix(prefix: string): string | undefined {
  const points = Array.from(prefix, (char) => char.codePointAt(0) ?? 0);
  for (let last = points.pop(); last !== undefined; last = points.pop()) {
    if (last === 0x10ffff) continue;
    return String.fromCodePoint(...points, last === 0xd7ff ? 0xe000 : last + 1);
  }
  return undefined;
}

/** Every word must be there; the last may be a beginning. Quoted, so that nothing of it is taken as a query language. */
function wordsQueryOf(text: string | undefined): string | undefined {
  const words = wordsAskedFor(text ?? "");
  if (words.length === 0) return undefined;
  return `${words.map((word) => `"${word}"`).join(" ")}*`;
}
