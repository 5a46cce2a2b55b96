// Owns one board's folder: its secret, its epochs, its segments and snapshots, brought into being or opened again.
// Does not own the data directory (file-store). A crash at any point of the creation leaves a folder that opens.

import { readCut } from "./archive/cut-file.ts";
import { newBoardSecret } from "./commitment.ts";
import { LogCorruptError } from "./contract.ts";
import { readSmallFile, replaceFile, type Disk } from "./disk.ts";
import { newEpoch, readEpochs, writeEpochs, type EpochStart } from "./epochs.ts";
import { recoverSegments, type RecoveredLog } from "./log-recovery.ts";
import { seq as toSeq } from "../protocol/index.ts";

export interface OpenFolder {
  readonly secret: string;
  readonly epochs: readonly EpochStart[];
  readonly segmentsFolder: string;
  readonly snapshotsFolder: string;
  readonly found: RecoveredLog;
}

const SECRET_FILE = "secret.key";

/** Open a board's folder, making what is missing of a fresh one. Throws LogCorruptError for a damaged one. */
export async function openBoardFolder(disk: Disk, folder: string): Promise<OpenFolder> {
  const segmentsFolder = `${folder}/segments`;
  const snapshotsFolder = `${folder}/snapshots`;
  await disk.makeFolder(segmentsFolder);
  await disk.makeFolder(snapshotsFolder);
  await disk.syncFolder(folder);
  const isFresh = (await disk.list(segmentsFolder)).length === 0;
  const secret = await readSecret(disk, folder, isFresh);
  let epochs = await readEpochs(disk, folder);
  if (epochs === undefined) {
    if (!isFresh) throw missing(`${folder}/epochs.json`);
    epochs = [{ epoch: newEpoch(), firstSeq: toSeq(1) }];
    await writeEpochs(disk, folder, epochs);
  }
  const { first } = await readCut(disk, folder);
  const found = await recoverSegments(disk, segmentsFolder, epochs, first);
  return { secret, epochs, segmentsFolder, snapshotsFolder, found };
}

async function readSecret(disk: Disk, folder: string, isFresh: boolean): Promise<string> {
  const kept = (await readSmallFile(disk, `${folder}/${SECRET_FILE}`))?.toString("latin1").trim();
  if (kept !== undefined && /^[\w-]{43}$/.test(kept)) return kept;
  // Another secret would make retries look like other content (law L9), so it is never made up for records that exist.
  if (!isFresh) throw missing(`${folder}/${SECRET_FILE}`);
  const secret = newBoardSecret();
  await replaceFile(disk, folder, SECRET_FILE, Buffer.from(`${secret}\n`), 0o600);
  return secret;
}

function missing(file: string): LogCorruptError {
  return new LogCorruptError(`${file} is missing or damaged, but the board has records`, {
    file,
    offset: 0,
    afterSeq: 0,
  });
}
