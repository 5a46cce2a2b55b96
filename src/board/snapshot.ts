// Owns how a state is taken apart for a snapshot. Does not own files or checksums (log/), nor the way back
// (snapshot-reader). What a snapshot leaves out must follow from what it holds: a restored state goes on exactly alike.

import type { Entry, SnapshotPart } from "../protocol/index.ts";
import { boardOf } from "./board.ts";
import type { IdColumns } from "./id-columns.ts";
import { type ItemOf, itemRow, type Kind, KINDS, NOTE_FIELDS, rowOf } from "./kinds.ts";
import { packWords } from "./packed-words.ts";
import type { BoardState } from "./state.ts";

/** Layout of the parts. A reader refuses a number that it does not know; the log then has it all (L2). */
export const SNAPSHOT_FORMAT = 1;

/** Rows in one part: one JSON.parse for all of them, and a moment's work to write. */
const PART_ROWS = 1000;

export interface BoardHead {
  readonly part: "board";
  readonly format: number;
  readonly seq: number;
  readonly clock: number;
  readonly rules: number;
  readonly revFloor: number;
  readonly auditTotal: number;
  readonly lanes: string;
  readonly forgottenIssuedAt: number;
}

/** Values are the texts. `by`, `source` and `expires` are sparse: places and what stands there. */
export interface EntriesHead {
  readonly part: "entries";
  readonly keys: readonly string[];
  readonly hashes: readonly string[];
  readonly seqs: readonly number[];
  readonly ats: readonly number[];
  readonly revs: readonly number[];
  /** Distinct writers of this part, and which of them wrote each entry. */
  readonly writers: readonly string[];
  readonly by: readonly number[];
  readonly sources: readonly (readonly [place: number, source: string])[];
  readonly expiries: readonly (readonly [place: number, clock: number])[];
}

export interface ItemsHead {
  readonly part: "items";
  readonly kind: Kind;
  readonly rows: readonly (readonly unknown[])[];
}

export interface RowsHead {
  readonly part: "notes" | "tombstones" | "activity" | "marks";
  /** For marks: whose. */
  readonly source?: string;
  readonly rows: readonly (readonly unknown[])[];
}

export interface IdsHead {
  readonly part: "ids";
  readonly seqs: readonly number[];
  readonly clocks: readonly number[];
  readonly issued: readonly number[];
  readonly revs: readonly number[];
  readonly ttls: readonly number[];
  readonly tags: readonly number[];
  /** Seqs of outcomes that are text. The first text is the packed keys, the others are these outcomes in order. */
  readonly texts: readonly number[];
}

/** How many rows of everything there were: a snapshot that lacks a part is found out. */
export interface EndHead {
  readonly part: "end";
  readonly rows: number;
}

export type PartHead = BoardHead | EntriesHead | ItemsHead | RowsHead | IdsHead | EndHead;

/** Rows that a snapshot would hold now, roughly: what it costs to write one. */
export function snapshotRows(state: BoardState): number {
  const board = boardOf(state);
  return board.entries.size + board.ids.count;
}

/**
 * The parts of a snapshot of the state as it is at the time of the call. The call itself only copies references, so it is
 * short even for a million entries; the parts are made one by one as they are asked for, while the board may go on
 * changing, because items are never changed in place. Iterate once.
 */
