// Owns the data directory: its lock, its format version and the boards in it.
// Does not own a board's files (board-folder, segment-log). Invariant: one process, and one open log per board.

import { randomBytes } from "node:crypto";
import { boardNameSchema, DEFAULT_LIMITS } from "../protocol/index.ts";
import { openBoardFolder } from "./board-folder.ts";
import { createBoardProofs } from "./board-proofs.ts";
import { createBoardHistory } from "./board-history.ts";
import { LogError, type BoardMemory, type Store } from "./contract.ts";
import { codeOf, nodeDisk, readSmallFile, replaceFile, type Disk } from "./disk.ts";
import { takeLock } from "./process-lock.ts";
import { createHistoryIndex } from "./history-index.ts";
import { createRefusalFile } from "./refusal-file.ts";
import { readLineRuns } from "./segment-reader.ts";
import { createSegmentLog } from "./segment-log.ts";
import { createSnapshotFiles } from "./snapshot-files.ts";

/** A start reads the last segment whole, so a segment is no larger than what that takes in some tens of ms. */
const DEFAULT_SEGMENT_BYTES = 16 * 1_048_576;
/** Layout of the data directory. A newer one is refused. */
const STORE_FORMAT = 1;
const REMOVED = /^\.removed-/;

export interface FileStoreOptions {
  /** The data directory; made if it is missing. */
  readonly dir: string;
  /** Bytes of the largest record's line. Beyond: `record_too_large`. */
  readonly maxRecordBytes?: number;
  /** Bytes at which a segment is followed by the next. */
  readonly segmentBytes?: number;
  /** Bytes after which waiting batches go into the next commit. */
  readonly maxGroupBytes?: number;
  /** Pause before a failing disk is tried again, in ms: doubles from the first to the most. */
  readonly retryMs?: { readonly first: number; readonly most: number };
  /** Wall time in ms, for the date in a segment's header. */
  readonly now?: () => number;
  readonly disk?: Disk;
  /** Told of every signed checkpoint of any board, to be kept elsewhere too. Must not throw. */
  readonly onCheckpoint?: (note: string) => void;
}

/** Open a data directory. Throws LockedError while another process has it, and an Error for a newer format. */
export async function createFileStore(options: FileStoreOptions): Promise<Store> {
  const disk = options.disk ?? nodeDisk;
  const boardsFolder = `${options.dir}/boards`;
  await disk.makeFolder(boardsFolder);
  const lock = await takeLock(`${options.dir}/lock`);
  try {
    await checkFormat(disk, options.dir);
    for (const name of await disk.list(boardsFolder)) {
      if (REMOVED.test(name)) await disk.removeTree(`${boardsFolder}/${name}`);
    }
  } catch (error) {
    await lock.release();
    throw error;
  }
  /** Boards that are open or on their way. */
  const open = new Map<string, Promise<BoardMemory>>();
  let closed = false;

  const folderOf = (board: string): string => `${boardsFolder}/${boardNameSchema.parse(board)}`;

  const openBoard = async (board: string): Promise<BoardMemory> => {
    const folder = folderOf(board);
    await disk.makeFolder(folder);
    await disk.syncFolder(boardsFolder);
    const { secret, epochs, segmentsFolder, snapshotsFolder, found } = await openBoardFolder(disk, folder);
    const log = createSegmentLog({
      disk,
      folder: segmentsFolder,
      board,
      secret,
      epochs,
      found,
      maxRecordBytes: options.maxRecordBytes ?? DEFAULT_LIMITS.maxRecordBytes,
      maxGroupBytes: options.maxGroupBytes ?? 4 * 1_048_576,
      segmentBytes: options.segmentBytes ?? DEFAULT_SEGMENT_BYTES,
      retryMs: options.retryMs ?? { first: 100, most: 5000 },
      now: options.now ?? Date.now,
      onDurable: (...lines) => proofs.note(...lines),
      onClose: async () => {
        await proofs.close();
        await index.close();
        open.delete(board);
      },
    });
    const { segments, places } = found;
    const proofs = createBoardProofs({
      disk,
      boardFolder: folder,
      board,
      epoch: log.epoch,
      lines: (from, until) => readLineRuns({ disk, segments, places, from, head: until }),
      head: () => log.head,
      onCheckpoint: options.onCheckpoint,
    });
    const index = createHistoryIndex({ boardDir: folder, log });
    const refusals = createRefusalFile(disk, folder, epochs);
    const snapshots = createSnapshotFiles(disk, snapshotsFolder);
    return {
      log,
      history: createBoardHistory({ log, index, refusals }),
      proofs,
      snapshots: {
        ...snapshots,
        write: async (seq, parts) => {
          // A replay begins behind a snapshot, so what came before is never judged again.
          await refusals.flush(true);
          await snapshots.write(seq, parts);
        },
      },
      notices: found.notices,
    };
  };

  return {
    list: async () => (await disk.list(boardsFolder)).filter((name) => boardNameSchema.safeParse(name).success).sort(),
    open: async (board) => {
      if (closed) throw new LogError("shutting_down", "the store is closed");
      if (open.has(board)) throw new Error(`board ${board} is open already`);
      const opening = openBoard(board);
      open.set(board, opening);
      try {
        return await opening;
      } catch (error) {
        open.delete(board);
        throw error;
      }
    },
    remove: async (board) => {
      if (open.has(board)) throw new Error(`board ${board} is open`);
      // Renamed first: a crash between the two leaves no half of a board under its name.
      const aside = `${boardsFolder}/.removed-${board}-${randomBytes(6).toString("hex")}`;
      try {
        await disk.rename(folderOf(board), aside);
      } catch (error) {
        if (codeOf(error) === "ENOENT") return;
        throw error;
      }
      await disk.syncFolder(boardsFolder);
      await disk.removeTree(aside);
    },
    close: async () => {
      closed = true;
      for (const memory of await Promise.allSettled(open.values())) {
        if (memory.status === "fulfilled") await memory.value.log.close();
      }
      await lock.release();
    },
  };
}

async function checkFormat(disk: Disk, dir: string): Promise<void> {
  const bytes = await readSmallFile(disk, `${dir}/meta.json`);
  if (bytes === undefined) {
    await replaceFile(disk, dir, "meta.json", Buffer.from(`{"format":${STORE_FORMAT}}\n`));
    return;
  }
  const format = /^\{"format":(\d+)/.exec(bytes.toString("latin1"))?.[1];
  if (format === undefined) throw new Error(`${dir}/meta.json is damaged: it does not name the directory's format`);
  if (Number(format) <= STORE_FORMAT) return;
  throw new Error(`${dir} has format ${format}; this version reads up to ${STORE_FORMAT}: upgrade Swarmboard`);
}
