// Owns whether a replica is known to be complete: since its subscription began, and by what beats tell (W-BEAT-2).
// Does not own what follows from it (connection/machine.ts). Pure.

import type { Progress } from "./connection/phases.ts";

/*
            resumed                a sync, or a beat that is not ahead
  answer ─────────────▶ changes ─────────────────────────────────────▶ nothing
     │                                  a sync                            ▲ │
     └──── reset, or no cursor ──▶ snapshot ──────────────────────────────┘ │ reset
                                      ▲─────────────────────────────────────┘
*/
type Expected = "answer" | "changes" | "snapshot" | "nothing";

export interface Freshness {
  /** Subscribed, or subscribed again: nothing is known until the answer. */
  begin(): void;
  /** A beat says nothing of a replica that a snapshot is to replace: its numbers may be of another history. */
  answered(resumed: boolean): void;
  /** The replica stands at `seq` now, by a whole sync. */
  applied(seq: number): void;
  /** The board stands at `boardSeq`, the replica at `seq`. */
  beat(boardSeq: number, seq: number, nowMs: number): void;
  progress(): Progress;
}

export function createFreshness(): Freshness {
  let expected: Expected = "answer";
  let boardAt = 0;
  let behindSinceMs: number | undefined;
  return {
    begin() {
      expected = "answer";
      boardAt = 0;
      behindSinceMs = undefined;
    },
    answered(resumed) {
      if (!resumed) expected = "snapshot";
      else if (expected === "answer") expected = "changes";
    },
    applied(seq) {
      expected = "nothing";
      if (seq >= boardAt) behindSinceMs = undefined;
    },
    beat(boardSeq, seq, nowMs) {
      boardAt = boardSeq;
      if (seq < boardSeq) behindSinceMs ??= nowMs;
      else {
        behindSinceMs = undefined;
        if (expected === "changes") expected = "nothing";
      }
    },
    progress: () => ({ waiting: expected !== "nothing", behindSinceMs }),
  };
}

/** The worst of all. Without subscriptions nothing is missing. */
export function worstOf(all: readonly Progress[]): Progress {
  const since = all.flatMap(({ behindSinceMs }) => behindSinceMs ?? []);
  return {
    waiting: all.some(({ waiting }) => waiting),
    behindSinceMs: since.length === 0 ? undefined : Math.min(...since),
  };
}