export function writeSnapshot(state: BoardState): Iterable<SnapshotPart> {
  const board = boardOf(state);
  const head: BoardHead = {
    part: "board",
    format: SNAPSHOT_FORMAT,
    seq: board.seq,
    clock: board.clock,
    rules: board.rules,
    revFloor: board.revFloor,
    auditTotal: board.audit.total,
    lanes: board.digest.settled().toHex(),
    forgottenIssuedAt: board.ids.forgottenIssuedAt,
  };
  const entries = [...board.entries.values()];
  const items = KINDS.map((kind) => ({ kind, items: [...board[kind].values()] as ItemOf[Kind][] }));
  const rows: { part: RowsHead["part"]; source?: string; rows: unknown[][] }[] = [
    { part: "notes", rows: board.audit.notes.map((note) => rowOf(NOTE_FIELDS, note)) },
    { part: "tombstones", rows: Array.from(board.tombstones, ([key, { rev, seq }]) => [key, rev, seq]) },
    { part: "activity", rows: Array.from(board.activity, ([name, a]) => [name, a.lastAt, a.writes, a.seq]) },
  ];
  for (const [source, marks] of board.marks) {
    const seqs = board.markSeqs.get(source);
    rows.push({
      part: "marks",
      source,
      rows: Array.from(marks, ([name, value]) => [name, value, seqs?.get(name) ?? 0]),
    });
  }
  const columns = board.ids.columns.copy();
  const texts = new Map(board.ids.texts);

  function* parts(): Generator<SnapshotPart> {
    let count = 0;
    yield part(head);
    for (const chunk of chunksOf(entries)) {
      count += chunk.length;
      yield entriesPart(chunk);
    }
    for (const { kind, items: all } of items) {
      for (const chunk of chunksOf(all)) {
        count += chunk.length;
        yield part({ part: "items", kind, rows: chunk.map((item) => itemRow(kind, item)) });
      }
    }
    for (const group of rows) {
      for (const chunk of chunksOf(group.rows)) {
        count += chunk.length;
        yield part({ ...group, rows: chunk });
      }
    }
    for (let from = 0; from < columns.count; from += PART_ROWS) {
      const to = Math.min(from + PART_ROWS, columns.count);
      count += to - from;
      yield idsPart(columns, texts, from, to);
    }
    yield part({ part: "end", rows: count });
  }
  return parts();
}

const part = (head: PartHead, texts: readonly string[] = []): SnapshotPart => ({ head: JSON.stringify(head), texts });

function* chunksOf<T>(all: readonly T[]): Generator<readonly T[]> {
  for (let from = 0; from < all.length; from += PART_ROWS) yield all.slice(from, from + PART_ROWS);
}

function entriesPart(entries: readonly Entry[]): SnapshotPart {
  const writers = new Map<string, number>();
  const by = entries.map((entry) => {
    const known = writers.get(entry.by);
    if (known !== undefined) return known;
    writers.set(entry.by, writers.size);
    return writers.size - 1;
  });
  const sources: [number, string][] = [];
  const expiries: [number, number][] = [];
  for (const [place, { source, expiresAtClock }] of entries.entries()) {
    if (source !== undefined) sources.push([place, source]);
    if (expiresAtClock !== Number.POSITIVE_INFINITY) expiries.push([place, expiresAtClock]);
  }
  const head: EntriesHead = {
    part: "entries",
    keys: entries.map((entry) => entry.key),
    hashes: entries.map((entry) => entry.hash),
    seqs: entries.map((entry) => entry.seq),
    ats: entries.map((entry) => entry.at),
    revs: entries.map((entry) => entry.rev),
    writers: [...writers.keys()],
    by,
    sources,
    expiries,
  };
  return part(
    head,
    entries.map((entry) => entry.value),
  );
}

/** Rows `from` to `to` of a copy, whose oldest row is at 0. */
function idsPart(columns: IdColumns, outcomes: ReadonlyMap<number, string>, from: number, to: number): SnapshotPart {
  const words = [columns.keyLow, columns.keyHigh, columns.printLow, columns.printHigh];
  const seqs = Array.from(columns.seqs.subarray(from, to));
  const textSeqs = seqs.filter((seq) => outcomes.has(seq));
  const head: IdsHead = {
    part: "ids",
    seqs,
    clocks: Array.from(columns.clocks.subarray(from, to)),
    issued: Array.from(columns.issued.subarray(from, to)),
    revs: Array.from(columns.revs.subarray(from, to)),
    ttls: Array.from(columns.ttls.subarray(from, to)),
    tags: Array.from(columns.tags.subarray(from, to)),
    texts: textSeqs,
  };
  return part(head, [
    packWords(words.map((column) => column.subarray(from, to))),
    ...textSeqs.map((seq) => outcomes.get(seq) ?? ""),
  ]);
}
