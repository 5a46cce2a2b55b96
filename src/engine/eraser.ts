// Owns the order in which an erasure happens (rule 17): noted, recorded, gone from the state and the snapshots, gone from
// the files. Does not own what is erased (log/erasure) or what it means to the fold (board/erasure).
// One at a time. Bounded: MOST_WAITING wait, and beyond them `overloaded`. A crash at any point is gone on from at the start.

import type { BoardMemory, EraseStep } from "../log/contract.ts";
import { type Outcome, type Seq, seq as toSeq } from "../protocol/index.ts";
import type { EraseOrder, EraseOutcome, Submission } from "./contract.ts";

const MOST_WAITING = 16;

export interface Eraser {
  erase(seq: number, order: EraseOrder): Promise<EraseOutcome>;
  /** End what a crash left: what was recorded is carried out, what was not is forgotten. */
  resume(): Promise<void>;
  /** Run something while no erasure does. */
  exclusively<T>(work: () => Promise<T>): Promise<T>;
  /** Wait for the one under way; those that wait are refused. */
  close(): Promise<void>;
}

export function createEraser(options: {
  readonly memory: Pick<BoardMemory, "erasure" | "log" | "snapshots">;
  readonly submit: (submission: Submission) => Promise<Outcome>;
  readonly snapshotNow: () => Promise<Seq>;
  readonly notice: (message: string, detail?: unknown) => void;
}): Eraser {
  const { memory, submit, snapshotNow, notice } = options;
  const { erasure, log, snapshots } = memory;
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  let closed = false;

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

  const run = async (seq: number, order: EraseOrder): Promise<EraseOutcome> => {
    if (erasure === undefined) return { ok: false, code: "not_erasable" };
    await resume();
    const plan = await erasure.plan(seq);
    if (!plan.ok) return plan;
    const erased: number[] = [];
    let recordedAt = toSeq(0);
    for (const step of plan.steps) {
      await erasure.begin(step);
      const { seq: position, hash, left, keys } = step;
      const { reason, actor, source } = order;
      const why = reason === undefined ? {} : { reason };
      const outcome = await submit({
        actor,
        source,
        command: { type: "record.erase", seq: position, hash, left, keys: [...keys], ...why },
      });
      if (!outcome.ok) {
        // Where it is open whether the record is kept, the next erasure or start looks.
        if (outcome.code !== "indeterminate" && outcome.code !== "internal") await erasure.cancel();
        return outcome.detail === undefined
          ? { ok: false, code: outcome.code }
          : { ok: false, code: outcome.code, detail: outcome.detail };
      }
      await carryOut(step);
      erased.push(position);
      recordedAt = toSeq(outcome.seq);
    }
    return { ok: true, seq: recordedAt, erased };
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
    exclusively: (work) => {
      const turn = last.then(work);
      last = turn.catch(() => undefined);
      return turn;
    },
    close: async () => {
      closed = true;
      await last;
    },
  };
}
