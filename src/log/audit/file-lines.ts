// Owns cutting a file of ours into its lines. Does not own what they say. Bounded: a chunk, or one line where that is longer.

import { readFully, type Disk } from "../disk.ts";
import { AuditError } from "./evidence.ts";
import type { RawLine } from "./line.ts";

const CHUNK_BYTES = 512 * 1024;
/** No line of ours is longer; a longer one is damage. */
const MOST_LINE_BYTES = 64 * 1_048_576;
const NEWLINE = 0x0a;

/** The whole lines of a file. What follows the last newline was never acknowledged. */
export async function* linesOfFile(disk: Disk, path: string): AsyncGenerator<RawLine, void> {
  const fd = await disk.open(path, "read");
  try {
    let buffer = Buffer.alloc(CHUNK_BYTES);
    let kept = 0;
    let position = 0;
    for (let number = 1; ;) {
      if (kept === buffer.length) buffer = Buffer.concat([buffer], buffer.length * 2);
      if (buffer.length > MOST_LINE_BYTES) throw new AuditError(`${path}: line ${number} is longer than any of ours`);
      const filled = kept + (await readFully(disk, fd, buffer, kept, position + kept));
      let start = 0;
      for (let end = buffer.indexOf(NEWLINE); end >= 0 && end < filled; end = buffer.indexOf(NEWLINE, start)) {
        yield { bytes: buffer.subarray(start, end), where: `${path}, line ${number++}` };
        start = end + 1;
      }
      if (filled < buffer.length) return;
      buffer.copyWithin(0, start, filled);
      kept = filled - start;
      position += start;
    }
  } finally {
    await disk.close(fd);
  }
}
