// Owns the verdicts on claims: at most one holder at a time, and a fencing number that only ever grows.
// A claim whose time has run out by the record's clock is free, whether or not a record has ended it yet.

import type { Claim, CommandOf } from "../../protocol/index.ts";
import type { Board } from "../board.ts";
import { MAX_ITEMS } from "./bounds.ts";
import { accepted, refused, type Step, type Verdict } from "./verdict.ts";

export function acquireClaim(board: Board, command: CommandOf<"claim.acquire">, step: Step): Verdict {
  const { record } = step;
  const before = board.claims.get(command.claim);
  // A batch that releases a claim cannot take it again: both holders would have the same fence.
  if (before !== undefined && (isHeld(before, step) || before.fence >= record.seq)) {
    return refused("claim_held", before.holder === undefined ? undefined : { holder: before.holder });
  }
  if (before === undefined && board.claims.size >= MAX_ITEMS) return refused("board_full");
  const fence = record.seq;
  const expiresAtClock = step.clock + command.ttlMs;
  save(board, step, {
    claim: command.claim,
    seq: record.seq,
    at: record.at,
    holder: record.actor,
    fence,
    expiresAtClock,
  });
  return accepted({ fence, expiresAtClock });
}

export function renewClaim(board: Board, command: CommandOf<"claim.renew">, step: Step): Verdict {
  const before = board.claims.get(command.claim);
  if (before === undefined || !isHeld(before, step) || before.fence !== command.fence) return refused("claim_lost");
  const expiresAtClock = step.clock + command.ttlMs;
  save(board, step, { ...before, seq: step.record.seq, at: step.record.at, expiresAtClock });
  return accepted({ fence: before.fence, expiresAtClock });
}

export function releaseClaim(board: Board, command: CommandOf<"claim.release">, step: Step): Verdict {
  const before = board.claims.get(command.claim);
  if (before === undefined || !isHeld(before, step) || before.fence !== command.fence) return refused("claim_lost");
  freeClaim(board, before, step);
  return accepted();
}

/** Nobody holds it any more; its fence stays. */
export function freeClaim(board: Board, claim: Claim, step: Step): void {
  const { seq, at } = step.record;
  save(board, step, { ...claim, seq, at, holder: undefined, expiresAtClock: Number.POSITIVE_INFINITY });
}

const isHeld = (claim: Claim, step: Step): boolean => claim.holder !== undefined && step.clock < claim.expiresAtClock;

function save(board: Board, step: Step, claim: Claim): void {
  board.setClaim(claim.claim, claim);
  step.changes.push({ type: "claim.changed", name: claim.claim });
}
