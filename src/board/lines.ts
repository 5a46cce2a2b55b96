// Owns the canonical line of every item: what the digest hashes (rule 18).
// A line tells every member of its item and cannot be read as another item's. Entries give their commitment instead
// of their text, so that digests survive an erasure (rules 16 and 17).

import type { AuditNote, Entry } from "../protocol/index.ts";
import { itemRow, type ItemOf, type Kind, NOTE_FIELDS, rowOf } from "./kinds.ts";

/**
 * Free text comes last, its lengths first, and a source is never empty, so no two entries share a line. The time is left
 * out: the record at `seq` has it, and formatting it is dear. Hot: once or twice per put.
 */
export function entryLine(entry: Entry): string {
  const { key, by, seq, rev, expiresAtClock, hash } = entry;
  return `entry ${seq} ${rev} ${expiresAtClock} ${key.length} ${by.length} ${hash} ${key}${by}${entry.source ?? ""}`;
}

export function itemLine<K extends Kind>(kind: K, item: ItemOf[K]): string {
  return `${kind} ${JSON.stringify(itemRow(kind, item))}`;
}

export const noteLine = (position: number, note: AuditNote): string =>
  `note ${position} ${JSON.stringify(rowOf(NOTE_FIELDS, note))}`;

export const tombstoneLine = (key: string, rev: number, seq: number): string => `tombstone ${rev} ${seq} ${key}`;

export const markLine = (source: string, name: string, value: string, seq: number): string =>
  `mark ${seq} ${source.length} ${name.length} ${source}${name}${value}`;

export const activityLine = (name: string, lastAt: number, writes: number, seq: number): string =>
  `activity ${lastAt} ${writes} ${seq} ${name}`;
