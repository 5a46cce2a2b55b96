// Owns how the rows of a filter are found in the history index: which index is used, and how much is looked through at a time.
// Does not own the tables (history-database). Bounded: `budgetMs` of looking, then it says how far it came; so the first page of any
// filter, however rare what it asks for and however it is combined, comes soon, and pages go on from there.

import type Database from "libsql";
import { DONE, type HistoryFilter, type HistoryPlace, REPEAT } from "./history-filter.ts";
import type { LinePlace } from "./history-database.ts";
import { wordsAskedFor } from "./history-match.ts";
import { placeOfRow, rowNumber } from "./history-row.ts";
import { wordsQuery } from "./history-words.ts";

/** A row that a question found. */
export interface FoundRow extends LinePlace, HistoryPlace {
  readonly outcome: string;
}

export interface Found {
  readonly rows: readonly FoundRow[];
  /** Where looking ended because time was up; undefined where all was looked through, or the rows are as many as were asked. */
  readonly next: HistoryPlace | undefined;
}

/** Most blocks of one step where an index has the rows in order, alone and with other conditions beside it. */
const STEP_BLOCKS = { alone: 16, beside: 2 };
/** Rows that hold the words of a question, in the first step and in later ones. */
const FIRST_WORD_ROWS = 128;
const MOST_WORD_ROWS = 4096;

type SqlValue = string | number;

interface Condition {
  readonly sql: string;
  readonly values: readonly SqlValue[];
  /** The index that answers it, with what it is worth: where several would do, the least one is taken. */
  readonly index?: { readonly name: string; readonly worth: number; readonly isRange?: true };
}

/** What a question is looked up by. */
interface Search {
  readonly db: Database.Database;
  readonly conditions: readonly Condition[];
  readonly low: number;
  /** Not included. */
  readonly high: number;
  readonly isOldest: boolean;
  readonly limit: number;
  /** `performance.now()` at which it answers with what is there. */
  readonly endsAt: number;
}

type RawRow = LinePlace & { readonly row: number; readonly outcome: string | null };

const COLUMNS = 'row, segment, "offset", bytes, outcome';

export function findRows(
  db: Database.Database,
  /** `blocks`: the first row of each, in order. */
  { blocks, budgetMs }: { readonly blocks: readonly number[]; readonly budgetMs: number },
  filter: HistoryFilter,
  limit: number,
): Found {
  const search: Search = {
    db,
    conditions: conditionsOf(filter),
    low: filter.after === undefined ? 0 : rowNumber(filter.after) + 1,
    high: filter.before === undefined ? Number.MAX_SAFE_INTEGER : rowNumber(filter.before),
    isOldest: filter.order === "oldest",
    limit,
    endsAt: performance.now() + budgetMs,
  };
  const words = wordsAskedFor(filter.text ?? "");
  return words.length === 0 ? findInBlocks(search, blocks) : findByWords(search, wordsQuery(db, words));
}

const foundOf = ({ row, segment, offset, bytes, outcome }: RawRow): FoundRow => ({
  ...placeOfRow(row),
  segment,
  offset,
  bytes,
  outcome: outcome ?? DONE,
});

/** Block after block, with the index that promises most. */
function findInBlocks(
  { db, conditions, low, high, isOldest, limit, endsAt }: Search,
  blocks: readonly number[],
): Found {
  const rare = rareOf(db, conditions);
  const best = (rare ?? conditions.toSorted((a, b) => worthOf(a) - worthOf(b))[0])?.index;
  const isRange = best?.isRange === true;
  const statement = db.prepare(
    `SELECT ${COLUMNS} FROM rows ${best === undefined ? "" : `INDEXED BY ${best.name}`}
     WHERE row >= ? AND row < ? ${isRange ? "AND block = ?" : ""} ${conditions.map(({ sql }) => `AND ${sql}`).join(" ")}
     ORDER BY row ${isOldest ? "ASC" : "DESC"} LIMIT ?`,
  );
  const values = conditions.flatMap((condition) => condition.values);
  // That it was done is so of nearly all.
  const isAlone = conditions.filter(({ sql }) => sql !== IS_DONE).length <= 1;
  const step = rare !== undefined ? blocks.length : isRange ? 1 : isAlone ? STEP_BLOCKS.alone : STEP_BLOCKS.beside;
  const rows: FoundRow[] = [];
  for (let block = blockWith(blocks, isOldest ? low : high - 1); ;) {
    const firstBlock = isOldest ? block : Math.max(0, block - step + 1);
    const endBlock = isOldest ? block + step : block + 1;
    if (block < 0 || firstBlock >= blocks.length) return { rows, next: undefined };
    const from = Math.max(low, blocks[firstBlock] ?? 0);
    const to = Math.min(high, blocks[endBlock] ?? Number.MAX_SAFE_INTEGER);
    if (from < to) {
      const bounds = isRange ? [from, to, block] : [from, to];
      rows.push(...(statement.all(...bounds, ...values, limit - rows.length) as RawRow[]).map(foundOf));
    }
    if (rows.length >= limit || (isOldest ? to >= high : from <= low)) return { rows, next: undefined };
    block = isOldest ? endBlock : firstBlock - 1;
    if (block < 0 || block >= blocks.length) return { rows, next: undefined };
    // What follows begins behind what was looked through, wherever the last hit stood.
    if (performance.now() > endsAt) return { rows, next: placeOfRow(isOldest ? to - 1 : from) };
  }
}

/** Rows of a condition that are so few that all of them can be looked at for the others. */
const RARE_ROWS = 1000;

