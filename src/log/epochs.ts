// Owns epochs.json: the names of a log's unbroken histories, each with its first position (rule 7, law L7).
// Does not own when a history is cut. Invariant: at least one epoch, in rising order of positions.

import { randomBytes } from "node:crypto";
import { epoch as toEpoch, seq as toSeq, type Epoch, type Seq } from "../protocol/index.ts";
import { checkedLineOf, objectOfLine } from "./checked-line.ts";
import { LogCorruptError } from "./contract.ts";
import { readSmallFile, replaceFile, type Disk } from "./disk.ts";

export interface EpochStart {
  readonly epoch: Epoch;
  readonly firstSeq: Seq;
}

const FILE = "epochs.json";

/** A fresh epoch: 16 random base64url characters. */
export function newEpoch(): Epoch {
  return toEpoch(randomBytes(12).toString("base64url"));
}

/** The epochs of a board's folder, or undefined where none were written yet. */
export async function readEpochs(disk: Disk, folder: string): Promise<readonly EpochStart[] | undefined> {
  const bytes = await readSmallFile(disk, `${folder}/${FILE}`);
  if (bytes === undefined) return undefined;
  const list = objectOfLine(bytes, 0, bytes.length - 1)?.["epochs"];
  if (bytes.at(-1) !== 0x0a || !Array.isArray(list) || list.length === 0) {
    const at = { file: `${folder}/${FILE}`, offset: 0, afterSeq: 0 };
    throw new LogCorruptError(`${at.file}: the list of epochs is damaged`, at);
  }
  return (list as { epoch: string; firstSeq: number }[]).map((start) => ({
    epoch: toEpoch(start.epoch),
    firstSeq: toSeq(start.firstSeq),
  }));
}

/** Keep the epochs: whole, synced, in place of the list before. */
export function writeEpochs(disk: Disk, folder: string, epochs: readonly EpochStart[]): Promise<void> {
  return replaceFile(disk, folder, FILE, checkedLineOf({ v: 1, epochs }));
}

/** Start a new epoch at a position, for a board that is closed: after a cut of history, a restore or a fork. */
export async function forkEpoch(disk: Disk, folder: string, firstSeq: Seq): Promise<Epoch> {
  const epochs = (await readEpochs(disk, folder)) ?? [];
  const epoch = newEpoch();
  await writeEpochs(disk, folder, [...epochs.filter((start) => start.firstSeq < firstSeq), { epoch, firstSeq }]);
  return epoch;
}

/** The epoch to which a position belongs. */
export function epochAt(epochs: readonly EpochStart[], seq: number): Epoch | undefined {
  return epochs.findLast((start) => start.firstSeq <= seq)?.epoch;
}
