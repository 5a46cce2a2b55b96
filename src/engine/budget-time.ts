// Owns what time does to a board's budgets: windows that begin in front of the commands that belong to them, and the look
// ahead at how fast they are spent. Does not own either (window-watch, burn-watch), nor the log.

import type { BoardState } from "../board/index.ts";
import type { Draft, Outcome } from "../protocol/index.ts";
import type { Timepieces } from "./board-clock.ts";
import { createBurnWatch } from "./burn-watch.ts";
import type { Applied, BoardHandle, Submission } from "./contract.ts";
import { draftOf, system, type Waiting } from "./inbox.ts";
import { createWindowWatch } from "./window-watch.ts";

export interface BudgetTime {
  /** The same group, with the windows that begin before each command came in front of it, whatever else waits (rule 2). */
  withResets(group: readonly Waiting[]): readonly Waiting[];
  /** What is due at a moment although nobody sends a command; empty for nothing. */
  due(now: Pick<Draft, "at" | "clock">): Waiting[];
  applied(group: readonly Applied[]): void;
  rateOf(task: string): ReturnType<BoardHandle["rateOf"]>;
  close(): void;
}

export function createBudgetTime(options: {
  readonly state: BoardState;
  readonly timepieces: Timepieces;
  readonly notice: (message: string, detail?: unknown) => void;
  /** Write what is due now. False where nothing can be written. */
  readonly begin: () => boolean;
  readonly submit: (submission: Submission) => Promise<Outcome>;
}): BudgetTime {
  const { state, timepieces, notice, begin, submit } = options;
  const windows = createWindowWatch({ state, timepieces, notice, begin });
  const burn = createBurnWatch({
    state,
    timepieces,
    project: (task, exhaustsAt) => void submit(system({ type: "budget.project", task, exhaustsAt })),
  });

  const due = ({ at, clock }: Pick<Draft, "at" | "clock">): Waiting[] =>
    windows.take(at).map((resets) => ({
      draft: draftOf(system({ type: "budget.reset", resets }), { at, clock }),
      bytes: 0,
      resolve: (outcome) => windows.settled(resets, outcome),
    }));

  return {
    due,
    withResets(group) {
      const dueAt = windows.dueAt();
      if (group.every(({ draft }) => draft.at < dueAt)) return group;
      return group.flatMap((waiting) =>
        waiting.draft.at >= windows.dueAt() ? [...due(waiting.draft), waiting] : [waiting],
      );
    },
    applied(group) {
      for (const { record, changes } of group) {
        if (changes.length === 0) continue;
        windows.applied(changes);
        burn.changed(record, changes);
      }
    },
    rateOf: (task) => ({ ...burn.rateOf(task), exhaustsAt: burn.exhaustsAt(task) }),
    close() {
      windows.close();
      burn.close();
    },
  };
}
