// Owns `cut.json` of a board: where its log begins once retention has taken what came before, and the tree up to there.
// Does not own the cutting (board-archives). Written before a segment goes, so that a log that begins later than it says
// was damaged, and one that begins earlier was not finished with.

import { checkedLineOf, objectOfLine } from "../checked-line.ts";
import { base64OfHash, hashOf } from "../checkpoint.ts";
import { LogCorruptError } from "../contract.ts";
import { readSmallFile, replaceFile, type Disk } from "../disk.ts";
import { wholeSubtrees, type TreeHash } from "../merkle.ts";

const FILE = "cut.json";

export interface Cut {
  /** Position of the first record that is kept. */
  readonly first: number;
  /** Hashes of the whole subtrees over the records before it, largest first. */
  readonly left: readonly TreeHash[];
}

/** A log that was never cut. */
export const UNCUT: Cut = { first: 1, left: [] };

export async function readCut(disk: Disk, boardFolder: string): Promise<Cut> {
  const path = `${boardFolder}/${FILE}`;
  const bytes = await readSmallFile(disk, path);
  if (bytes === undefined) return UNCUT;
  const said = objectOfLine(bytes, 0, bytes.length - 1);
  const first = said?.["first"];
  const hashes = Array.isArray(said?.["left"]) ? said["left"].map((one) => hashOf(String(one))) : [];
  if (said?.["v"] !== 1 || typeof first !== "number" || hashes.length !== wholeSubtrees(first - 1).length) {
    throw new LogCorruptError(`${path} is damaged`, { file: path, offset: 0, afterSeq: 0 });
  }
  return { first, left: hashes as TreeHash[] };
}

export function writeCut(disk: Disk, boardFolder: string, { first, left }: Cut): Promise<void> {
  return replaceFile(disk, boardFolder, FILE, checkedLineOf({ v: 1, first, left: left.map(base64OfHash) }));
}
