// Owns how a board comes back: the newest whole snapshot, then the log from there.
// Does not own snapshots' bytes or the log's. Writes nothing; only removes snapshots that cannot be true.

import { hash } from "node:crypto";
import { apply, createBoardState, deferDigest, readSnapshot, type BoardState, type Sha256 } from "../board/index.ts";
import type { BoardMemory } from "../log/contract.ts";
import { DONE, outcomeOf, type Refused } from "../log/index.ts";
import { seq } from "../protocol/index.ts";

export const sha256: Sha256 = (text) => hash("sha256", text, "hex");

export interface Recovered {
  readonly state: BoardState;
  /** Wall time and board clock of the newest record, for the clock to go on from. */
  readonly last: { readonly clock: number; readonly at: number } | undefined;
  /** Where the state came from, for the log and the admin page. */
  readonly snapshotSeq: number;
  readonly replayed: number;
  readonly problems: readonly string[];
}

/** Fold a board's memory. The replay yields to the event loop between batches of the log's reader. */
export async function recoverBoard(memory: BoardMemory): Promise<Recovered> {
  const problems: string[] = [...memory.notices];
  const restored = await restoreSnapshot(memory, problems);
  const state = restored ?? createBoardState(sha256);
  const snapshotSeq = state.seq;
  let last: Recovered["last"];
  let replayed = 0;
  const settleDigest = deferDigest(state);
  memory.history.judged(state.seq, []);
  for await (const records of memory.log.read(seq(state.seq + 1))) {
    const refused: Refused[] = [];
    for (const record of records) {
      const { outcome } = apply(state, record);
      const told = outcomeOf(outcome);
      if (told !== DONE) refused.push({ seq: record.seq, outcome: told });
      last = record;
    }
    memory.history.judged(state.seq, refused);
    replayed += records.length;
  }
  settleDigest();
  if (last === undefined && state.seq > 0) {
    // The tail is empty: the clock goes on from the last record, which the log still has.
    for await (const records of memory.log.read(state.seq)) last = records.at(-1) ?? last;
    last ??= { clock: state.clock, at: state.clock };
  }
  return { state, last, snapshotSeq, replayed, problems };
}

async function restoreSnapshot(memory: BoardMemory, problems: string[]): Promise<BoardState | undefined> {
  const { head } = memory.log;
  for (const seq of await memory.snapshots.discardNewerThan(head)) {
    problems.push(`snapshot ${seq} was removed: it is newer than the log's end at ${head}`);
  }
  let notAfter = head;
  for (;;) {
    const found = await memory.snapshots.newest(notAfter);
    problems.push(...found.problems);
    if (found.seq === undefined) return undefined;
    notAfter = seq(found.seq - 1);
    try {
      return await readSnapshot(found.parts, sha256);
    } catch (error) {
      // A snapshot is only a shortcut: without it, the one before or the log from its start gives the same.
      problems.push(`snapshot ${found.seq} was not used: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}
