// Owns the order in which an erasure happens (rule 17): noted, recorded, gone from the state and the snapshots, gone from
// the files. Does not own what is erased (log/erasure) or what it means to the fold (board/erasure).
// One at a time. Bounded: MOST_WAITING wait, and beyond them `overloaded`. A crash at any point is gone on from at the start.

import type { BoardMemory, EraseStep } from "../log/contract.ts";
import { type Outcome, type Seq, seq as toSeq } from "../protocol/index.ts";
import type { Timepieces } from "./board-clock.ts";
import type { EraseOrder, EraseOutcome, Submission } from "./contract.ts";

const MOST_WAITING = 16;
/** How often an erasure is planned anew because of what came meanwhile; beyond, `overloaded`. */
const MOST_ATTEMPTS = 10;
const RETRY_MS = 1000;

export interface Eraser {
  erase(seq: number, order: EraseOrder): Promise<EraseOutcome>;
  /** End what a crash left: what was recorded is carried out, what was not is forgotten. */
  resume(): Promise<void>;
  /** Run something while no erasure does. */
  exclusively<T>(work: () => Promise<T>): Promise<T>;
  /** Wait for the one under way; those that wait are refused. */
  close(): Promise<void>;
}

export interface EraserOptions {
  readonly memory: Pick<BoardMemory, "erasure" | "log" | "snapshots">;
  /**
   * Append a command with nothing between it and what `isStill` has looked at. Undefined where `isStill` says no.
   */
  readonly submitAlone: (submission: Submission, isStill: () => Promise<boolean>) => Promise<Outcome | undefined>;
  readonly after: Timepieces["after"];
  readonly snapshotNow: () => Promise<Seq>;
  readonly notice: (message: string, detail?: unknown) => void;
}

export function createEraser(options: EraserOptions): Eraser {
  const { memory, submitAlone, snapshotNow, after, notice } = options;
  const { erasure, log, snapshots } = memory;
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  let closed = false;
  let cancelRetry: (() => void) | undefined;

  const carryOut = async (step: EraseStep): Promise<void> => {
    // The snapshots first: a start from an older one would need the bytes that go now.
    const seq = await snapshotNow();
    await snapshots.discardOlderThan(seq);
    await erasure?.finish(step);
  };

  const isRecorded = async (step: EraseStep): Promise<boolean> => {
    for await (const records of log.read(toSeq(Math.max(step.seq + 1, log.first)))) {
      for (const { command } of records) {
        if (command.type === "record.erase" && command.seq === step.seq && command.left === step.left) return true;
      }
    }
    return false;
  };

  const resume = async (): Promise<void> => {
    const step = await erasure?.pending();
    if (step === undefined || erasure === undefined) return;
    if (!(await isRecorded(step))) return erasure.cancel();
    await carryOut(step);
    notice(`the erasure of record ${step.seq} was ended, which a crash or a failure had interrupted`);
  };

  const record = (
    { seq, hash, left, keys }: EraseStep,
    { reason, ...origin }: EraseOrder,
    isStill: () => Promise<boolean>,
  ): Promise<Outcome | undefined> => {
    const why = reason === undefined ? {} : { reason };
    const command = { type: "record.erase" as const, seq, hash, left, keys: [...keys], ...why };
    return submitAlone({ ...origin, command }, isStill);
  };

  const run = async (seq: number, order: EraseOrder): Promise<EraseOutcome> => {
    if (erasure === undefined) return { ok: false, code: "not_erasable" };
    await resume();
    const erased: number[] = [];
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
      const plan = await erasure.plan(seq);
      if (!plan.ok) return plan;
      // What came while the whole log was read is looked at now, so that writers hardly wait for the last look.
      if (!(await plan.isStill())) continue;
      const outcome = await carryOutAll(plan.steps, order, () => plan.isStill(), erased);
      if (outcome !== undefined) return outcome;
    }
    return { ok: false, code: "overloaded", detail: { retryAfterMs: 1000 } };
  };

  /** Undefined where something came in between that belongs to it: then it is planned anew. */
  const carryOutAll = async (
    steps: readonly EraseStep[],
    order: EraseOrder,
    isStill: () => Promise<boolean>,
    erased: number[],
  ): Promise<EraseOutcome | undefined> => {
    let recordedAt = toSeq(0);
    for (const step of steps) {
      await erasure?.begin(step);
      const outcome = await record(step, order, isStill);
      if (outcome === undefined) {
        await erasure?.cancel();
        return undefined;
      }
      if (!outcome.ok) {
        // Where it is open whether the record is kept, that is looked at once the log is well again.
        if (outcome.code === "indeterminate" || outcome.code === "internal") resumeLater();
        else await erasure?.cancel();
        const { code, detail } = outcome;
        return detail === undefined ? { ok: false, code } : { ok: false, code, detail };
      }
      await carryOut(step);
      erased.push(step.seq);
      recordedAt = toSeq(outcome.seq);
    }
    return { ok: true, seq: recordedAt, erased };
  };

  /** A failing disk: tried again until it is done, or the board closes (then the next start does it). */
  const resumeLater = (): void => {
    cancelRetry ??= after(
      RETRY_MS,
      () => {
        cancelRetry = undefined;
        if (!closed) exclusively(resume).catch(resumeLater);
      },
      true,
    );
  };

  const exclusively = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = last.then(work);
    last = turn.catch(() => undefined);
    return turn;
  };

  const inTurn = async (seq: number, order: EraseOrder): Promise<EraseOutcome> => {
    if (closed) return { ok: false, code: "shutting_down" };
    try {
      return await run(seq, order);
    } catch (error) {
      notice(
        `the erasure of record ${seq} stopped; it goes on when it is asked for again, or at the next start`,
        error,
      );
      const reason = error instanceof Error ? error.message : String(error);
      return { ok: false, code: "log_unavailable", detail: { reason: reason.slice(0, 500) } };
    }
  };

  return {
    erase: async (seq, order) => {
      if (closed) return { ok: false, code: "shutting_down" };
      if (waiting >= MOST_WAITING) return { ok: false, code: "overloaded", detail: { retryAfterMs: 1000 } };
      waiting++;
      const turn = last.then(() => inTurn(seq, order));
      last = turn;
      return turn.finally(() => waiting--);
    },
    resume,
    exclusively,
    close: async () => {
      closed = true;
      cancelRetry?.();
      await last;
    },
  };
}
