// Owns what opening a log finds out: which segments there are, that they follow one another, and where they end.
// Does not own later appends. Bounded: one full walk of the last segment, and two lines of each older one.
// Invariant: what it reports as the head is on disk, synced, and whole.

import type { Epoch } from "../protocol/index.ts";
import { lineIsSound } from "./checked-line.ts";
import { LogCorruptError } from "./contract.ts";
import { readFully, type Disk } from "./disk.ts";
import { epochAt, type EpochStart } from "./epochs.ts";
import { seqOfLine } from "./record-line.ts";
import { listSegments, readHeader, type Segment } from "./segment-file.ts";
import { createSegmentPlaces, type SegmentPlaces } from "./segment-places.ts";
import { scanToEnd } from "./segment-scan.ts";

export interface RecoveredLog {
  readonly segments: Segment[];
  readonly head: number;
  /** Bytes of the last segment that hold whole records. */
  readonly bytes: number;
  /** Epoch of the last segment; another one now means that the log goes on in a new segment. */
  readonly epoch: Epoch | undefined;
  readonly notices: readonly string[];
  readonly places: SegmentPlaces;
}

/** Find the end of a log; cut back a torn tail. Throws LogCorruptError and changes nothing for any other damage. */
export async function recoverSegments(
  disk: Disk,
  folder: string,
  epochs: readonly EpochStart[],
  first = 1,
): Promise<RecoveredLog> {
  const segments = await listSegments(disk, folder);
  const notices: string[] = [];
  // A crash came between the cut and the removal of what lies below it, which is in an archive.
  while ((segments[1]?.firstSeq ?? Infinity) <= first) {
    const old = segments.shift();
    if (old === undefined) break;
    await disk.unlink(old.path);
    notices.push(`${old.path} was removed: its records are archived`);
  }
  const oldest = segments[0];
  if ((oldest?.firstSeq ?? 1) !== first) {
    const why = `records ${first} to ${oldest === undefined ? "the end" : oldest.firstSeq - 1} are missing`;
    throw corrupt(oldest ?? { path: folder, firstSeq: first }, why, 0, first - 1);
  }
  const places = createSegmentPlaces();
  for (;;) {
    const last = segments.at(-1);
    if (last === undefined) return { segments, head: 0, bytes: 0, epoch: undefined, notices, places };
    const end = await scanToEnd(disk, last, { places });
    if (end.header === undefined) {
      // No header line: a crash left it before its first use, so it holds nothing that was acknowledged.
      segments.pop();
      notices.push(`${last.path} was begun but never used; it was removed`);
      await disk.unlink(last.path);
      await disk.syncFolder(folder);
      continue;
    }
    for (const [i, segment] of segments.entries()) {
      const next = segments[i + 1];
      const header = next === undefined ? end.header : await checkOlder(disk, segment, next, notices);
      if (header.epoch !== epochAt(epochs, segment.firstSeq)) {
        throw corrupt(segment, "the header names an epoch that is not in epochs.json", 0, segment.firstSeq - 1);
      }
    }
    await settleTail(disk, last, end.soundBytes, end.tornBytes ?? 0);
    if (end.tornBytes !== undefined && end.tornBytes > 0) {
      notices.push(`${last.path}: a torn tail of ${end.tornBytes} bytes after record ${end.lastSeq} was cut`);
    }
    return { segments, head: end.lastSeq, bytes: end.soundBytes, epoch: end.header.epoch, notices, places };
  }
}

/** What the last walk saw may still be in memory only: it counts as kept once it is synced (law L1). */
async function settleTail(disk: Disk, segment: Segment, soundBytes: number, tornBytes: number): Promise<void> {
  const fd = await disk.open(segment.path, "update");
  try {
    if (tornBytes > 0) await disk.truncate(fd, soundBytes);
    await disk.fdatasync(fd);
  } finally {
    await disk.close(fd);
  }
}

const TAIL_BYTES = 64 * 1024;

/** An older segment must reach the next one. Its first and last lines are read; only a surprise costs a full walk. */
async function checkOlder(disk: Disk, segment: Segment, next: Segment, notices: string[]) {
  const fd = await disk.open(segment.path, "read");
  let lastSeq = 0;
  let header;
  try {
    const head = Buffer.alloc(4096);
    const headBytes = await readFully(disk, fd, head, 0, 0);
    const headerEnd = head.subarray(0, headBytes).indexOf(0x0a);
    if (headerEnd < 0) throw corrupt(segment, "the header of the segment is damaged", 0, segment.firstSeq - 1);
    header = readHeader(head, headerEnd, segment);
    const size = await disk.size(fd);
    const tail = Buffer.alloc(Math.min(TAIL_BYTES, size));
    const bytes = await readFully(disk, fd, tail, 0, size - tail.length);
    const end = bytes - 1;
    const start = tail.lastIndexOf(0x0a, end - 1) + 1;
    if (tail[end] === 0x0a && start > 0 && lineIsSound(tail, start, end)) lastSeq = seqOfLine(tail, start, end);
  } finally {
    await disk.close(fd);
  }
  if (lastSeq === next.firstSeq - 1 || segment.firstSeq === next.firstSeq) return header;
  // Longer than needed: a recovery after a failed write left what the next segment replaces. Shorter: a gap.
  const walked = await scanToEnd(disk, segment, { until: next.firstSeq - 1 });
  if (walked.lastSeq < next.firstSeq - 1) {
    const why = `records ${walked.lastSeq + 1} to ${next.firstSeq - 1} are missing`;
    throw corrupt(segment, why, walked.soundBytes, walked.lastSeq);
  }
  if (lastSeq !== 0)
    notices.push(`${segment.path}: lines behind record ${next.firstSeq - 1} were never kept, and are not read`);
  return header;
}

function corrupt(segment: Segment, why: string, offset: number, afterSeq: number): LogCorruptError {
  const message = `${segment.path}: ${why} (byte ${offset}, after record ${afterSeq})`;
  return new LogCorruptError(message, { file: segment.path, offset, afterSeq });
}
