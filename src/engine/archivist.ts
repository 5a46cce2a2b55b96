// Owns when a board's log is looked at for what retention wants out of it, and that nothing leaves it that a start would
// need: a snapshot of a later state is durable and was read back, and a checkpoint covers it.
// Does not own the moving (log/archive). Appends never wait; one job at a time; a failure is a notice and is tried again.

import type { BoardMemory } from "../log/contract.ts";
import type { RetentionPolicy } from "../log/index.ts";
import type { Seq } from "../protocol/index.ts";
import type { Timepieces } from "./board-clock.ts";

const LOOK_EVERY_MS = 60_000;

export interface Retained {
  /** Segments that were moved into archives, and archives that were removed. */
  readonly archived: number;
  readonly expired: number;
}

export interface Archivist {
  /** Look now, by another policy where one is given. Rejects where something failed; what was done until then holds. */
  lookNow(policy?: RetentionPolicy): Promise<Retained>;
  /** Begin to look now and then. */
  start(): void;
  close(): Promise<void>;
}

export function createArchivist(options: {
  readonly memory: Pick<BoardMemory, "archives" | "log" | "snapshots">;
  readonly policy: RetentionPolicy;
  readonly wallMs: () => number;
  readonly after: Timepieces["after"];
  readonly snapshotNow: () => Promise<Seq>;
  readonly signNow: () => Promise<void>;
  /** Run while no erasure does: both put the same files in place anew. */
  readonly exclusively: <T>(work: () => Promise<T>) => Promise<T>;
  readonly notice: (message: string, detail?: unknown) => void;
}): Archivist {
  const { memory, wallMs, after, notice } = options;
  const { archives, log, snapshots } = memory;
  const { retainMs, retainBytes, archiveMs } = options.policy;
  const isAsked = [retainMs, retainBytes, archiveMs].some((bound) => bound !== undefined);
  let cancel: (() => void) | undefined;
  let running: Promise<unknown> = Promise.resolve();
  let closed = false;
  let lastProblem = "";

  /** The newest snapshot that can be read from beginning to end. */
  const soundSnapshot = async (): Promise<number> => {
    const found = await snapshots.newest(log.head);
    if (found.seq === undefined) return 0;
    for await (const part of found.parts) void part;
    return found.seq;
  };

  const look = async (policy: RetentionPolicy): Promise<Retained> => {
    if (archives === undefined) return { archived: 0, expired: 0 };
    let archived = 0;
    let safeTo: number | undefined;
    while (!closed) {
      const due = await archives.due(policy, wallMs());
      if (due === undefined) break;
      safeTo ??= await soundSnapshot().catch(() => 0);
      if (safeTo < due.last) {
        await options.snapshotNow();
        safeTo = await soundSnapshot();
        if (safeTo < due.last) throw new Error(`no snapshot of record ${due.last} or later could be read back`);
      }
      const isMoved = (await archives.move(due)) || (await options.signNow(), await archives.move(due));
      if (!isMoved) throw new Error(`record ${due.last} is not under a checkpoint`);
      archived++;
    }
    const expired = (await archives.expire(policy, wallMs())).length;
    return { archived, expired };
  };

  const lookNow = (policy: RetentionPolicy): Promise<Retained> => {
    const made = options.exclusively(() => look(policy));
    running = made.catch(() => undefined);
    return made;
  };

  const arm = (): void => {
    if (closed) return;
    cancel = after(LOOK_EVERY_MS, run, true);
  };

  const run = (): void => {
    lookNow(options.policy).then(
      ({ archived, expired }) => {
        lastProblem = "";
        if (archived > 0)
          notice(`retention moved ${archived} segments into archives; the log begins at record ${log.first}`);
        if (expired > 0) notice(`retention removed ${expired} archives`);
        arm();
      },
      (error: unknown) => {
        const problem = error instanceof Error ? error.message : String(error);
        if (problem !== lastProblem) notice(`retention stopped, and tries again: ${problem}`, error);
        lastProblem = problem;
        arm();
      },
    );
  };

  return {
    lookNow: (policy) => lookNow(policy ?? options.policy),
    start: () => {
      if (isAsked && archives !== undefined) run();
    },
    close: async () => {
      closed = true;
      cancel?.();
      await running;
    },
  };
}
