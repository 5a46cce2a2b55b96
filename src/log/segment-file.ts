// Owns one segment file: its name, its header line, its creation and its listing.
// Does not own the records in it. Invariant: under its final name a segment has a durable header, so that a file
// without one was never used and can go.

import { epoch as toEpoch, RECORD_FORMAT, type Epoch } from "../protocol/index.ts";
import { checkedLineOf, objectOfLine } from "./checked-line.ts";
import { LogCorruptError } from "./contract.ts";
import { writeAll, type Disk } from "./disk.ts";

/** One file of consecutive records. */
export interface Segment {
  readonly firstSeq: number;
  readonly path: string;
}

export interface SegmentHeader {
  readonly epoch: Epoch;
  readonly firstSeq: number;
  /** Bytes of the header line with its newline: where the records begin. */
  readonly bytes: number;
}

export const SEGMENT_NAME = /^(\d{16})\.jsonl$/;

export const segmentName = (firstSeq: number): string => `${String(firstSeq).padStart(16, "0")}.jsonl`;

/** The segments of a folder in order. Leftovers of creations that did not end are removed. */
export async function listSegments(disk: Disk, folder: string): Promise<Segment[]> {
  const segments: Segment[] = [];
  for (const name of await disk.list(folder)) {
    const found = SEGMENT_NAME.exec(name);
    if (found !== null) segments.push({ firstSeq: Number(found[1]), path: `${folder}/${name}` });
    else if (name.endsWith(".tmp")) await disk.unlink(`${folder}/${name}`);
  }
  return segments.sort((a, b) => a.firstSeq - b.firstSeq);
}

export interface NewSegment {
  readonly folder: string;
  readonly board: string;
  readonly epoch: Epoch;
  readonly firstSeq: number;
  readonly createdAt: number;
  /** Whole lines to begin with: what a recovery carries over from a file that must not be trusted any more (rule 5). */
  readonly carried?: Buffer;
}

/** Make a segment: written and synced beside, renamed, the folder synced. Returns it open for writing. */
export async function createSegment(
  disk: Disk,
  options: NewSegment,
): Promise<{ segment: Segment; fd: number; bytes: number }> {
  const { folder, board, epoch, firstSeq, createdAt } = options;
  const header = checkedLineOf({ format: RECORD_FORMAT, board, epoch, firstSeq, createdAt });
  const content = options.carried === undefined ? header : Buffer.concat([header, options.carried]);
  const path = `${folder}/${segmentName(firstSeq)}`;
  const fd = await disk.open(`${path}.tmp`, "create");
  try {
    await writeAll(disk, fd, content, content.length, 0);
    await disk.fdatasync(fd);
    await disk.rename(`${path}.tmp`, path);
    await disk.syncFolder(folder);
  } catch (error) {
    await disk.close(fd).catch(() => undefined);
    throw error;
  }
  return { segment: { firstSeq, path }, fd, bytes: content.length };
}

/** The header of a segment whose first line is [0, end), checked against what its name says. */
export function readHeader(from: Buffer, end: number, segment: Segment): SegmentHeader {
  const refuse = (why: string): never => {
    throw new LogCorruptError(`${segment.path}: ${why}`, {
      file: segment.path,
      offset: 0,
      afterSeq: segment.firstSeq - 1,
    });
  };
  const header = objectOfLine(from, 0, end);
  if (header === undefined) return refuse("the header of the segment is damaged");
  const { format, epoch, firstSeq } = header;
  if (typeof format !== "number" || format > RECORD_FORMAT)
    return refuse(`record format ${String(format)} is newer than this version`);
  if (firstSeq !== segment.firstSeq)
    return refuse(`the header says record ${String(firstSeq)}, the name says ${segment.firstSeq}`);
  if (typeof epoch !== "string") return refuse("the header names no epoch");
  return { epoch: toEpoch(epoch), firstSeq: segment.firstSeq, bytes: end + 1 };
}
