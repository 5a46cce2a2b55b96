// Owns when a checkpoint of a board's log is signed: after so many records or so much time, if the log moved, and at the end.
// Does not own the tree, the key or the file (log/board-proofs). Appends never wait; a failure is a notice.

import { digestOf, type BoardState } from "../board/index.ts";
import type { BoardProofs } from "../log/contract.ts";

/** When a checkpoint is due: whichever comes first. */
export interface CheckpointPolicy {
  readonly everyRecords: number;
  readonly everyMs: number;
}

export const DEFAULT_CHECKPOINT_POLICY: CheckpointPolicy = { everyRecords: 100_000, everyMs: 10_000 };

/** Node runs a longer timer at once. */
const MOST_TIMER_MS = 2 ** 31 - 1;

export interface Notary {
  applied(records: number): void;
  /** Sign what is applied by now, and wait for it. */
  signNow(): Promise<void>;
  close(): Promise<void>;
}

export function createNotary(options: {
  readonly state: BoardState;
  /** Left out where nothing is kept that could be proven. */
  readonly proofs: BoardProofs | undefined;
  readonly policy: CheckpointPolicy;
  readonly notice: (message: string, detail?: unknown) => void;
}): Notary {
  const { state, proofs, policy, notice } = options;
  let since = 0;
  let signing: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let lastProblem = "";

  /** A full board's digest takes two hashes for each key that changed: left out where checkpoints are due by number. */
  const sign = (digest?: string): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    const signed = since;
    since = 0;
    signing = (proofs?.sign(state.seq, digest) ?? Promise.resolve()).then(
      () => {
        signing = undefined;
        lastProblem = "";
        if (since > 0) arm();
      },
      (error: unknown) => {
        // The log is not touched by this; the next checkpoint covers what this one should have.
        const problem = error instanceof Error ? error.message : String(error);
        if (problem !== lastProblem) notice(`a checkpoint could not be written: ${problem}`, error);
        lastProblem = problem;
        signing = undefined;
        since += signed;
        arm();
      },
    );
    return signing;
  };

  const arm = (): void => {
    if (timer !== undefined || proofs === undefined) return;
    timer = setTimeout(
      () => {
        timer = undefined;
        if (signing === undefined) void sign(digestOf(state));
      },
      Math.min(policy.everyMs, MOST_TIMER_MS),
    );
    timer.unref();
  };

  return {
    applied: (records) => {
      if (proofs === undefined) return;
      since += records;
      if (signing !== undefined) return;
      if (since >= policy.everyRecords) void sign();
      else arm();
    },
    signNow: async () => {
      await signing;
      // Also where nothing moved since the start: a log of an earlier version has no checkpoint yet.
      await sign(digestOf(state));
    },
    close: async () => {
      await signing;
      if (since > 0) await sign(digestOf(state));
      clearTimeout(timer);
    },
  };
}
