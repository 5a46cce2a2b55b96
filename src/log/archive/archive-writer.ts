// Owns making one archive out of one closed segment, so that it verifies by itself, and changing a line of one (rule 17).
// Does not own when, or what happens to the segment (board-archives). Streaming: one chunk of lines and the segment's
// leaf hashes are in memory; between chunks it rests, so that a busy server hardly notices.

import { setTimeout as pause } from "node:timers/promises";
import { openingOf } from "../audit/opening.ts";
import { evidenceOfExport } from "../audit/export-reader.ts";
import { verify } from "../audit/verify.ts";
import { listCheckpoints } from "../checkpoint-files.ts";
import { parseCheckpoint } from "../checkpoint.ts";
import type { ArchiveProofs } from "../board-proofs.ts";
import { readSmallFile, type Disk } from "../disk.ts";
import type { EpochStart } from "../epochs.ts";
import { leafHashOf, type TreeHash } from "../merkle.ts";
import { envelopeRange } from "../envelope.ts";
import type { Segment } from "../segment-file.ts";
import { scanSegment } from "../segment-scan.ts";
import { readKeyNotes } from "../signing-keys.ts";
import { archiveName, linesOfCompressed, writeCompressed, type ArchiveFile } from "./archive-files.ts";

/** Rest after each chunk of lines (512 KiB): about a third of one core while a job runs. */
const REST_MS = 20;

export interface ArchiveOrder {
  readonly disk: Disk;
  readonly boardFolder: string;
  readonly board: string;
  readonly epochs: readonly EpochStart[];
  readonly segment: Segment;
  readonly last: number;
  readonly proofs: ArchiveProofs;
}

/** Write an archive, put it in place and read it back. Throws where what is read back does not verify. */
export async function writeArchive(order: ArchiveOrder): Promise<ArchiveFile> {
  const { disk, boardFolder, board, epochs, segment, last, proofs } = order;
  const { firstSeq: first } = segment;
  const leaves: TreeHash[] = [];
  for await (const { buffer, starts } of scanSegment(disk, segment, { until: last })) {
    for (let i = 0; i < starts.length - 1; i++) {
      const range = envelopeRange(buffer, starts[i] ?? 0, (starts[i + 1] ?? 0) - 1);
      if (range === undefined) throw new Error(`${segment.path}: a record of an unknown form`);
      leaves.push(leafHashOf(buffer, ...range));
    }
    await pause(REST_MS);
  }
  const opening = openingOf({
    board,
    epochs: epochs.filter((start) => start.firstSeq <= proofs.later.size),
    from: first,
    to: last,
    left: proofs.left,
    keyNotes: await readKeyNotes(disk, boardFolder),
    checkpoints: await checkpointsWithin(disk, `${boardFolder}/checkpoints`, first, last),
    leaves,
    later: proofs.later,
    isArchive: true,
  });
  async function* pieces(): AsyncGenerator<Buffer, void> {
    yield* opening;
    for await (const { buffer, starts } of scanSegment(disk, segment, { until: last })) {
      yield Buffer.from(buffer.subarray(starts[0], starts.at(-1)));
      await pause(REST_MS);
    }
  }
  const folder = `${boardFolder}/archive`;
  await disk.makeFolder(folder);
  await disk.syncFolder(boardFolder);
  const name = archiveName(first, last);
  const path = `${folder}/${name}`;
  await putInPlace(disk, folder, path, pieces());
  const report = await verify(await evidenceOfExport(path), {});
  if (report.findings.length > 0 || report.signedTo !== last || report.from !== first) {
    const why = report.findings[0]?.text ?? `it is borne out to ${report.signedTo} only`;
    throw new Error(`${path} was read back, and is not whole: ${why}; its segment stays`);
  }
  return { path, name, first, last };
}

async function putInPlace(disk: Disk, folder: string, path: string, pieces: AsyncIterable<Buffer>): Promise<void> {
  await writeCompressed(disk, `${path}.tmp`, pieces);
  await disk.rename(`${path}.tmp`, path);
  await disk.syncFolder(folder);
}

async function checkpointsWithin(disk: Disk, folder: string, from: number, to: number): Promise<string[]> {
  const texts: string[] = [];
  for (const { path, size } of await listCheckpoints(disk, folder)) {
    if (size < from || size > to) continue;
    const text = (await readSmallFile(disk, path))?.toString("utf8") ?? "";
    if (parseCheckpoint(text) !== undefined) texts.push(text);
  }
  return texts;
}

/** Write an archive anew with one of its lines replaced. `replacement` gives undefined where nothing is to be done. */
export async function rewriteArchive(
  disk: Disk,
  folder: string,
  { path }: ArchiveFile,
  seq: number,
  replacement: (line: Buffer) => Buffer | undefined,
): Promise<void> {
  let isNeeded = false;
  const newline = Buffer.of(0x0a);
  async function* pieces(): AsyncGenerator<Buffer, void> {
    for await (const { bytes, where } of linesOfCompressed(path)) {
      if (bytes === undefined) throw new Error(`${where}: the archive is damaged`);
      const made = seqOf(bytes) === seq ? replacement(bytes) : undefined;
      isNeeded ||= made !== undefined;
      yield Buffer.concat([made ?? bytes, newline]);
    }
  }
  await writeCompressed(disk, `${path}.tmp`, pieces());
  if (!isNeeded) return disk.unlink(`${path}.tmp`);
  await disk.rename(`${path}.tmp`, path);
  await disk.syncFolder(folder);
}

/** The position of a record's line; undefined for a line of the opening. */
export function seqOf(line: Buffer): number | undefined {
  const range = line.toString("latin1", 18, 23) === '"cut"' ? envelopeRange(line, 0, line.length) : undefined;
  if (range === undefined) return undefined;
  const seq = (JSON.parse(line.toString("utf8", ...range)) as { seq?: unknown }).seq;
  return typeof seq === "number" ? seq : undefined;
}
