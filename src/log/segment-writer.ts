// Owns the segment that is written to: write, sync, rotate, and leave behind after a failure (rule 5).
// Does not own who waits. Invariant: `head` and `bytes` count only what a sync has confirmed; a file whose write or
// sync failed is never synced again.

import type { Epoch } from "../protocol/index.ts";
import { writeAll, type Disk } from "./disk.ts";
import { createSegment, type Segment } from "./segment-file.ts";
import type { SegmentPlaces } from "./segment-places.ts";
import { scanSegment } from "./segment-scan.ts";

export interface SegmentWriterOptions {
  readonly disk: Disk;
  readonly folder: string;
  readonly board: string;
  readonly epoch: Epoch;
  readonly segmentBytes: number;
  readonly now: () => number;
  /** What opening found. The writer adds to `segments`. */
  readonly segments: Segment[];
  readonly head: number;
  readonly bytes: number;
  /** Epoch of the last segment that was found. */
  readonly foundEpoch: Epoch | undefined;
  readonly places: SegmentPlaces;
}

export interface SegmentWriter {
  readonly head: number;
  /** Make sure that so many bytes have a segment to go to; nothing of them is written. */
  prepare(bytes: number): Promise<void>;
  /** Write and sync whole lines. A failure leaves it open whether they are kept: call `moveOn`. */
  commit(lines: Buffer, bytes: number, count: number): Promise<void>;
  /**
   * Leave the failed file for a new segment. `carry` takes along the whole lines that are readable behind the head:
   * they are written again, because a sync that failed once says nothing about them.
   */
  moveOn(carry: boolean): Promise<void>;
  /** Nothing more goes into the segment of now: the next record begins another. */
  seal(): void;
  close(): Promise<void>;
}

export function createSegmentWriter(options: SegmentWriterOptions): SegmentWriter {
  const { disk, folder, board, epoch, segmentBytes, now, segments, places } = options;
  let head = options.head;
  let bytes = options.bytes;
  /** A segment belongs to one epoch: after a fork, the next record begins a new one. */
  let forked = options.foundEpoch !== epoch;
  let sealed = false;
  /** Opened with the first append, so that an idle board holds no file (rule 23). */
  let fd: number | undefined;

  const letGo = async (): Promise<void> => {
    const old = fd;
    fd = undefined;
    // A close that fails changes nothing for what a sync confirmed.
    if (old !== undefined) await disk.close(old).catch(() => undefined);
  };

  const begin = async (carried?: Buffer): Promise<void> => {
    const made = await createSegment(disk, {
      folder,
      board,
      epoch,
      firstSeq: head + 1,
      createdAt: now(),
      ...(carried === undefined ? {} : { carried }),
    });
    await letGo();
    if (segments.at(-1)?.firstSeq === made.segment.firstSeq) segments.pop();
    places.forget(made.segment.firstSeq);
    segments.push(made.segment);
    fd = made.fd;
    bytes = made.bytes;
    forked = false;
    sealed = false;
  };

  return {
    get head() {
      return head;
    },
    prepare: async (needed) => {
      const current = segments.at(-1);
      const used = current !== undefined && head >= current.firstSeq;
      if (current === undefined || forked || (used && (sealed || bytes + needed > segmentBytes))) await begin();
      else fd ??= await disk.open(current.path, "update");
    },
    commit: async (lines, length, count) => {
      if (fd === undefined) throw new Error("the segment is not open");
      await writeAll(disk, fd, lines, length, bytes);
      await disk.fdatasync(fd);
      const segment = segments.at(-1);
      if (segment !== undefined) places.note(segment.firstSeq, { seq: head + 1, offset: bytes });
      bytes += length;
      head += count;
    },
    moveOn: async (carry) => {
      const failed = segments.at(-1);
      const durableBytes = bytes;
      await letGo();
      const survivors = carry && failed !== undefined ? await readBehind(disk, failed, durableBytes, head) : undefined;
      await begin(survivors?.lines);
      head += survivors?.count ?? 0;
      if (failed !== undefined && failed.path !== segments.at(-1)?.path) await cutBack(disk, failed.path, durableBytes);
    },
    seal: () => {
      sealed = true;
    },
    close: letGo,
  };
}

/** The whole, sound lines behind the head of a failed file. Its torn rest is nobody's. */
async function readBehind(
  disk: Disk,
  segment: Segment,
  offset: number,
  head: number,
): Promise<{ lines: Buffer; count: number }> {
  const parts: Buffer[] = [];
  let count = 0;
  try {
    for await (const run of scanSegment(disk, segment, { start: { offset, seq: head + 1 } })) {
      parts.push(Buffer.from(run.buffer.subarray(run.starts[0], run.starts.at(-1))));
      count += run.starts.length - 1;
    }
  } catch {
    // Unreadable or damaged from here on: none of it was acknowledged.
  }
  return { lines: Buffer.concat(parts), count };
}

/** Tidiness only: readers stop at the next segment's first record anyway, so a failure here is no matter. */
async function cutBack(disk: Disk, path: string, bytes: number): Promise<void> {
  try {
    const fd = await disk.open(path, "update");
    try {
      await disk.truncate(fd, bytes);
    } finally {
      await disk.close(fd);
    }
  } catch {
    // Said above.
  }
}
