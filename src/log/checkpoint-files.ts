// Owns the checkpoints of a board on disk: `checkpoints/<size>.note`, put in place whole and synced.
// Does not own what they say. Bounded: beyond MOST, every second one of the older half goes; the newest and the first stay.

import { parseCheckpoint, type SignedCheckpoint } from "./checkpoint.ts";
import { codeOf, readSmallFile, replaceFile, type Disk } from "./disk.ts";

const NAME = /^(\d{16})\.note$/;
const MOST = 1000;

export interface CheckpointFile {
  readonly path: string;
  /** As in the name. */
  readonly size: number;
}

/** In order of size. */
export async function listCheckpoints(disk: Disk, folder: string): Promise<CheckpointFile[]> {
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
    .map((name) => ({ path: `${folder}/${name}`, size: Number(NAME.exec(name)?.[1]) }));
}

/** The newest checkpoint of a log that can be read, and its text. */
export async function newestCheckpoint(
  disk: Disk,
  folder: string,
  origin: string,
): Promise<{ readonly text: string; readonly checkpoint: SignedCheckpoint } | undefined> {
  for (const { path } of (await listCheckpoints(disk, folder)).reverse()) {
    const text = (await readSmallFile(disk, path))?.toString("utf8") ?? "";
    const checkpoint = parseCheckpoint(text);
    if (checkpoint?.origin === origin) return { text, checkpoint };
  }
  return undefined;
}

export async function writeCheckpoint(disk: Disk, folder: string, size: number, text: string): Promise<void> {
  await disk.makeFolder(folder);
  await replaceFile(disk, folder, `${String(size).padStart(16, "0")}.note`, Buffer.from(text));
  const all = await listCheckpoints(disk, folder);
  if (all.length <= MOST) return;
  for (const [i, { path }] of all.slice(0, MOST / 2).entries()) if (i % 2 === 1) await disk.unlink(path);
}
