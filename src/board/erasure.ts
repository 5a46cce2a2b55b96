// Owns what an erased record means to the fold (rule 17, ADR 0015): which values rest on it, and what becomes of them.
// Does not own the erasing of bytes (log/erasure) or any other verdict on entries.
//
// A value begins with a record (its base) and every merge since rests on it. A record is part of a value exactly where it
// wrote the key and base <= its position <= seq. So a board that erases a value while it runs, and one that replays the log
// with the record erased already, come to the same: replayed, the value is erased from that record on; live, from the
// `record.erase` on; and both write it anew there.

import { type CommandOf, type JsonText, type LogRecord, membersOf } from "../protocol/index.ts";
import type { Board } from "./board.ts";
import type { KeptEntry } from "./running-digest.ts";
import { accepted, refused, type Step, type Verdict } from "./rules-1/verdict.ts";

/** What readers see of an erased value. */
export const ERASED_VALUE = "null" as JsonText;

/** A patch that is no object replaces the value, whatever it was (RFC 7396). */
const replaces = (patch: JsonText): boolean => membersOf(patch) === undefined;

/** Whether a merge makes a value that is not known any more: its own content is erased, or what it was merged into. */
export function isErasedMerge(live: KeptEntry | undefined, patch: JsonText, record: LogRecord): boolean {
  return record.erased !== undefined || (live?.erased === true && !replaces(patch));
}

/** With which record the value of a merge begins. */
export function baseOfMerge(live: KeptEntry | undefined, patch: JsonText, record: LogRecord): number {
  return live === undefined || replaces(patch) ? record.seq : live.base;
}

/**
 * The values that rest on the record end: they read as null, under a new revision, so that everyone who holds the old one
 * hears of it and no condition on it is met any more. Lifetimes stay. Nothing else changes: the bytes are the log's matter.
 */
export function eraseRecord(board: Board, command: CommandOf<"record.erase">, step: Step): Verdict {
  const { record } = step;
  if (command.seq >= record.seq) return refused("no_such_record");
  for (const key of command.keys) {
    const entry = board.entries.get(key);
    if (entry === undefined || command.seq < entry.base || command.seq > entry.seq) continue;
    board.setEntry(key, entry, {
      ...entry,
      value: ERASED_VALUE,
      rev: entry.rev + 1,
      seq: record.seq,
      at: record.at,
      by: board.writerName(record.actor),
      hash: board.sha256(`${entry.hash} ${step.hash}`),
      held: undefined,
      base: record.seq,
      erased: true,
    });
    step.changes.push({ type: "entry.changed", name: key });
  }
  return accepted();
}
