// Owns the audit notes as rows with a name of their own, so that an open row stays open when newer ones arrive above it.
// Does not own the filter. Invariant: a note keeps its row and id as long as it is held, and no two rows share an id.

import type { AuditNotes, Note } from "../../client/index.ts";

export interface AuditRow {
  readonly id: string;
  readonly timestamp: string;
  readonly event: string;
  readonly granted: boolean | null;
  readonly agent: string;
  readonly resource: string | null;
  readonly reason: string | null;
  /** The whole event as it was sent, for the details. */
  readonly whole: Readonly<Record<string, unknown>>;
}

/** Bounded by the notes that are held. */
const made = new WeakMap<Note, AuditRow>();
const textOr = <T>(value: unknown, otherwise: T): string | T => (typeof value === "string" ? value : otherwise);

/**
 * Newest first. Behind the newest gap nothing is shown: what is there are the newest notes of the board, without a hole that nobody
 * would see.
 */
export function auditRows({ notes, missed }: Pick<AuditNotes, "notes" | "missed">): readonly AuditRow[] {
  const gapEnd = missed.at(-1)?.to ?? -1;
  const rows: AuditRow[] = [];
  // Notes of one record are counted from the newest, because the oldest are forgotten first.
  let nth = 0;
  for (let i = notes.length - 1; i >= 0; i--) {
    const note = notes[i] as Note;
    if (note.seq <= gapEnd) break;
    nth = notes[i + 1]?.seq === note.seq ? nth + 1 : 0;
    rows.push(rowOf(note, `${note.seq}-${nth}`));
  }
  return rows;
}

function rowOf(note: Note, id: string): AuditRow {
  const known = made.get(note);
  if (known !== undefined) return known;
  const { note: whole } = note;
  const row: AuditRow = {
    id,
    timestamp: textOr(whole["timestamp"], ""),
    event: textOr(whole["event"], ""),
    granted: typeof whole["granted"] === "boolean" ? whole["granted"] : null,
    agent: textOr(whole["agent_id"], ""),
    resource: textOr(whole["resource_type"], null),
    reason: textOr(whole["reason"], null),
    whole,
  };
  made.set(note, row);
  return row;
}
