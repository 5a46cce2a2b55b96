// Owns the walk over a segment's lines: chunk by chunk, checksum and position of each line verified.
// Does not own what happens to a record. Invariant: a line is handed out only if it is whole, sound and the next one;
// memory is one chunk, or one line where that is longer.

import { isAscii } from "node:buffer";
import { lineIsSound } from "./checked-line.ts";
import { LogCorruptError } from "./contract.ts";
import { readFully, type Disk } from "./disk.ts";
import { seqOfLine } from "./record-line.ts";
import type { Place, SegmentPlaces } from "./segment-places.ts";
import { readHeader, type Segment, type SegmentHeader } from "./segment-file.ts";

const CHUNK_BYTES = 512 * 1024;
const NEWLINE = 0x0a;

/** A run of whole lines that lie in one buffer. The buffer is used again after the next step. */
export interface LineRun {
  readonly buffer: Buffer;
  /** Start of each line, and at last the end of the last one. The byte before each start but the first is a newline. */
  readonly starts: readonly number[];
  /** Position of the first line's record. */
  readonly firstSeq: number;
  readonly ascii: boolean;
  /** Where in the file the run begins. */
  readonly fileOffset: number;
}

export interface ScanEnd {
  readonly header: SegmentHeader | undefined;
  /** Position of the last whole record. */
  readonly lastSeq: number;
  /** Bytes up to and with the last whole line. */
  readonly soundBytes: number;
  /** Bytes behind it that end in no newline; undefined when the walk stopped before the end of the file. */
  readonly tornBytes: number | undefined;
}

export interface ScanOptions {
  /** Stop after this record; what follows is not looked at. */
  readonly until?: number;
  /** Begin here instead of at the header: an offset at which the line of record `seq` starts. */
  readonly start?: Place | undefined;
  /** Told of the places that the walk passes. */
  readonly places?: SegmentPlaces | undefined;
}

/** Walk a segment. Throws LogCorruptError at a whole line that is not what was written (rule 8). */
export async function* scanSegment(
  disk: Disk,
  segment: Segment,
  options: ScanOptions = {},
): AsyncGenerator<LineRun, ScanEnd> {
  const until = options.until ?? Infinity;
  const fd = await disk.open(segment.path, "read");
  try {
    let buffer = Buffer.allocUnsafe(CHUNK_BYTES);
    let header: SegmentHeader | undefined;
    /** Bytes at the buffer's start that belong to a line whose end is not read yet. */
    let kept = 0;
    let position = options.start?.offset ?? 0;
    let lastSeq = (options.start?.seq ?? segment.firstSeq) - 1;
    let inHeader = options.start === undefined;
    while (lastSeq < until) {
      if (kept === buffer.length) buffer = Buffer.concat([buffer], buffer.length * 2);
      const filled = kept + (await readFully(disk, fd, buffer, kept, position + kept));
      const view = buffer.subarray(0, filled);
      let start = 0;
      let end = view.indexOf(NEWLINE, kept);
      const atEnd = filled < buffer.length;
      if (inHeader && end >= 0) {
        header = readHeader(view, end, segment);
        inHeader = false;
        start = end + 1;
        end = view.indexOf(NEWLINE, start);
      }
      const starts: number[] = [start];
      const firstSeq = lastSeq + 1;
      while (end >= 0 && lastSeq < until) {
        checkLine(view, start, end, segment, position, lastSeq);
        lastSeq++;
        start = end + 1;
        starts.push(start);
        end = view.indexOf(NEWLINE, start);
      }
      if (starts.length > 1) {
        options.places?.note(segment.firstSeq, { seq: firstSeq, offset: position + (starts[0] ?? 0) });
        yield { buffer: view, starts, firstSeq, ascii: isAscii(view.subarray(starts[0], start)), fileOffset: position };
      }
      if (atEnd && lastSeq < until) {
        checkTail(view, start, filled, segment, position, lastSeq);
        return { header, lastSeq, soundBytes: position + start, tornBytes: filled - start };
      }
      buffer.copyWithin(0, start, filled);
      kept = filled - start;
      position += start;
    }
    return { header, lastSeq, soundBytes: position, tornBytes: undefined };
  } finally {
    await disk.close(fd);
  }
}

function checkLine(
  view: Buffer,
  start: number,
  end: number,
  segment: Segment,
  position: number,
  lastSeq: number,
): void {
  const refuse = (why: string): never => {
    const at = { file: segment.path, offset: position + start, afterSeq: lastSeq };
    throw new LogCorruptError(`${at.file}: ${why} at byte ${at.offset}, after record ${lastSeq}`, at);
  };
  if (!lineIsSound(view, start, end)) refuse("a damaged line");
  const seq = seqOfLine(view, start, end);
  if (seq !== lastSeq + 1) refuse(`record ${seq} where ${lastSeq + 1} belongs`);
}

/** A tail without a newline is torn, and was never acknowledged — unless all of the line is there but for that byte. */
function checkTail(
  view: Buffer,
  start: number,
  filled: number,
  segment: Segment,
  position: number,
  lastSeq: number,
): void {
  if (filled - start < 2 || !lineIsSound(view, start, filled - 1)) return;
  const at = { file: segment.path, offset: position + filled - 1, afterSeq: lastSeq };
  throw new LogCorruptError(`${at.file}: a damaged end of line at byte ${at.offset}, after record ${lastSeq}`, at);
}

/** Walk to the end and keep nothing. */
export async function scanToEnd(disk: Disk, segment: Segment, options: ScanOptions = {}): Promise<ScanEnd> {
  const walk = scanSegment(disk, segment, options);
  for (;;) {
    const step = await walk.next();
    if (step.done === true) return step.value;
  }
}
