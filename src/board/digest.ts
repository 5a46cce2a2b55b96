// Owns the digest of a state (rule 18): equal states have equal digests, on every machine and after every restart.
// Does not own the running sum: the board keeps it. What is small is added here, on demand.

import { boardOf } from "./board.ts";
import { activityLine, noteLine } from "./lines.ts";
import type { BoardState } from "./state.ts";

/**
 * The digest as 64 hex digits. Covers the position, clock, rules, every item, tombstone, mark, note of the tail, sign of
 * life and the extent of the id window. Cost: one hash for each note of the tail and each active writer.
 */
export function digestOf(state: BoardState): string {
  const board = boardOf(state);
  const lanes = board.digest.settled().copy();
  const { notes, total } = board.audit;
  const first = total - notes.length + 1;
  notes.forEach((note, i) => lanes.add(board.sha256(noteLine(first + i, note))));
  for (const [name, { lastAt, writes, seq }] of board.activity) {
    lanes.add(board.sha256(activityLine(name, lastAt, writes, seq)));
  }
  const { ids } = board;
  const facts = [board.seq, board.clock, board.rules, board.revFloor, total, ids.count, ids.forgottenIssuedAt];
  return board.sha256(`board ${facts.join(" ")} ${lanes.toHex()}`);
}

/**
 * Before a long log is folded from its start: put the digest's work off until the returned function is called, which must
 * happen before a digest or a snapshot is asked for. For a state that has entries already, nothing is put off.
 */
export function deferDigest(state: BoardState): () => void {
  return boardOf(state).digest.defer();
}
