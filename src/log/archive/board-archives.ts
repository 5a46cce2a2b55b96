// Owns moving a board's oldest segments out of its log (retention), and what is there of them afterwards.
// Does not own when it is looked at (engine/archivist), the archive's form (archive-writer) or the proofs.
//
//   archive/<first>-<last>.jsonl.gz, read back ──▶ cut.json: the log begins behind it ──▶ the segment goes
//
// A crash between two steps leaves a log that opens: with the segment still in it, or removed at the next start.
// One segment at a time.

import type { LogRecord } from "../../protocol/index.ts";
import type { BoardProofs } from "../board-proofs.ts";
import { codeOf, type Disk } from "../disk.ts";
import type { EpochStart } from "../epochs.ts";
import { decodeRecord } from "../record-line.ts";
import { readHeader, type Segment } from "../segment-file.ts";
import { linesOfCompressed, listArchives, type ArchiveFile } from "./archive-files.ts";
import { rewriteArchive, seqOf, writeArchive } from "./archive-writer.ts";
import { writeCut } from "./cut-file.ts";
import { objectOfLine } from "../checked-line.ts";
import { readFully } from "../disk.ts";

/** What stays in the log. Whatever is beyond any bound that is given is archived, whole segments at a time. */
export interface RetentionPolicy {
  /** Age of a segment's youngest record, in ms of wall time. */
  readonly retainMs?: number | undefined;
  /** Bytes of all segments together. */
  readonly retainBytes?: number | undefined;
  /** How long archives are kept, in ms since their youngest record; for good where it is left out. */
  readonly archiveMs?: number | undefined;
}

/** A segment that is due. */
export interface DueSegment {
  readonly first: number;
  readonly last: number;
}

export interface BoardArchives {
  /** The oldest segment, if the policy wants it out of the log. Never the newest one with a record. */
  due(policy: RetentionPolicy, nowMs: number): Promise<DueSegment | undefined>;
  /**
   * Move it. False while its last record is not under a checkpoint. The caller has a snapshot of a later state, durable
   * and read back, without which the log could not be opened any more.
   */
  move(due: DueSegment): Promise<boolean>;
  /** Remove archives whose time is over; the names of those that went. */
  expire(policy: RetentionPolicy, nowMs: number): Promise<readonly string[]>;
  list(): Promise<readonly ArchiveFile[]>;
  /** Name of the archive that holds a record; undefined where there is none any more. */
  holding(seq: number): Promise<string | undefined>;
  records(): AsyncGenerator<{ readonly record: LogRecord; readonly line: Buffer }, void>;
  replace(seq: number, replacement: (line: Buffer) => Buffer | undefined): Promise<void>;
}

