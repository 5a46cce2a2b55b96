// Owns the log contract in memory: for tests and for boards that may be forgotten. Nothing survives the process.
// Does not own bytes: records are encoded only to learn their hash and size, so that the limits are those of files.

import { randomBytes } from "node:crypto";
import { setImmediate as nextTurn } from "node:timers/promises";
import {
  DEFAULT_LIMITS,
  epoch as toEpoch,
  seq as toSeq,
  type LogRecord,
  type SnapshotPart,
} from "../protocol/index.ts";
import { newBoardSecret } from "./commitment.ts";
import { LogError, type BoardLog, type SnapshotStore, type Store } from "./contract.ts";
import { HistoryError, limitOf, pageOf, type BoardHistory, type HistoryHit } from "./history-filter.ts";
import { hitsOf } from "./history-match.ts";
import { encodeRecord } from "./record-line.ts";
import { spendingIn } from "./spending/memory-spending.ts";

const READ_BATCH_RECORDS = 4096;
const SNAPSHOTS_KEPT = 2;
/** Questions about the past at once. Beyond, they are refused. */
const MOST_ASKING = 16;
/** Records looked at in one turn of the event loop: a few milliseconds. */
const RECORDS_PER_TURN = 2000;

/** What stays of a board between close and open. */
interface BoardMemoryCells {
  readonly secret: string;
  readonly epoch: ReturnType<typeof toEpoch>;
  readonly records: LogRecord[];
  readonly refused: Map<number, string>;
  readonly snapshots: { seq: number; parts: SnapshotPart[] }[];
  open: boolean;
}

export interface MemoryStoreOptions {
  /** Bytes of the largest record's line. Beyond: `record_too_large`. */
  readonly maxRecordBytes?: number;
}

/** A store that keeps everything in RAM, without a bound of its own: the engine's limits bound it. */
export function createMemoryStore(options: MemoryStoreOptions = {}): Store {
  const maxRecordBytes = options.maxRecordBytes ?? DEFAULT_LIMITS.maxRecordBytes;
  const boards = new Map<string, BoardMemoryCells>();
  let closed = false;

  return {
    list: () => Promise.resolve([...boards.keys()].sort()),
    open: async (board) => {
      if (closed) throw new LogError("shutting_down", "the store is closed");
      let cells = boards.get(board);
      if (cells === undefined) {
        cells = {
          secret: newBoardSecret(),
          epoch: toEpoch(randomBytes(12).toString("base64url")),
          records: [],
          refused: new Map(),
          snapshots: [],
          open: false,
        };
        boards.set(board, cells);
      }
      if (cells.open) throw new Error(`board ${board} is open already`);
      cells.open = true;
      return {
        log: createMemoryLog(cells, maxRecordBytes),
        snapshots: createMemorySnapshots(cells),
        history: createMemoryHistory(cells),
        notices: [],
      };
    },
    remove: async (board) => {
      if (boards.get(board)?.open === true) throw new Error(`board ${board} is open`);
      boards.delete(board);
    },
    close: async () => {
      closed = true;
    },
  };
}

function createMemoryLog(cells: BoardMemoryCells, maxRecordBytes: number): BoardLog {
  const { records, epoch, secret } = cells;
  let closed = false;
  const assertOpen = (): void => {
    if (closed) throw new LogError("shutting_down", "the log is closed");
  };
  return {
    epoch,
    epochs: [{ epoch, firstSeq: toSeq(1) }],
    get head() {
      return toSeq(records.length);
    },
    first: toSeq(1),
    maxRecordBytes,
    health: { writable: true },
    append: async (drafts) => {
      assertOpen();
      const added: LogRecord[] = [];
      for (const draft of drafts) {
        const encoded = encodeRecord(draft, toSeq(records.length + added.length + 1), secret);
        if (encoded.bytes > maxRecordBytes) {
          throw new LogError(
            "record_too_large",
            `the record takes ${encoded.bytes} bytes, of ${maxRecordBytes} allowed`,
          );
        }
        added.push(encoded.record);
      }
      for (const record of added) records.push(record);
      return added;
    },
    read: async function* (from) {
      assertOpen();
      const head = records.length;
      for (let at = Math.max(from, 1) - 1; at < head; at += READ_BATCH_RECORDS) {
        assertOpen();
        yield records.slice(at, Math.min(at + READ_BATCH_RECORDS, head));
      }
    },
    close: async () => {
      closed = true;
      cells.open = false;
    },
  };
}

/** The past by looking through all of it, in the order that is asked for, a bounded number of records a turn. */
function createMemoryHistory({ records, refused }: BoardMemoryCells): BoardHistory {
  let judgedTo = 0;
  let asking = 0;
  return {
    judged: (seq, seqs) => {
      judgedTo = seq;
      for (const one of seqs) refused.set(one.seq, one.outcome);
    },
    query: async (filter) => {
      if (asking >= MOST_ASKING) throw new HistoryError("too many questions are looked up at once");
      asking++;
      try {
        const seq = judgedTo;
        const limit = limitOf(filter);
        const hits: HistoryHit[] = [];
        let left = RECORDS_PER_TURN;
        const last = Math.min(seq, filter.before?.seq ?? seq);
        const first = Math.max(1, filter.after?.seq ?? 1);
        const step = filter.order === "oldest" ? 1 : -1;
        for (let at = step > 0 ? first : last; at >= first && at <= last && hits.length <= limit; at += step) {
          const record = records[at - 1];
          if (record === undefined) continue;
          for (const hit of hitsOf(record, filter, refused.get(at))) {
            hits.push(hit);
            if (hits.length > limit) break;
          }
          if (--left > 0) continue;
          await nextTurn();
          left = RECORDS_PER_TURN;
        }
        return { ...pageOf(hits, limit), seq, indexedTo: seq, first: 1 };
      } finally {
        asking--;
      }
    },
    spending: async (question) => {
      const indexedTo = judgedTo;
      const accepted = records.slice(0, indexedTo).filter(({ seq }) => !refused.has(seq));
      return { ...spendingIn(question, accepted), indexedTo, first: 1 };
    },
  };
}

function createMemorySnapshots(cells: BoardMemoryCells): SnapshotStore {
  return {
    write: async (seq, parts) => {
      const kept: SnapshotPart[] = [];
      for await (const part of parts) kept.push({ head: part.head, texts: [...part.texts] });
      cells.snapshots.push({ seq, parts: kept });
      cells.snapshots.sort((a, b) => b.seq - a.seq);
      cells.snapshots.splice(SNAPSHOTS_KEPT);
    },
    discardNewerThan: async (head) => {
      const newer = cells.snapshots.filter((snapshot) => snapshot.seq > head).map((snapshot) => toSeq(snapshot.seq));
      cells.snapshots.splice(0, newer.length);
      return newer;
    },
    newest: async (notAfter) => {
      const found = cells.snapshots.find((snapshot) => snapshot.seq <= notAfter);
      if (found === undefined) return { seq: undefined, problems: [] };
      return { seq: toSeq(found.seq), parts: replay(found.parts), problems: [] };
    },
  };
}

async function* replay(parts: readonly SnapshotPart[]): AsyncIterable<SnapshotPart> {
  yield* parts;
}
