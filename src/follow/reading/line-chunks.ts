// Owns cutting a growing file into whole lines, in bounded pieces, from an offset on.
// Consumes only up to the last newline; a line longer than the bound is skipped and counted.

import type { FileHandle } from "node:fs/promises";

/** Longest line that is imported, in bytes. Beyond: skipped and counted. */
export const MAX_LINE_BYTES = 1_048_576;
const READ_BYTES = 262_144;
const NEWLINE = 0x0a;

export interface LinePlace {
  /** Bytes consumed: just past the last newline that was taken in. */
  readonly offset: number;
  /** The offset lies within a line that is too long; the rest of it is skipped. */
  readonly skipping: boolean;
}

export interface LineChunk extends LinePlace {
  readonly lines: readonly { readonly text: string; /** Offset just past it. */ readonly end: number }[];
  /** The bytes that were consumed, from the place before to this one. */
  readonly raw: Buffer;
  /** Lines of this chunk that were too long. */
  readonly tooLong: number;
}

/** Whole lines from `from` to the end of the file, or to `until` bytes. A chunk is at most about 1.25 MiB. */
export async function* lineChunks(
  handle: FileHandle,
  from: LinePlace,
  until = Number.POSITIVE_INFINITY,
): AsyncGenerator<LineChunk> {
  let { offset, skipping } = from;
  let carry: Buffer = Buffer.alloc(0);
  for (;;) {
    const begin = offset;
    const wanted = Math.min(READ_BYTES, until - begin - carry.length);
    if (wanted <= 0) return;
    const read = Buffer.allocUnsafe(wanted);
    const { bytesRead } = await handle.read(read, 0, wanted, begin + carry.length);
    if (bytesRead === 0) return;
    const data = carry.length === 0 ? read.subarray(0, bytesRead) : Buffer.concat([carry, read.subarray(0, bytesRead)]);
    let at = 0;
    let tooLong = 0;
    if (skipping) {
      const first = data.indexOf(NEWLINE);
      at = first < 0 ? data.length : first + 1;
      skipping = first < 0;
    }
    const lines: { text: string; end: number }[] = [];
    for (let end = data.indexOf(NEWLINE, at); end >= 0; end = data.indexOf(NEWLINE, at)) {
      if (end - at > MAX_LINE_BYTES) tooLong++;
      else {
        const text = data.toString("utf8", at, end).trim();
        if (text !== "") lines.push({ text, end: begin + end + 1 });
      }
      at = end + 1;
    }
    if (data.length - at > MAX_LINE_BYTES) {
      skipping = true;
      tooLong++;
      at = data.length;
    }
    offset = begin + at;
    carry = data.subarray(at);
    if (at > 0) yield { lines, raw: data.subarray(0, at), offset, skipping, tooLong };
  }
}
