// Owns the thread that builds and asks a board's history index, so that the main thread never waits for it (rule 15).
// Does not own which questions are allowed. Bounded: steps of 1000 records; pages as history-filter bounds them.

import { readdir, rm } from "node:fs/promises";
import { setImmediate as nextTurn } from "node:timers/promises";
import { parentPort, workerData } from "node:worker_threads";
import type { LogRecord } from "../protocol/index.ts";
import { lineIsSound } from "./checked-line.ts";
import { nodeDisk, readFully } from "./disk.ts";
import { openHistoryDatabase, type HistoryDatabase, type PlacedRecord } from "./history-database.ts";
import type { FoundRow } from "./history-find.ts";
import {
  DEFAULT_PACE,
  limitOf,
  pageOf,
  type HistoryHit,
  type HistoryPace,
  type HistoryQuestion,
  type HistoryReply,
  type IndexAnswer,
  type IndexMoment,
  type IndexQuestion,
} from "./history-filter.ts";
import { hitOf } from "./history-match.ts";
import { partsOf } from "./history-row.ts";
import { decodeRecord } from "./record-line.ts";
import { createRefusalReader, type RefusalReader } from "./refusal-file.ts";
import { segmentName, SEGMENT_NAME } from "./segment-file.ts";
import { scanSegment } from "./segment-scan.ts";

const { folder, history, ...given } = workerData as {
  readonly folder: string;
  readonly history: string;
  readonly pace: Partial<HistoryPace>;
};
const pace: HistoryPace = { ...DEFAULT_PACE, ...given.pace };
const port = parentPort;
if (port === null) throw new Error("history-worker runs as a worker only");

type AskedQuestion = Exclude<HistoryQuestion, { kind: "close" }>;

/** Records between two looks at what else there is to do. */
const STEP_RECORDS = 1000;
/** How long a question waits for the index to catch up before it is answered with what is there. */
const CATCH_UP_MS = 200;
/** Decoded bytes of the log that one page may rest on, besides its last record. */
const PAGE_BYTES = 4 * 1_048_576;
/** Reads of the log under way at once. */
const READS_AT_ONCE = 32;
const DATABASE = `${folder}/index.db`;
const SEGMENTS = `${folder}/segments`;

let database: HistoryDatabase | undefined;
let refusals: RefusalReader | undefined;
/** Records up to here are judged. */
let head = 0;
let indexing: Promise<void> | undefined;
/** A question is being answered: indexing waits, as each of its steps would delay each read of the answer. */
let answering: Promise<unknown> | undefined;
let closing = false;

/** The index, made anew where it is missing, damaged or of another history. */
async function openDatabase(): Promise<HistoryDatabase> {
  try {
    const opened = openHistoryDatabase(DATABASE, history, pace);
    // An index that knows more than the log is of a log that was cut.
    if (opened.indexedTo <= head) return opened;
    opened.close();
  } catch {
    // Built again below.
  }
  await discard();
  return openHistoryDatabase(DATABASE, history, pace);
}

async function discard(): Promise<void> {
  for (const suffix of ["", "-wal", "-shm"]) await rm(DATABASE + suffix, { force: true });
}

async function indexUpTo(db: HistoryDatabase): Promise<void> {
  while (db.indexedTo < head && !closing) {
    const firstSeqs = (await readdir(SEGMENTS))
      .flatMap((name) => SEGMENT_NAME.exec(name)?.[1] ?? [])
      .map(Number)
      .sort((a, b) => a - b);
    // What retention took away is not indexed any more.
    const next = Math.max(db.indexedTo + 1, firstSeqs[0] ?? 1);
    const index = firstSeqs.findLastIndex((firstSeq) => firstSeq <= next);
    const firstSeq = firstSeqs[index];
    if (firstSeq === undefined) throw new Error(`no segment holds record ${next}`);
    await indexSegment(db, firstSeq, Math.min(head, (firstSeqs[index + 1] ?? Infinity) - 1));
    if (db.indexedTo < next && !closing) throw new Error(`record ${next} is missing`);
  }
  db.commit();
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
      if (batch.length < STEP_RECORDS) continue;
      db.add(batch, refused());
      batch = [];
      await stepAside();
      if (closing) return;
    }
    db.add(batch, refused());
    await stepAside();
    if (closing) return;
  }
}

async function stepAside(): Promise<void> {
  await nextTurn();
  while (answering !== undefined) await answering;
}

const NONE: ReadonlyMap<number, string> = new Map();
const refused = (): ReadonlyMap<number, string> => refusals?.refused ?? NONE;

