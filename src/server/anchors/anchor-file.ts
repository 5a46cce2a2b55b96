// Owns a file that checkpoints are appended to, one signed note after another with an empty line between: `audit verify --checkpoint`
// reads it. Does not own the queue before it. Each note is synced before it counts as anchored.
// Bounded: beyond MAX_BYTES the file becomes `<path>.1`, in the place of the one before; every checkpoint covers all older ones.

import { open, rename, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { nodeDisk } from "../../log/disk.ts";
import { AnchorError } from "./anchor-queue.ts";

const MAX_BYTES = 16 * 1_048_576;
/** Where a note is looked for, so that a restart does not append it again. */
const TAIL_BYTES = 65_536;

/** Append a note, unless it is among the newest. @throws AnchorError */
export async function appendNote(path: string, note: string, maxBytes = MAX_BYTES): Promise<void> {
  try {
    const size = await sizeOf(path);
    if (size > 0 && size + note.length > maxBytes) await rename(path, `${path}.1`);
    const file = await open(path, "a+", 0o644);
    let isNew: boolean;
    try {
      const { size: length } = await file.stat();
      isNew = length === 0;
      const tail = Buffer.alloc(Math.min(length, TAIL_BYTES));
      await file.read(tail, 0, tail.length, length - tail.length);
      const text = tail.toString("utf8");
      if (text.includes(note)) return;
      // A note that a crash cut off is left behind as it is; readers pass it over.
      const before = text === "" || text.endsWith("\n\n") ? "" : text.endsWith("\n") ? "\n" : "\n\n";
      await file.appendFile(`${before}${note}\n`);
      await file.datasync();
    } finally {
      await file.close();
    }
    // Its name is new in the folder, at first and after a rotation.
    if (isNew) await nodeDisk.syncFolder(dirname(path));
  } catch (error) {
    throw new AnchorError(`${path}: ${error instanceof Error ? error.message : String(error)}`, false);
  }
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return 0;
    throw error;
  }
}
