// Owns putting a closed segment's file in place again with some of its lines replaced by others of the same length.
// Does not own which lines. Crash-safe: written and synced beside, then renamed; a leftover is removed at the next start.
// Invariant: offsets stay, so that indices and readers that know places need not be told.

import type { Disk } from "./disk.ts";
import { readFully, writeAll } from "./disk.ts";
import type { Segment } from "./segment-file.ts";
import { scanSegment, scanToEnd } from "./segment-scan.ts";

const CHUNK_BYTES = 512 * 1024;

/** `lines` are by position, without newlines. What lies behind record `until` is left out: nobody reads it. */
export async function rewriteSegment(
  disk: Disk,
  folder: string,
  segment: Segment,
  until: number,
  lines: ReadonlyMap<number, Buffer>,
): Promise<void> {
  const beside = `${segment.path}.tmp`;
  const fd = await disk.open(beside, "create");
  try {
    let position = 0;
    for await (const run of scanSegment(disk, segment, { until })) {
      if (position === 0) position = await copyHeader(disk, segment, fd, run.fileOffset + (run.starts[0] ?? 0));
      const from = run.starts[0] ?? 0;
      const bytes = Buffer.from(run.buffer.subarray(from, run.starts.at(-1)));
      for (let i = 0; i < run.starts.length - 1; i++) {
        const line = lines.get(run.firstSeq + i);
        if (line === undefined) continue;
        const start = (run.starts[i] ?? 0) - from;
        if (line.length !== (run.starts[i + 1] ?? 0) - 1 - from - start)
          throw new RangeError("a line of another length");
        line.copy(bytes, start);
      }
      await writeAll(disk, fd, bytes, bytes.length, position);
      position += bytes.length;
    }
    await disk.fdatasync(fd);
  } finally {
    await disk.close(fd);
  }
  await disk.rename(beside, segment.path);
  await disk.syncFolder(folder);
}

async function copyHeader(disk: Disk, segment: Segment, to: number, bytes: number): Promise<number> {
  const fd = await disk.open(segment.path, "read");
  try {
    const header = Buffer.alloc(Math.min(bytes, CHUNK_BYTES));
    await readFully(disk, fd, header, 0, 0);
    await writeAll(disk, to, header, header.length, 0);
    return header.length;
  } finally {
    await disk.close(fd);
  }
}

/** Cut off what a failed write left behind the last record that counts (rule 5). */
export async function trimSegment(disk: Disk, segment: Segment, until: number): Promise<void> {
  const { soundBytes, lastSeq } = await scanToEnd(disk, segment, { until });
  if (lastSeq !== until) return;
  const fd = await disk.open(segment.path, "update");
  try {
    if ((await disk.size(fd)) === soundBytes) return;
    await disk.truncate(fd, soundBytes);
    await disk.fdatasync(fd);
  } finally {
    await disk.close(fd);
  }
}
