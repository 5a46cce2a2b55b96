// Owns when a snapshot is written: often enough to bound the restart, seldom enough to cost little.
// Does not own its content (board/snapshot) or its bytes (log/).

import { snapshotRows, writeSnapshot, type BoardState } from "../board/index.ts";
import type { SnapshotStore } from "../log/contract.ts";
import type { Seq } from "../protocol/index.ts";

/** When a snapshot pays. */
export interface SnapshotPolicy {
  /** Records between two snapshots: at least this many, and at least as many as the snapshot has rows. */
  readonly minRecords: number;
  /** On a clean stop a snapshot is written if at least so many records would have to be replayed. */
  readonly minRecordsOnClose: number;
}

export const DEFAULT_SNAPSHOT_POLICY: SnapshotPolicy = { minRecords: 100_000, minRecordsOnClose: 1000 };

export interface Snapshotter {
  applied(records: number): void;
  /** Write what is applied by now, unless that is done, and wait for it. Rejects where it cannot be written. */
  writeNow(): Promise<Seq>;
  close(): Promise<void>;
}

export function createSnapshotter(options: {
  readonly state: BoardState;
  readonly snapshots: SnapshotStore;
  /** Records since the newest snapshot, as the recovery found. */
  readonly recordsSince: number;
  readonly policy: SnapshotPolicy;
  readonly notice: (message: string, detail?: unknown) => void;
}): Snapshotter {
  const { state, snapshots, policy, notice } = options;
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
      if (writing === undefined && since >= policy.minRecords && since >= snapshotRows(state)) write();
    },
    async writeNow() {
      await writing;
      const { seq } = state;
      const before = since;
      since = 0;
      const made = snapshots.write(seq, writeSnapshot(state));
      writing = made.catch(() => {
        since += before;
      });
      void writing.then(() => (writing = undefined));
      await made;
      return seq;
    },
    async close() {
      await writing;
      if (since < policy.minRecordsOnClose) return;
      write();
      await writing;
    },
  };
}
