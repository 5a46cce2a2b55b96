// Owns the archives of a board on disk: `archive/<first>-<last>.jsonl.gz`, each an export of its own, and reading them.
// Does not own when one is made or goes (board-archives) or whether it is whole (audit/verify).

import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { createGunzip, createGzip } from "node:zlib";
import { codeOf, writeAll, type Disk } from "../disk.ts";

const NAME = /^(\d{16})-(\d{16})\.jsonl\.gz$/;
/** No line of ours is longer; a longer one is damage. */
const MOST_LINE_BYTES = 64 * 1_048_576;
const NEWLINE = 0x0a;

export interface ArchiveFile {
  readonly path: string;
  readonly name: string;
  /** Positions of its first and last record. */
  readonly first: number;
  readonly last: number;
}

export const archiveName = (first: number, last: number): string =>
  `${String(first).padStart(16, "0")}-${String(last).padStart(16, "0")}.jsonl.gz`;

/** In order of position. */
export async function listArchives(disk: Disk, folder: string): Promise<ArchiveFile[]> {
  let names: readonly string[];
  try {
    names = await disk.list(folder);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return [];
    throw error;
  }
  return names
    .filter((name) => NAME.test(name))
    .sort()
    .map((name) => {
      const [, first, last] = NAME.exec(name) ?? [];
      return { path: `${folder}/${name}`, name, first: Number(first), last: Number(last) };
    });
}

/** The archives below a position that follow one another without a gap and end right before it, oldest first. */
export function archivesBefore(all: readonly ArchiveFile[], first: number): ArchiveFile[] {
  const found: ArchiveFile[] = [];
  for (let next = first; ;) {
    const before = all.find((one) => one.last === next - 1);
    if (before === undefined) return found;
    found.unshift(before);
    next = before.first;
  }
}

/** Compress pieces into a file beside, synced; the caller puts it in place. */
export async function writeCompressed(disk: Disk, path: string, pieces: AsyncIterable<Buffer>): Promise<void> {
  const fd = await disk.open(path, "create");
  try {
    let position = 0;
    await pipeline(pieces, createGzip(), async (packed: AsyncIterable<Buffer>) => {
      for await (const chunk of packed) {
        await writeAll(disk, fd, chunk, chunk.length, position);
        position += chunk.length;
      }
    });
    await disk.fdatasync(fd);
  } finally {
    await disk.close(fd);
  }
}

export interface CompressedLine {
  /** Without its newline. Undefined for the place from which on nothing can be read. */
  readonly bytes: Buffer | undefined;
  readonly where: string;
}

/**
 * The whole lines of a compressed file. Where the file is damaged, a last step without bytes says so: what was read before
 * it is not thrown away, so that a verifier can name what is missing.
 */
export async function* linesOfCompressed(path: string): AsyncGenerator<CompressedLine, void> {
  const file = createReadStream(path);
  const unpacked = createGunzip();
  let problem: unknown;
  const flow = pipeline(file, unpacked).catch((error: unknown) => {
    problem ??= error;
  });
  let number = 0;
  let rest = Buffer.alloc(0);
  try {
    for await (const chunk of unpacked as AsyncIterable<Buffer>) {
      let start = 0;
      const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      for (let end = bytes.indexOf(NEWLINE, rest.length); end >= 0; end = bytes.indexOf(NEWLINE, start)) {
        yield { bytes: bytes.subarray(start, end), where: `${path}, line ${++number}` };
        start = end + 1;
      }
      rest = Buffer.from(bytes.subarray(start));
      if (rest.length > MOST_LINE_BYTES) throw new Error("a line is longer than any of ours");
    }
  } catch (error) {
    problem ??= error;
  } finally {
    file.destroy();
    unpacked.destroy();
  }
  await flow;
  // Bytes behind the end of the compressed data are nobody's.
  if (problem === undefined && rest.length === 0 && unpacked.bytesWritten === file.bytesRead) return;
  yield { bytes: undefined, where: `${path}, after line ${number}` };
}
