// Owns what is done to a board's signing key from outside a server: naming it and replacing it.
// Does not own its files (signing-keys). Replacing takes the data directory's lock.

import { LockedError, takeLock } from "../process-lock.ts";
import { listCheckpoints } from "../checkpoint-files.ts";
import { originOf } from "../checkpoint.ts";
import { nodeDisk } from "../disk.ts";
import { readEpochs } from "../epochs.ts";
import { verifierTextOf } from "../signed-note.ts";
import { rotateSigningKey } from "../signing-keys.ts";
import { AuditError } from "./evidence.ts";

export { originOf } from "../checkpoint.ts";
export { nodeDisk } from "../disk.ts";
export { verifierTextOf } from "../signed-note.ts";
export { openSigningKey } from "../signing-keys.ts";

/** The epoch that a board's log is in. Throws AuditError where there is none. */
export async function lastEpoch(dir: string, board: string): Promise<string> {
  const epoch = (await readEpochs(nodeDisk, `${dir}/boards/${board}`))?.at(-1)?.epoch;
  if (epoch === undefined) throw new AuditError(`${dir} holds no log of the board ${board}`);
  return epoch;
}

/** Replace the key; returns the new verifier text. Throws AuditError while a server has the directory. */
export async function rotate(dir: string, board: string): Promise<string> {
  const epoch = await lastEpoch(dir, board);
  const lock = await takeLock(`${dir}/lock`).catch((error: unknown) => {
    throw error instanceof LockedError ? new AuditError(`stop the server first: ${error.message}`) : error;
  });
  try {
    const folder = `${dir}/boards/${board}`;
    const signed = (await listCheckpoints(nodeDisk, `${folder}/checkpoints`)).at(-1)?.size ?? 0;
    const key = await rotateSigningKey(nodeDisk, folder, board, signed);
    return verifierTextOf({ ...key, name: originOf(board, epoch) });
  } finally {
    await lock.release();
  }
}
