// Owns the log contract over segment files: group commit, its failures and its readers.
// Does not own files' bytes (segment-writer, segment-scan) or what waits (commit-queue).
//
//   open ──write or sync fails──▶ failed ──new segment──▶ open          (rule 5)
//     └────────── close ──────────────┴──────────▶ closed
//
// Invariant: a batch resolves only after its bytes are synced, in the order of the calls (law L1).

import { seq as toSeq, type Draft, type LogRecord, type Seq } from "../protocol/index.ts";
import { createCommitQueue, rejectGroup, resolveGroup, type CommitGroup } from "./commit-queue.ts";
import { LogError, type BoardLog } from "./contract.ts";
import type { Disk } from "./disk.ts";
import type { EpochStart } from "./epochs.ts";
import type { RecoveredLog } from "./log-recovery.ts";
import { encodeRecord } from "./record-line.ts";
import { readRecords } from "./segment-reader.ts";
import { createSegmentWriter } from "./segment-writer.ts";

export interface SegmentLogOptions {
  readonly disk: Disk;
  readonly folder: string;
  readonly board: string;
  readonly secret: string;
  readonly epochs: readonly EpochStart[];
  /** What opening found (log-recovery). The log takes `segments` over. */
  readonly found: RecoveredLog;
  readonly maxRecordBytes: number;
  readonly maxGroupBytes: number;
  readonly segmentBytes: number;
  /** Pause before the disk is tried again: it doubles from `first` to `most`. */
  readonly retryMs: { readonly first: number; readonly most: number };
  readonly now: () => number;
  /** Told of lines that are durable, the first of them at this position, and where their envelopes stand. */
  readonly onDurable?: (firstSeq: number, lines: Buffer, envelopes: readonly number[]) => void;
  /** What ends with the log. */
  readonly onClose: () => Promise<void>;
}

/** The log, and what only its own folder may ask of it. */
export interface SegmentLog extends BoardLog {
  /** The next record begins a new segment, so that all before are closed and may be replaced. */
  seal(): void;
}

export function createSegmentLog(options: SegmentLogOptions): SegmentLog {
  const { disk, epochs, secret, maxRecordBytes, found } = options;
  const epoch = epochs.at(-1)?.epoch;
  if (epoch === undefined) throw new Error("a log without an epoch");
  const writer = createSegmentWriter({ ...options, ...found, epoch, foundEpoch: found.epoch });
  const queue = createCommitQueue(options.maxGroupBytes);
  /** Position that the next draft gets. Runs ahead of the writer's head by what is in flight and what waits. */
  let nextSeq = writer.head + 1;
  let failure: string | undefined;
  let running = false;
  let committing: Promise<void> | undefined;
  let retry: NodeJS.Timeout | undefined;
  let recovering: Promise<void> | undefined;
  let closing: Promise<void> | undefined;

  const commitLoop = async (): Promise<void> => {
    running = true;
    for (let group = queue.take(); group !== undefined; group = queue.take()) {
      if (!(await commitGroup(group))) continue;
      resolveGroup(group);
      options.onDurable?.(writer.head - group.count + 1, group.buffer, group.envelopes);
      queue.recycle(group);
    }
    // In the same step as the empty take, so that no append falls between the two.
    running = false;
  };

  const commitGroup = async (group: CommitGroup): Promise<boolean> => {
    try {
      await writer.prepare(group.bytes);
    } catch (error) {
      failure = reasonOf(error);
      reject(error, group, "log_unavailable");
      startRetries(options.retryMs.first);
      return false;
    }
    try {
      await writer.commit(group.buffer, group.bytes, group.count);
      return true;
    } catch (error) {
      await abandon(error, group);
      return false;
    }
  };

  /** After a failed write or sync: settle at once what is kept, so that the head is final when the callers hear of it. */
  const abandon = async (error: unknown, group: CommitGroup): Promise<void> => {
    failure = reasonOf(error);
    try {
      await writer.moveOn(true);
      failure = undefined;
    } catch (again) {
      failure = reasonOf(again);
      startRetries(options.retryMs.first);
    }
    reject(error, group, "indeterminate");
  };

  const reject = (error: unknown, group: CommitGroup, code: "indeterminate" | "log_unavailable"): void => {
    nextSeq = writer.head + 1;
    const reason = reasonOf(error);
    rejectGroup(group, new LogError(code, reason, { cause: error }));
    // Later batches were never written: refused, so that none of them overtakes the one whose fate is open.
    queue.rejectAll(new LogError("log_unavailable", reason, { cause: error }));
  };

  const startRetries = (pauseMs: number): void => {
    if (closing !== undefined) return;
    retry = setTimeout(() => {
      retry = undefined;
      recovering = writer.moveOn(false).then(
        () => {
          failure = undefined;
          recovering = undefined;
        },
        (error: unknown) => {
          failure = reasonOf(error);
          recovering = undefined;
          startRetries(Math.min(pauseMs * 2, options.retryMs.most));
        },
      );
    }, pauseMs);
    retry.unref();
  };

  const append = async (drafts: readonly Draft[]): Promise<readonly LogRecord[]> => {
    if (closing !== undefined) throw new LogError("shutting_down", "the log is closed");
    if (failure !== undefined) throw new LogError("log_unavailable", failure);
    if (drafts.length === 0) return [];
    const encoded = drafts.map((draft, i) => encodeRecord(draft, toSeq(nextSeq + i), secret));
    for (const { bytes } of encoded) {
      if (bytes <= maxRecordBytes) continue;
      throw new LogError("record_too_large", `a record takes ${bytes} bytes, of ${maxRecordBytes} allowed`);
    }
    nextSeq += encoded.length;
    const durable = queue.add(encoded);
    if (!running) committing = commitLoop();
    return durable;
  };

  return {
    epoch,
    epochs,
    get head() {
      return toSeq(writer.head);
    },
    get first() {
      return toSeq(found.segments[0]?.firstSeq ?? 1);
    },
    maxRecordBytes,
    get health(): BoardLog["health"] {
      return failure === undefined ? { writable: true } : { writable: false, reason: failure };
    },
    append,
    seal: () => writer.seal(),
    read: async function* (from: Seq) {
      if (closing !== undefined) throw new LogError("shutting_down", "the log is closed");
      yield* readRecords({ disk, segments: found.segments, from, head: writer.head, places: found.places });
    },
    close: () => {
      closing ??= (async () => {
        clearTimeout(retry);
        await committing;
        await recovering;
        await writer.close();
        await options.onClose();
      })();
      return closing;
    },
  };
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
