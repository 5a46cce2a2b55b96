// Owns `refused.log` of a board: which records changed nothing, as the fold judged them. The log itself cannot say so.
// Does not own the verdicts: what is not written yet is judged again by the replay after the newest snapshot, and is
// written and synced before the next one. Losing the file shows refused commands in the history as if they were done.

import { checkedLineOf, objectOfLine } from "./checked-line.ts";
import { codeOf, readFully, writeAll, type Disk } from "./disk.ts";
import type { EpochStart } from "./epochs.ts";
import type { Refused } from "./history-filter.ts";

const FILE = "refused.log";
/** Positions in one line, so that the last line is found in the file's last LAST_BYTES. */
const LINE_SEQS = 2500;
const LAST_BYTES = 128 * 1024;
const CHUNK_BYTES = 1_048_576;
const NEWLINE = 0x0a;

interface RefusalLine {
  readonly epoch: string;
  /** The last of `seqs`. */
  readonly to: number;
  readonly seqs: readonly number[];
  /** What each came to. Left out by earlier versions. */
  readonly outcomes?: readonly string[];
}

/** What a refused record came to, where the file does not say so. */
const UNSAID = "refused";

export interface RefusalFile {
  /** Judged as refused and not written yet. Grows by refused records only, and is written at every question and snapshot. */
  readonly waiting: readonly Refused[];
  /** Positions must grow from call to call. */
  note(refused: readonly Refused[]): void;
  /** Write what waits; with `sync`, make all of it durable. */
  flush(sync: boolean): Promise<void>;
}

export function createRefusalFile(disk: Disk, folder: string, epochs: readonly EpochStart[]): RefusalFile {
  const path = `${folder}/${FILE}`;
  const { epoch } = epochs.at(-1) ?? { epoch: "" };
  let waiting: Refused[] = [];
  /** Last position in the file; undefined until it was looked at. */
  let writtenTo: number | undefined;
  // Whoever had the folder before may have written without a sync.
  let unsynced = true;
  let isNew = false;
  let flushing: Promise<void> = Promise.resolve();

  const write = async (sync: boolean): Promise<void> => {
    if (waiting.length === 0 && !(sync && unsynced)) return;
    let fd = await openIfThere(disk, path);
    if (fd === undefined) {
      if (waiting.length === 0) return;
      fd = await disk.open(path, "create");
      isNew = true;
    }
    try {
      const size = await disk.size(fd);
      writtenTo ??= await lastIn(disk, fd, size, epochs);
      const taken = waiting;
      const from = writtenTo;
      const refused = taken.filter(({ seq }) => seq > from);
      // A line that a crash cut off is ended first.
      const lines: Buffer[] = [Buffer.from(size > 0 ? "\n" : "")];
      for (let i = 0; i < refused.length; i += LINE_SEQS) {
        const some = refused.slice(i, i + LINE_SEQS);
        const line: RefusalLine = {
          epoch,
          to: some.at(-1)?.seq ?? 0,
          seqs: some.map(({ seq }) => seq),
          outcomes: some.map(({ outcome }) => outcome),
        };
        lines.push(checkedLineOf(line));
      }
      if (refused.length > 0) {
        const bytes = Buffer.concat(lines);
        await writeAll(disk, fd, bytes, bytes.length, size);
        unsynced = true;
        writtenTo = refused.at(-1)?.seq ?? from;
      }
      waiting = waiting.slice(taken.length);
      if (sync && unsynced) {
        await disk.fdatasync(fd);
        if (isNew) await disk.syncFolder(folder);
        unsynced = false;
        isNew = false;
      }
    } finally {
      await disk.close(fd);
    }
  };

  return {
    get waiting() {
      return waiting;
    },
    note: (refused) => {
      for (const one of refused) waiting.push(one);
    },
    flush: (sync) => {
      const turn = flushing.then(() => write(sync));
      flushing = turn.catch(() => undefined);
      return turn;
    },
  };
}

async function openIfThere(disk: Disk, path: string): Promise<number | undefined> {
  try {
    return await disk.open(path, "update");
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
    return undefined;
  }
}

/** The last position that the file speaks of, within what its epoch kept. */
async function lastIn(disk: Disk, fd: number, size: number, epochs: readonly EpochStart[]): Promise<number> {
  const tail = Buffer.alloc(Math.min(size, LAST_BYTES));
  await readFully(disk, fd, tail, 0, size - tail.length);
  let last = 0;
  for (const line of linesOf(tail)) last = Math.max(last, Math.min(line.to, endOf(line.epoch, epochs) - 1));
  return last;
}

/** First position that is not an epoch's any more: a cut of history took what it had from there on (rule 7). */
function endOf(epoch: string, epochs: readonly { readonly epoch: string; readonly firstSeq: number }[]): number {
  const index = epochs.findIndex((one) => one.epoch === epoch);
  return index < 0 ? 0 : (epochs[index + 1]?.firstSeq ?? Infinity);
}

/** The sound lines of a piece of the file; what is damaged is passed over. */
function* linesOf(bytes: Buffer): Generator<RefusalLine, void> {
  for (let start = 0, end = bytes.indexOf(NEWLINE); end >= 0; start = end + 1, end = bytes.indexOf(NEWLINE, start)) {
    const line = objectOfLine(bytes, start, end) as RefusalLine | undefined;
    if (line !== undefined) yield line;
  }
}

export interface RefusalReader {
  /** What each came to, by position. */
  readonly refused: ReadonlyMap<number, string>;
  /** Take in what was written since, and what is not written yet. */
  readOn(waiting: readonly Refused[]): Promise<void>;
  /** Nobody will ask about what lies before. */
  forgetTo(seq: number): void;
}

/** The worker's side. */
export function createRefusalReader(
  disk: Disk,
  folder: string,
  epochs: readonly { readonly epoch: string; readonly firstSeq: number }[],
): RefusalReader {
  const refused = new Map<number, string>();
  let offset = 0;
  return {
    refused,
    readOn: async (waiting) => {
      let fd: number | undefined;
      try {
        fd = await disk.open(`${folder}/${FILE}`, "read");
        const chunk = Buffer.alloc(CHUNK_BYTES);
        for (;;) {
          const bytes = chunk.subarray(0, await readFully(disk, fd, chunk, 0, offset));
          // A line takes at most LAST_BYTES; a chunk without an end of line is damage, and passed over.
          const whole = bytes.lastIndexOf(NEWLINE) + 1 || (bytes.length === chunk.length ? bytes.length : 0);
          if (whole === 0) break;
          for (const line of linesOf(bytes.subarray(0, whole))) {
            const end = endOf(line.epoch, epochs);
            for (const [i, seq] of line.seqs.entries()) if (seq < end) refused.set(seq, line.outcomes?.[i] ?? UNSAID);
          }
          offset += whole;
        }
      } catch (error) {
        if (codeOf(error) !== "ENOENT") throw error;
      } finally {
        if (fd !== undefined) await disk.close(fd);
      }
      for (const { seq, outcome } of waiting) refused.set(seq, outcome);
    },
    forgetTo: (to) => {
      for (const seq of refused.keys()) if (seq <= to) refused.delete(seq);
    },
  };
}
