// Owns the thread that builds and asks a board's history index, so that the main thread never waits for it (rule 15).
// Does not own which questions are allowed. Bounded: transactions of 1000 records, pages of 500 hits or 1 MiB.

import { readdir, rm } from "node:fs/promises";
import { setImmediate as nextTurn } from "node:timers/promises";
import { parentPort, workerData } from "node:worker_threads";
import { lineIsSound } from "./checked-line.ts";
import { nodeDisk, readFully } from "./disk.ts";
import { openHistoryDatabase, type FoundRow, type HistoryDatabase, type PlacedRecord } from "./history-database.ts";
import type { HistoryAnswer, HistoryFilter, HistoryHit, HistoryQuestion, HistoryReply } from "./history-filter.ts";
import { decodeRecord } from "./record-line.ts";
import { segmentName, SEGMENT_NAME } from "./segment-file.ts";
import { scanSegment } from "./segment-scan.ts";

const { folder, history } = workerData as { folder: string; history: string };
const port = parentPort;
if (port === null) throw new Error("history-worker runs as a worker only");

const TRANSACTION_RECORDS = 1000;
/** How long a question waits for the index to catch up before it is answered with what is there. */
const CATCH_UP_MS = 200;
const MOST_HITS = 500;
const PAGE_BYTES = 1_048_576;
const DATABASE = `${folder}/index.db`;
const SEGMENTS = `${folder}/segments`;

let database: HistoryDatabase | undefined;
let head = 0;
let indexing: Promise<void> | undefined;
let closing = false;

/** The index, made anew where it is missing, damaged or of another history. */
async function openDatabase(): Promise<HistoryDatabase> {
  try {
    const opened = openHistoryDatabase(DATABASE, history);
    // An index that knows more than the log is of a log that was cut.
    if (opened.indexedTo <= head) return opened;
    opened.close();
  } catch {
    // Built again below.
  }
  await discard();
  return openHistoryDatabase(DATABASE, history);
}

async function discard(): Promise<void> {
  for (const suffix of ["", "-wal", "-shm"]) await rm(DATABASE + suffix, { force: true });
}

async function indexUpTo(db: HistoryDatabase): Promise<void> {
  while (db.indexedTo < head && !closing) {
    const next = db.indexedTo + 1;
    const firstSeqs = (await readdir(SEGMENTS))
      .flatMap((name) => SEGMENT_NAME.exec(name)?.[1] ?? [])
      .map(Number)
      .sort((a, b) => a - b);
    const index = firstSeqs.findLastIndex((firstSeq) => firstSeq <= next);
    const firstSeq = firstSeqs[index];
    if (firstSeq === undefined) throw new Error(`no segment holds record ${next}`);
    await indexSegment(db, firstSeq, Math.min(head, (firstSeqs[index + 1] ?? Infinity) - 1));
    if (db.indexedTo < next && !closing) throw new Error(`record ${next} is missing`);
  }
}

async function indexSegment(db: HistoryDatabase, firstSeq: number, until: number): Promise<void> {
  const path = `${SEGMENTS}/${segmentName(firstSeq)}`;
  for await (const run of scanSegment(nodeDisk, { firstSeq, path }, { until })) {
    let batch: PlacedRecord[] = [];
    for (let i = Math.max(0, db.indexedTo + 1 - run.firstSeq); i < run.starts.length - 1; i++) {
      const start = run.starts[i] ?? 0;
      const end = (run.starts[i + 1] ?? 0) - 1;
      const record = decodeRecord(run.buffer, start, end, run.ascii);
      batch.push({ record, segment: firstSeq, offset: run.fileOffset + start, bytes: end - start });
      if (batch.length < TRANSACTION_RECORDS) continue;
      db.add(batch);
      batch = [];
      await nextTurn();
      if (closing) return;
    }
    db.add(batch);
    await nextTurn();
    if (closing) return;
  }
}

/** Read the hits again from the log: the index only says where they are. */
async function hitsOf(rows: readonly FoundRow[]): Promise<HistoryHit[]> {
  const hits: HistoryHit[] = [];
  const files = new Map<number, number>();
  let bytes = 0;
  try {
    for (const { seq, part, segment, offset, bytes: length } of rows) {
      bytes += length;
      if (hits.length > 0 && bytes > PAGE_BYTES) break;
      const fd = files.get(segment) ?? (await nodeDisk.open(`${SEGMENTS}/${segmentName(segment)}`, "read"));
      files.set(segment, fd);
      const line = Buffer.alloc(length);
      const read = await readFully(nodeDisk, fd, line, 0, offset);
      if (read < length || !lineIsSound(line, 0, length)) throw new Error(`record ${seq} is not where the index says`);
      hits.push({ seq, part, record: decodeRecord(line, 0, length, false) });
    }
    return hits;
  } finally {
    for (const fd of files.values()) await nodeDisk.close(fd);
  }
}

async function answer(filter: HistoryFilter): Promise<HistoryAnswer> {
  database ??= await openDatabase();
  const db = database;
  indexing ??= indexUpTo(db).finally(() => {
    indexing = undefined;
  });
  // Should it fail after this answer, the next question meets the failure.
  indexing.catch(() => undefined);
  const pause = new AbortController();
  await Promise.race([indexing, waitFor(CATCH_UP_MS, pause.signal)]);
  pause.abort();
  const limit = Math.min(Math.max(filter.limit ?? 100, 1), MOST_HITS);
  const rows = db.find(filter, limit);
  const hits = await hitsOf(rows);
  const isLast = rows.length < limit && hits.length === rows.length;
  return { hits, indexedTo: db.indexedTo, next: isLast ? undefined : rows[hits.length - 1]?.row };
}

function waitFor(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => clearTimeout(timer));
  });
}

/** Answer; a failing index is thrown away and built again once before the question fails. */
async function serve(id: number, filter: HistoryFilter): Promise<HistoryReply> {
  for (let attempt = 0; ; attempt++) {
    try {
      return { id, ok: true, answer: await answer(filter) };
    } catch (error) {
      await indexing?.catch(() => undefined);
      database?.close();
      database = undefined;
      if (attempt > 0) return { id, ok: false, message: error instanceof Error ? error.message : String(error) };
      await discard();
    }
  }
}

let turn: Promise<void> = Promise.resolve();
port.on("message", (question: HistoryQuestion) => {
  if (question.kind === "close") {
    closing = true;
    turn = turn.then(async () => {
      await indexing?.catch(() => undefined);
      database?.close();
      port.close();
    });
    return;
  }
  head = Math.max(head, question.head);
  // One question at a time; the engine's side bounds how many wait.
  turn = turn.then(async () => port.postMessage(await serve(question.id, question.filter)));
});
