// Owns reading records back: from a position to a head, over segments, in batches.
// Does not own the walk (segment-scan). Invariant: positions without a gap, or an error that names where one is.

import { seq as toSeq, type LogRecord } from "../protocol/index.ts";
import { LogCorruptError, LogError } from "./contract.ts";
import type { Disk } from "./disk.ts";
import { decodeRecord } from "./record-line.ts";
import type { Segment } from "./segment-file.ts";
import type { SegmentPlaces } from "./segment-places.ts";
import { scanSegment, type LineRun } from "./segment-scan.ts";

/** Records handed out at once: small enough that decoding them does not hold up the event loop. */
const BATCH_RECORDS = 2048;

export interface ReadOptions {
  readonly disk: Disk;
  /** All segments in order. The list may grow meanwhile; what is behind `head` is not read. */
  readonly segments: readonly Segment[];
  readonly from: number;
  readonly head: number;
  readonly places?: SegmentPlaces;
}

export async function* readRecords(options: ReadOptions): AsyncGenerator<readonly LogRecord[], void> {
  let next = options.from;
  for await (const { run, segment } of readLineRuns(options)) {
    for (const batch of batchesOf(run, next, segment)) {
      next = toSeq((batch.at(-1)?.seq ?? next - 1) + 1);
      yield batch;
    }
  }
}

/** The lines of the records up to the head, undecoded. The first run may begin before `from`. */
export async function* readLineRuns({
  disk,
  segments,
  from,
  head,
  places,
}: ReadOptions): AsyncGenerator<{ readonly run: LineRun; readonly segment: Segment }, void> {
  let next = Math.max(from, 1);
  while (next <= head) {
    const first = segments[0]?.firstSeq ?? 1;
    // Never silently less than was asked for (rule 15).
    if (next < first) throw new LogError("record_archived", `the log begins at record ${first}: ${next} is archived`);
    const index = segments.findLastIndex((segment) => segment.firstSeq <= next);
    const segment = segments[index];
    if (segment === undefined) return;
    const until = Math.min(head, (segments[index + 1]?.firstSeq ?? Infinity) - 1);
    const start = places?.find(segment.firstSeq, next);
    for await (const run of scanSegment(disk, segment, { until, start, places })) {
      yield { run, segment };
      next = Math.max(next, run.firstSeq + run.starts.length - 1);
    }
    if (next <= until) {
      const at = { file: segment.path, offset: 0, afterSeq: next - 1 };
      throw new LogCorruptError(`${segment.path}: records ${next} to ${until} are missing`, at);
    }
  }
}

function* batchesOf(run: LineRun, from: number, segment: Segment): Generator<LogRecord[], void> {
  const { buffer, starts, firstSeq, ascii } = run;
  const lines = starts.length - 1;
  let batch: LogRecord[] = [];
  for (let i = Math.max(0, from - firstSeq); i < lines; i++) {
    const start = starts[i] ?? 0;
    try {
      batch.push(decodeRecord(buffer, start, (starts[i + 1] ?? 0) - 1, ascii));
    } catch (error) {
      const at = { file: segment.path, offset: run.fileOffset + start, afterSeq: firstSeq + i - 1 };
      throw new LogCorruptError(`${at.file}: a record of unknown form at byte ${at.offset}: ${String(error)}`, at);
    }
    if (batch.length === BATCH_RECORDS) {
      yield batch;
      batch = [];
    }
  }
  if (batch.length > 0) yield batch;
}
