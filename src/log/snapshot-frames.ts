// Owns the bytes of a snapshot file: a head line, then per part a frame line and its body, then an end line.
// Does not own names or which snapshot counts. Every line is checked; a frame line carries its body's checksum.
// Bounded: one part is in memory at a time, and the event loop is given back after each.

import { crc32 } from "node:zlib";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { SnapshotPart } from "../protocol/index.ts";
import { checkedLineOf, objectOfLine } from "./checked-line.ts";
import { readFully, writeAll, type Disk } from "./disk.ts";

const FORMAT = 1;
const NEWLINE = 0x0a;
/** Bytes that are read at once while a frame line is looked for; it grows for a longer line. */
const LINE_BYTES = 64 * 1024;
/** Text units in one frame; a part with more takes several, so that a buffer stays small whatever the values are. */
const FRAME_UNITS = 1_048_576;

/** What is said of a part before its body. Lengths are in bytes. */
interface Frame {
  readonly head: number;
  readonly texts: readonly number[];
  /** The body holds ASCII only, which is cut without decoding. */
  readonly ascii: boolean;
  readonly bytes: number;
  readonly sum: number;
  /** The part goes on in the next frame. */
  readonly more: boolean;
}

/** Write all parts; returns when they are written, not synced. */
export async function writeParts(
  disk: Disk,
  fd: number,
  seq: number,
  parts: AsyncIterable<SnapshotPart> | Iterable<SnapshotPart>,
): Promise<void> {
  let position = 0;
  let count = 0;
  const put = async (bytes: Buffer): Promise<void> => {
    await writeAll(disk, fd, bytes, bytes.length, position);
    position += bytes.length;
  };
  await put(checkedLineOf({ format: FORMAT, seq }));
  for await (const part of parts) {
    for (const { frame, body } of framesOf(part)) {
      await put(checkedLineOf(frame));
      await put(body);
      count++;
      await nextTurn();
    }
  }
  await put(checkedLineOf({ frames: count }));
}

interface Framed {
  readonly frame: Frame;
  readonly body: Buffer;
}

function* framesOf({ head, texts }: SnapshotPart): Generator<Framed, void> {
  let from = 0;
  let units = head.length;
  for (let i = 0; i < texts.length; i++) {
    units += texts[i]?.length ?? 0;
    if (units < FRAME_UNITS || i === texts.length - 1) continue;
    yield framed(from === 0 ? head : "", texts.slice(from, i + 1), true);
    from = i + 1;
    units = 0;
  }
  yield framed(from === 0 ? head : "", from === 0 ? texts : texts.slice(from), false);
}

function framed(head: string, texts: readonly string[], more: boolean): Framed {
  const all = head + texts.join("");
  const body = Buffer.from(all, "utf8");
  const ascii = body.length === all.length;
  const frame: Frame = {
    head: ascii ? head.length : Buffer.byteLength(head),
    texts: texts.map((text) => (ascii ? text.length : Buffer.byteLength(text))),
    ascii,
    bytes: body.length,
    sum: crc32(body),
    more,
  };
  return { frame, body };
}

/** What is wrong with the head of a file, or undefined. Its parts are checked when they are read. */
export async function problemOfHead(disk: Disk, path: string, seq: number): Promise<string | undefined> {
  try {
    for await (const head of walkParts(disk, path)) {
      return head.seq === seq ? undefined : "its head names another position";
    }
    return "it is empty";
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/**
 * The parts of a file, each checked before it is handed out. Throws where the file is damaged or cut short.
 * The next frame is on its way from the disk while the reader works on a part.
 */
export async function* readParts(disk: Disk, path: string): AsyncGenerator<SnapshotPart, void> {
  const walk = walkParts(disk, path);
  let coming = walk.next();
  let begun: { readonly head: string; readonly texts: string[] } | undefined;
  try {
    for (;;) {
      const { done, value: step } = await coming;
      if (done === true) return;
      if (step.frame !== undefined) {
        if (crc32(step.body) !== step.frame.sum) throw new Error("a part's checksum does not hold");
        const part = partOf(step.frame, step.body);
        if (begun === undefined) begun = part;
        else for (const text of part.texts) begun.texts.push(text);
      }
      // Only now, because the walk uses the body's buffer again.
      coming = walk.next();
      // Whoever stops reading here must not leave a rejection that nobody hears.
      coming.catch(() => {});
      if (begun === undefined || step.frame?.more === true) continue;
      yield begun;
      begun = undefined;
    }
  } finally {
    await walk.return();
  }
}

function partOf(frame: Frame, body: Buffer): { head: string; texts: string[] } {
  const encoding = frame.ascii ? "latin1" : "utf8";
  let at = frame.head;
  const texts = frame.texts.map((bytes) => {
    const text = body.toString(encoding, at, at + bytes);
    at += bytes;
    return text;
  });
  return { head: body.toString(encoding, 0, frame.head), texts };
}

type Step =
  | { readonly seq: number; readonly frame: undefined }
  | { readonly seq: undefined; readonly frame: Frame; readonly body: Buffer };

/** The head, then each part. The body's buffer is used again after the next step. Throws where a line is damaged. */
async function* walkParts(disk: Disk, path: string): AsyncGenerator<Step, void> {
  const fd = await disk.open(path, "read");
  try {
    const size = await disk.size(fd);
    let position = 0;
    let buffer = Buffer.allocUnsafe(LINE_BYTES);
    const take = async (bytes: number): Promise<Buffer> => {
      if (bytes > size - position) throw new Error("it is cut short");
      if (buffer.length < bytes) buffer = Buffer.allocUnsafe(bytes);
      const view = buffer.subarray(0, bytes);
      if ((await readFully(disk, fd, view, 0, position)) < bytes) throw new Error("it is cut short");
      position += bytes;
      return view;
    };
    const takeLine = async (): Promise<Readonly<Record<string, unknown>>> => {
      for (let length = LINE_BYTES; ; length *= 4) {
        const start = position;
        const view = await take(Math.min(length, size - position));
        const end = view.indexOf(NEWLINE);
        if (end < 0 && start + view.length === size) throw new Error("it is cut short");
        position = start + (end < 0 ? 0 : end + 1);
        if (end < 0) continue;
        const line = objectOfLine(view, 0, end);
        if (line === undefined) throw new Error(`a damaged line at byte ${start}`);
        return line;
      }
    };
    const head = await takeLine();
    if (head["format"] !== FORMAT) throw new Error(`snapshot format ${String(head["format"])} is not known`);
    yield { seq: Number(head["seq"]), frame: undefined };
    for (let count = 0; ; count++) {
      const line = await takeLine();
      if ("frames" in line) {
        if (line["frames"] !== count) throw new Error(`it holds ${count} frames of ${String(line["frames"])}`);
        return;
      }
      // The line's checksum holds, so it has the form in which it was written.
      const frame = line as unknown as Frame;
      yield { seq: undefined, frame, body: await take(frame.bytes) };
    }
  } finally {
    await disk.close(fd);
  }
}