/** Read the hits again from the log: the index only says where they are. Ends early where a page would be too large. */
async function hitsAt(rows: readonly FoundRow[]): Promise<{ readonly hits: HistoryHit[]; readonly all: boolean }> {
  const hits: HistoryHit[] = [];
  const files = new Map<number, number>();
  let bytes = 0;
  try {
    for (let from = 0; from < rows.length;) {
      if (bytes > PAGE_BYTES) return { hits, all: false };
      // A few at a time: one wait for all of them, and still no more memory than a page and one record.
      let to = from;
      for (let seq = -1; to < rows.length && to - from < READS_AT_ONCE && bytes <= PAGE_BYTES; to++) {
        const row = rows[to] as FoundRow;
        if (row.seq !== seq) bytes += row.bytes;
        ({ seq } = row);
        if (!files.has(row.segment)) {
          files.set(row.segment, await nodeDisk.open(`${SEGMENTS}/${segmentName(row.segment)}`, "read"));
        }
      }
      const reads = new Map<number, Promise<LogRecord>>();
      const some = rows.slice(from, to);
      for (const row of some) {
        if (!reads.has(row.seq)) reads.set(row.seq, readRecord(files.get(row.segment) ?? -1, row));
      }
      // Files are closed only once nothing reads them, also where a read fails.
      await Promise.allSettled(reads.values());
      const records = new Map((await Promise.all(reads.values())).map((record) => [record.seq as number, record]));
      for (const { seq, part, outcome } of some) {
        const record = records.get(seq);
        const command = record === undefined ? undefined : partsOf(record)[part];
        if (record === undefined || command === undefined) throw new Error(`the index is wrong about record ${seq}`);
        hits.push(hitOf(record, part, command, outcome));
      }
      from = to;
    }
    return { hits, all: true };
  } finally {
    for (const fd of files.values()) await nodeDisk.close(fd);
  }
}

async function readRecord(fd: number, { seq, offset, bytes }: FoundRow): Promise<LogRecord> {
  const line = Buffer.alloc(bytes);
  const read = await readFully(nodeDisk, fd, line, 0, offset);
  if (read < bytes || !lineIsSound(line, 0, bytes)) throw new Error(`record ${seq} is not where the index says`);
  return decodeRecord(line, 0, bytes, false);
}

/** The index, as far as it can catch up in a short while. */
async function caughtUp(moment: IndexMoment): Promise<HistoryDatabase> {
  database ??= await openDatabase();
  const db = database;
  refusals ??= createRefusalReader(nodeDisk, folder, JSON.parse(history) as { epoch: string; firstSeq: number }[]);
  await refusals.readOn(moment.refused);
  indexing ??= indexUpTo(db).finally(() => {
    indexing = undefined;
  });
  // Should it fail after this answer, the next question meets the failure.
  indexing.catch(() => undefined);
  const pause = new AbortController();
  await Promise.race([indexing, waitFor(CATCH_UP_MS, pause.signal)]);
  pause.abort();
  refusals.forgetTo(db.indexedTo);
  return db;
}

async function answer(question: IndexQuestion): Promise<IndexAnswer> {
  const db = await caughtUp(question);
  const { indexedTo } = db;
  const limit = limitOf(question.filter);
  // One more than the page, to know whether another follows.
  const found = db.find(question.filter, limit + 1);
  const reading = hitsAt(found.rows);
  answering = reading.then(
    () => (answering = undefined),
    () => (answering = undefined),
  );
  const { hits, all } = await reading;
  const page = pageOf(hits, limit);
  const next = page.next ?? (all ? found.next : hits.at(-1));
  return {
    hits: page.hits,
    next: next === undefined ? undefined : { seq: next.seq, part: next.part },
    indexedTo,
    refused: Array.from(refused(), ([seq, outcome]) => ({ seq, outcome })),
  };
}

async function replyTo(question: AskedQuestion): Promise<HistoryReply> {
  const { id } = question;
  if (question.kind === "query") return { id, ok: true, answer: await answer(question) };
  const db = await caughtUp(question);
  return { id, ok: true, spending: { ...db.spending(question.question), indexedTo: db.indexedTo } };
}

function waitFor(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => clearTimeout(timer));
  });
}

/** Answer; a failing index is thrown away and built again once before the question fails. */
async function serve(question: AskedQuestion): Promise<HistoryReply> {
  const { id } = question;
  for (let attempt = 0; ; attempt++) {
    try {
      return await replyTo(question);
    } catch (error) {
      await indexing?.catch(() => undefined);
      database?.close();
      database = undefined;
      refusals = undefined;
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
  head = Math.max(head, question.judgedTo);
  // One question at a time; the engine's side bounds how many wait.
  turn = turn.then(async () => port.postMessage(await serve(question)));
});
