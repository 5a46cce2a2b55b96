// Owns how far one log file was read: offset, and enough of the bytes before it to know the file again.
// The hashes are of bytes that were really read: if the file was rewritten meanwhile, the next look finds out.

import { createHash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import type { LineChunk, LinePlace } from "../reading/line-chunks.ts";

const HEAD_BYTES = 1024;
const LAST_BYTES = 256;

export interface LogPlace extends LinePlace {
  /** Hash of the file's first min(1024, offset) bytes. */
  readonly head: string;
  /** Hash of the `lastBytes` bytes before the offset. */
  readonly last: string;
  readonly lastBytes: number;
  /** Number of lines remembered when this file began: what was imported before counts as seen (rule 21). */
  readonly generation: number;
  /** A file that took over after a rotation: all of its lines are new. */
  readonly fresh: boolean;
  /** A rotated file from before the follower's time: never read. */
  readonly ignored: boolean;
}

const hash = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("base64url").slice(0, 22);

export const startOfLog = (generation: number, fresh: boolean): LogPlace => ({
  offset: 0,
  skipping: false,
  head: hash(Buffer.alloc(0)),
  last: hash(Buffer.alloc(0)),
  lastBytes: 0,
  generation,
  fresh,
  ignored: false,
});

export const ignoredLog = (): LogPlace => ({ ...startOfLog(0, true), ignored: true });

/** The first bytes of the file up to the place, as far as the head's hash covers them. */
export async function readHead(handle: FileHandle, place: LogPlace): Promise<Buffer> {
  return readAt(handle, 0, Math.min(HEAD_BYTES, place.offset));
}

/** True if the file still holds what was read of it. */
export async function isSameLog(handle: FileHandle, bytes: number, place: LogPlace): Promise<boolean> {
  if (bytes < place.offset) return false;
  if (hash(await readHead(handle, place)) !== place.head) return false;
  return hash(await readAt(handle, place.offset - place.lastBytes, place.lastBytes)) === place.last;
}

/** The place after the first bytes of a chunk, up to `end`. `head` holds the file's first bytes before the chunk. */
export function advance(place: LogPlace, chunk: LineChunk, end: number, skipping: boolean, head: Buffer): LogPlace {
  const raw = chunk.raw.subarray(0, chunk.raw.length - (chunk.offset - end));
  const lastBytes = Math.min(LAST_BYTES, raw.length);
  return {
    ...place,
    offset: end,
    skipping,
    head: head.length >= HEAD_BYTES ? place.head : hash(extendHead(head, raw)),
    last: hash(raw.subarray(raw.length - lastBytes)),
    lastBytes,
  };
}

export const extendHead = (head: Buffer, raw: Buffer): Buffer =>
  head.length >= HEAD_BYTES ? head : Buffer.concat([head, raw.subarray(0, HEAD_BYTES - head.length)]);

async function readAt(handle: FileHandle, from: number, count: number): Promise<Buffer> {
  const bytes = Buffer.alloc(count);
  const { bytesRead } = await handle.read(bytes, 0, count, from);
  return bytes.subarray(0, bytesRead);
}

export const placeMark = (place: LogPlace): string =>
  JSON.stringify([
    place.offset,
    place.skipping ? 1 : 0,
    place.head,
    place.last,
    place.lastBytes,
    place.generation,
    place.fresh ? 1 : 0,
    place.ignored ? 1 : 0,
  ]);

/** The place that a mark tells of, or undefined where it is not one of ours. */
export function placeOfMark(mark: string): LogPlace | undefined {
  try {
    const [offset, skipping, head, last, lastBytes, generation, fresh, ignored] = JSON.parse(mark) as unknown[];
    if (typeof offset !== "number" || typeof head !== "string" || typeof last !== "string") return undefined;
    if (typeof lastBytes !== "number" || typeof generation !== "number") return undefined;
    return {
      offset,
      head,
      last,
      lastBytes,
      generation,
      skipping: skipping === 1,
      fresh: fresh === 1,
      ignored: ignored === 1,
    };
  } catch {
    return undefined;
  }
}
