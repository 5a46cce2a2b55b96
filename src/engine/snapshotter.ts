// Owns when a snapshot is written: often enough to bound the restart, seldom enough to cost little.
// Does not own its content (board/snapshot) or its bytes (log/).

import { writeSnapshot, type BoardState } from "../board/index.ts";
import type { SnapshotStore } from "../log/contract.ts";

/** Records between two snapshots: at least this many, and at least half as many as there are entries. */
const MIN_RECORDS = 50_000;
/** On a clean stop a snapshot is written if at least so many records would have to be replayed. */
const MIN_RECORDS_ON_CLOSE = 1000;

export interface Snapshotter {
  applied(records: number): void;
  close(): Promise<void>;
}

export function createSnapshotter(options: {
  readonly state: BoardState;
  readonly snapshots: SnapshotStore;
  /** Records since the newest snapshot, as the recovery found. */
  readonly recordsSince: number;
  readonly notice: (message: string, detail?: unknown) => void;
}): Snapshotter {
  const { state, snapshots, notice } = options;
  let since = options.recordsSince;
  let writing: Promise<void> | undefined;

  const write = (): void => {
    since = 0;
    writing = snapshots.write(state.seq, writeSnapshot(state)).then(
      () => {
        writing = undefined;
      },
      (error: unknown) => {
        // Losing a snapshot loses nothing but time at the next start; the next one is tried after as many records again.
        notice("a snapshot could not be written", error);
        writing = undefined;
      },
    );
  };

  return {
    applied(records) {
      since += records;
      if (writing === undefined && since >= Math.max(MIN_RECORDS, state.entries.size / 2)) write();
    },
    async close() {
      await writing;
      if (since < MIN_RECORDS_ON_CLOSE) return;
      write();
      await writing;
    },
  };
}