export function createBoardArchives(options: {
  readonly disk: Disk;
  readonly boardFolder: string;
  readonly segmentsFolder: string;
  readonly board: string;
  readonly epochs: readonly EpochStart[];
  /** The log's own list: what is moved leaves it. */
  readonly segments: Segment[];
  readonly head: () => number;
  readonly proofs: Pick<BoardProofs, "archived">;
}): BoardArchives {
  const { disk, boardFolder, segmentsFolder, board, epochs, segments, head, proofs } = options;
  const folder = `${boardFolder}/archive`;
  /** Of archives that were looked at: reading one to its end is not for every look. Bounded by the number of archives. */
  const youngestOf = new Map<string, number>();
  const list = (): Promise<ArchiveFile[]> => listArchives(disk, folder);

  /** Wall time at which a segment was begun: all records before it are older. */
  const begunAt = async (segment: Segment): Promise<number> => {
    const fd = await disk.open(segment.path, "read");
    try {
      const bytes = Buffer.alloc(4096);
      const end = bytes.subarray(0, await readFully(disk, fd, bytes, 0, 0)).indexOf(0x0a);
      readHeader(bytes, end, segment);
      return Number(objectOfLine(bytes, 0, end)?.["createdAt"]);
    } finally {
      await disk.close(fd);
    }
  };

  const bytesOf = async (path: string): Promise<number> => {
    const fd = await disk.open(path, "read");
    try {
      return await disk.size(fd);
    } finally {
      await disk.close(fd);
    }
  };

  const isTooMuch = async (most: number): Promise<boolean> => {
    let bytes = 0;
    for (const { path } of [...segments].reverse()) {
      bytes += await bytesOf(path);
      if (bytes > most) return true;
    }
    return false;
  };

  return {
    due: async ({ retainMs, retainBytes }, nowMs) => {
      const [oldest, next] = segments;
      if (oldest === undefined || next === undefined || next.firstSeq > head()) return undefined;
      const due = { first: oldest.firstSeq, last: next.firstSeq - 1 };
      if (retainMs !== undefined && (await begunAt(next)) < nowMs - retainMs) return due;
      return retainBytes !== undefined && (await isTooMuch(retainBytes)) ? due : undefined;
    },
    move: async ({ first, last }) => {
      const [segment, next] = segments;
      if (segment?.firstSeq !== first || next?.firstSeq !== last + 1) throw new Error("the log is another one by now");
      const found = await proofs.archived(first, last);
      if (found === undefined) return false;
      await writeArchive({ disk, boardFolder, board, epochs, segment, last, proofs: found });
      await writeCut(disk, boardFolder, { first: last + 1, left: found.behind });
      // From here on nobody reads it; who reads it now has it open.
      segments.shift();
      await disk.unlink(segment.path);
      await disk.syncFolder(segmentsFolder);
      return true;
    },
    expire: async ({ archiveMs }, nowMs) => {
      const gone: string[] = [];
      const first = segments[0]?.firstSeq ?? 1;
      if (archiveMs === undefined) return gone;
      // Oldest first, so that what stays is without a gap.
      for (const archive of await list()) {
        if (archive.last >= first) break;
        const youngest = youngestOf.get(archive.name) ?? (await lastAt(archive));
        if (youngest !== undefined) youngestOf.set(archive.name, youngest);
        if (youngest === undefined || youngest >= nowMs - archiveMs) break;
        await disk.unlink(archive.path);
        youngestOf.delete(archive.name);
        gone.push(archive.name);
      }
      if (gone.length > 0) await disk.syncFolder(folder);
      return gone;
    },
    // One that is just being made is not one yet: its records are still in the log.
    list: async () => (await list()).filter(({ last }) => last < (segments[0]?.firstSeq ?? 1)),
    holding: async (seq) => (await list()).find((one) => one.first <= seq && seq <= one.last)?.name,
    records: async function* () {
      for (const { path } of await list()) {
        for await (const { bytes, where } of linesOfCompressed(path)) {
          if (bytes === undefined) throw new Error(`${where}: the archive is damaged`);
          if (seqOf(bytes) !== undefined) yield { record: decodeRecord(bytes, 0, bytes.length, false), line: bytes };
        }
      }
    },
    replace: async (seq, replacement) => {
      await removeLeftovers(disk, folder);
      for (const archive of await list()) {
        if (archive.first <= seq && seq <= archive.last) await rewriteArchive(disk, folder, archive, seq, replacement);
      }
    },
  };
}

/** What a crash left of an archive that was not finished. */
async function removeLeftovers(disk: Disk, folder: string): Promise<void> {
  try {
    for (const name of await disk.list(folder)) if (name.endsWith(".tmp")) await disk.unlink(`${folder}/${name}`);
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
  }
}

/** Wall time of an archive's last record. */
async function lastAt({ path }: ArchiveFile): Promise<number | undefined> {
  let last: Buffer | undefined;
  for await (const { bytes } of linesOfCompressed(path)) if (bytes !== undefined) last = bytes;
  return last === undefined || seqOf(last) === undefined ? undefined : decodeRecord(last, 0, last.length, false).at;
}