const worthOf = ({ index }: Condition): number => index?.worth ?? Infinity;

/** Where there are several conditions: one that few rows meet, whatever its kind is worth in general. */
function rareOf(db: Database.Database, conditions: readonly Condition[]): Condition | undefined {
  if (conditions.filter(({ sql }) => sql !== IS_DONE).length < 2) return undefined;
  return conditions.find(({ sql, values, index }) => {
    if (index === undefined || index.isRange === true) return false;
    const some = `SELECT count(*) AS n FROM (SELECT 1 FROM rows INDEXED BY ${index.name} WHERE ${sql} LIMIT ${RARE_ROWS})`;
    return (db.prepare(some).get(...values) as { readonly n: number }).n < RARE_ROWS;
  });
}

/** Rows that hold the words, some at a time in order, and of those the ones that meet the rest. */
function findByWords({ db, conditions, low, high, isOldest, limit, endsAt }: Search, match: string): Found {
  const order = isOldest ? "ASC" : "DESC";
  const holding = db.prepare(
    `SELECT rowid FROM words WHERE words MATCH ? AND rowid ${isOldest ? ">=" : "<"} ? ORDER BY rowid ${order} LIMIT ?`,
  );
  const meeting = db.prepare(
    `SELECT ${COLUMNS} FROM rows WHERE row IN (SELECT value FROM json_each(?)) AND row >= ? AND row < ?
     ${conditions.map(({ sql }) => `AND +${sql}`).join(" ")} ORDER BY row ${order}`,
  );
  const values = conditions.flatMap((condition) => condition.values);
  const rows: FoundRow[] = [];
  for (
    let from = isOldest ? low : high, some = Math.max(limit, FIRST_WORD_ROWS);
    ;
    some = Math.min(some * 2, MOST_WORD_ROWS)
  ) {
    const ids = (holding.all(match, from, some) as { readonly rowid: number }[]).map(({ rowid }) => rowid);
    rows.push(...(meeting.all(JSON.stringify(ids), low, high, ...values) as RawRow[]).map(foundOf));
    if (rows.length >= limit) return { rows: rows.slice(0, limit), next: undefined };
    const last = ids.at(-1);
    if (last === undefined || ids.length < some || (isOldest ? last >= high : last < low))
      return { rows, next: undefined };
    if (performance.now() > endsAt) return { rows, next: placeOfRow(last) };
    from = isOldest ? last + 1 : last;
  }
}

/** The block that a row stands in or would stand in; the first one for rows before it, -1 where there are none. */
function blockWith(blocks: readonly number[], row: number): number {
  let low = 0;
  let high = blocks.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((blocks[middle] ?? 0) <= row) low = middle + 1;
    else high = middle;
  }
  return blocks.length === 0 ? -1 : Math.max(0, low - 1);
}

function conditionsOf(filter: HistoryFilter): Condition[] {
  const conditions: Condition[] = [];
  const equal = (column: string, value: SqlValue | undefined, index?: Condition["index"]): void => {
    if (value !== undefined)
      conditions.push({ sql: `${column} = ?`, values: [value], ...(index === undefined ? {} : { index }) });
  };
  const byName = { name: "rowsByName", worth: 2, isRange: true } as const;
  const byTime = { name: "rowsByTime", worth: 7, isRange: true } as const;
  equal("trace", filter.trace, { name: "rowsByTrace", worth: 0 });
  equal("task", filter.task, { name: "rowsByTask", worth: 1 });
  equal("name", filter.name, byName);
  if (filter.namePrefix !== undefined && filter.namePrefix !== "") {
    const end = endOfPrefix(filter.namePrefix);
    conditions.push(
      end === undefined
        ? { sql: "name >= ?", values: [filter.namePrefix], index: byName }
        : { sql: "name >= ? AND name < ?", values: [filter.namePrefix, end], index: byName },
    );
  } else if (filter.namePrefix === "") conditions.push({ sql: "name IS NOT NULL", values: [] });
  conditions.push(...outcomeConditions(filter.outcome ?? DONE));
  equal("agent", filter.agent, { name: "rowsByAgent", worth: 4 });
  equal("event", filter.event, { name: "rowsByEvent", worth: 5 });
  equal("actor", filter.actor, { name: "rowsByActor", worth: 6 });
  if (filter.since !== undefined) conditions.push({ sql: "at >= ?", values: [filter.since], index: byTime });
  if (filter.until !== undefined) conditions.push({ sql: "at <= ?", values: [filter.until], index: byTime });
  equal("type", filter.type, { name: "rowsByType", worth: 8 });
  if (filter.entriesOnly === true) {
    const sql = "(type IN ('entry.put', 'entry.merge', 'entry.delete') OR (type = 'items.expire' AND event = 'entry'))";
    conditions.push({ sql, values: [] });
  }
  equal("granted", filter.granted === undefined ? undefined : Number(filter.granted));
  return conditions;
}

const IS_DONE = "outcome IS NULL";

function outcomeConditions(outcome: string): Condition[] {
  if (outcome === "any") return [];
  if (outcome === DONE) return [{ sql: IS_DONE, values: [] }];
  if (outcome === "refused") return [{ sql: "refused = 1", values: [], index: { name: "rowsByRefused", worth: 3 } }];
  // Repeats may be many, codes are few.
  const worth = outcome === REPEAT ? 9 : 3;
  return [{ sql: "outcome = ?", values: [outcome], index: { name: "rowsByOutcome", worth } }];
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
