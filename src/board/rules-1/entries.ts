// Owns the verdicts on entries: put, merge, delete, compare-and-set, lifetimes, ownership by followed files.
// An entry whose time has run out by the record's clock counts as absent, whether or not a record has ended it yet, so
// that a lifetime does not depend on when a timer fired. A key's revision grows with every change, also over a delete.

import { type CommandOf, type JsonText, type LogRecord, utf8Bytes } from "../../protocol/index.ts";
import type { Board } from "../board.ts";
import { baseOfMerge, ERASED_VALUE, isErasedMerge } from "../erasure.ts";
import type { KeptEntry } from "../running-digest.ts";
import { MAX_ENTRIES, MAX_VALUE_BYTES } from "./bounds.ts";
import { mergePatch } from "./merge.ts";
import { accepted, followedSource, refused, type Step, type Verdict } from "./verdict.ts";

type Condition = CommandOf<"entry.put">["if"];

export function putEntry(board: Board, command: CommandOf<"entry.put">, step: Step): Verdict {
  const { record } = step;
  const before = board.entries.get(command.key);
  const refusal = command.if === undefined ? undefined : unmet(command.if, alive(before, step));
  if (refusal !== undefined) return refusal;
  if (before === undefined && board.entries.size >= MAX_ENTRIES) return refused("board_full");
  const expiresAtClock = command.ttlMs === undefined ? Number.POSITIVE_INFINITY : step.clock + command.ttlMs;
  return write(board, before, step, {
    // The same string as before where there is one: a record's own copies of names are then free to go.
    key: before?.key ?? command.key,
    value: record.erased === undefined ? command.value : ERASED_VALUE,
    rev: nextRev(board, command.key, before),
    seq: record.seq,
    at: command.at ?? record.at,
    by: board.writerName(command.by ?? record.actor),
    expiresAtClock,
    source: sameSource(before, record),
    hash: step.hash,
    held: undefined,
    base: record.seq,
    erased: record.erased !== undefined,
  });
}

export function mergeEntry(board: Board, command: CommandOf<"entry.merge">, step: Step): Verdict {
  const { record } = step;
  const before = board.entries.get(command.key);
  const live = alive(before, step);
  const refusal = command.if === undefined ? undefined : unmet(command.if, live);
  if (refusal !== undefined) return refusal;
  if (before === undefined && board.entries.size >= MAX_ENTRIES) return refused("board_full");
  const merged = mergePatch(live?.value, command.patch);
  if (!merged.ok) return refused(merged.code);
  const isErased = isErasedMerge(live, command.patch, record);
  if (isErased ? record.erased === "refused" : tooLarge(merged.text)) {
    return refused("value_too_large", { maxBytes: MAX_VALUE_BYTES });
  }
  const kept = live?.expiresAtClock ?? Number.POSITIVE_INFINITY;
  return write(board, before, step, {
    key: before?.key ?? command.key,
    value: isErased ? ERASED_VALUE : merged.text,
    rev: nextRev(board, command.key, before),
    seq: record.seq,
    at: record.at,
    by: board.writerName(record.actor),
    expiresAtClock: command.ttlMs === undefined ? kept : step.clock + command.ttlMs,
    source: sameSource(before, record),
    // Chained over what was merged into, so that the digest commits to the whole value without holding it (rule 16).
    hash: board.sha256(`${live?.hash ?? ""} ${step.hash}`),
    held: undefined,
    base: baseOfMerge(live, command.patch, record),
    erased: isErased,
  });
}

export function deleteEntry(board: Board, command: CommandOf<"entry.delete">, step: Step): Verdict {
  const entry = alive(board.entries.get(command.key), step);
  if (entry === undefined) return refused("no_such_entry");
  const refusal = command.if === undefined ? undefined : unmet(command.if, entry);
  if (refusal !== undefined) return refusal;
  if (command.owned === true && entry.source !== step.record.source) return refused("not_owner", { by: entry.by });
  return accepted({ rev: endEntry(board, entry, step, false) });
}

/** Take an entry out, leaving its revision behind. */
export function endEntry(board: Board, entry: KeptEntry, step: Step, expired: boolean): number {
  const rev = entry.rev + 1;
  board.setEntry(entry.key, entry, undefined);
  board.setTombstone(entry.key, { rev, seq: step.record.seq });
  step.changes.push({ type: "entry.deleted", name: entry.key, expired });
  return rev;
}

function write(board: Board, before: KeptEntry | undefined, step: Step, entry: KeptEntry): Verdict {
  if (before === undefined && board.tombstones.has(entry.key)) board.setTombstone(entry.key, undefined);
  board.setEntry(entry.key, before, entry);
  step.changes.push({ type: "entry.changed", name: entry.key });
  const { rev, expiresAtClock } = entry;
  return accepted(expiresAtClock === Number.POSITIVE_INFINITY ? { rev } : { rev, expiresAtClock });
}

const alive = (entry: KeptEntry | undefined, step: Step): KeptEntry | undefined =>
  entry !== undefined && step.clock < entry.expiresAtClock ? entry : undefined;

/** A key without history starts above every revision that was forgotten, so that no old condition can match again. */
const nextRev = (board: Board, key: string, before: KeptEntry | undefined): number =>
  (before?.rev ?? board.tombstones.get(key)?.rev ?? board.revFloor) + 1;

/** Revision 0 stands for absent. */
function unmet(condition: NonNullable<Condition>, entry: KeptEntry | undefined): Verdict | undefined {
  const rev = entry?.rev ?? 0;
  if ("absent" in condition) return entry === undefined ? undefined : refused("exists", { rev });
  return condition.rev === rev ? undefined : refused("rev_mismatch", { rev });
}

/** Again the string that is kept already, if it says the same. */
const sameSource = (before: KeptEntry | undefined, record: LogRecord): string | undefined =>
  before !== undefined && before.source === record.source ? before.source : followedSource(record);

const tooLarge = (text: JsonText): boolean => text.length > MAX_VALUE_BYTES || utf8Bytes(text) > MAX_VALUE_BYTES;
