// Owns a page of the audit log: the notes that the board keeps in memory first, then older ones from its history.
// Does not own the notes' texts (audit-text). Both know a note by its place in the log, so that a page may end anywhere.

import type { BoardHandle } from "../../engine/contract.ts";
import {
  HistoryError,
  type HistoryAnswer,
  type HistoryFilter,
  type HistoryHit,
  type HistoryPlace,
  holdsWords,
  LogError,
  partsOf,
  wordsAskedFor,
} from "../../log/index.ts";
import { type AuditNote, type Seq, seq as seqOf } from "../../protocol/index.ts";
import { Refusal } from "../problem.ts";

export type AuditFilter = Pick<HistoryFilter, "event" | "agent" | "granted" | "since" | "until" | "text">;

export interface AuditPage {
  readonly notes: readonly AuditNote[];
  readonly next: HistoryPlace | undefined;
}

/** @throws Refusal `history_unavailable`, `shutting_down` */
export async function pastOf(board: BoardHandle, filter: HistoryFilter): Promise<HistoryAnswer> {
  try {
    return await board.history(filter);
  } catch (error) {
    if (error instanceof HistoryError)
      throw new Refusal(error.code, { facts: { reason: error.message.slice(0, 500) } });
    if (error instanceof LogError) throw new Refusal(error.code);
    throw error;
  }
}

/** Characters of notes' details in one page, besides its last note. At the bound the page ends early. */
const MAX_PAGE_CHARS = 8 * 1_048_576;

/** Notes newest first. `after` is the place of the last one on the page before. */
export async function auditPage(
  board: BoardHandle,
  filter: AuditFilter,
  limit: number,
  after: HistoryPlace | undefined,
): Promise<AuditPage> {
  const shownBefore = await notesBehind(board, after);
  // Nothing is awaited between here and the end of the walk: notes are dropped from memory as new ones come.
  const { notes: kept, total } = board.state.audit;
  const oldest = kept[0];
  const all = total === kept.length;
  const keptOfOldest = kept.findIndex((note) => note.seq !== oldest?.seq);
  const page = walk(kept, meeting(filter), limit, after, shownBefore);
  if (page.isFull) return { notes: page.notes, next: await placeOfNote(board, page.last) };
  if (all || oldest === undefined) return { notes: page.notes, next: undefined };
  const end = await placeOfNote(board, {
    seq: oldest.seq,
    nth: (keptOfOldest === -1 ? kept.length : keptOfOldest) - 1,
  });
  const before = after !== undefined && isOlder(after, end) ? after : end;
  if (page.notes.length >= limit) return { notes: page.notes, next: before };
  const past = await pastOf(board, { ...filter, type: "audit.note", before, limit: limit - page.notes.length });
  return { notes: [...page.notes, ...past.hits.flatMap(noteOf)], next: past.next };
}

const isOlder = (a: HistoryPlace, b: HistoryPlace): boolean => a.seq < b.seq || (a.seq === b.seq && a.part < b.part);

/** A note among those of its record, counted from the newest. */
interface NthNote {
  readonly seq: Seq;
  readonly nth: number;
}

function walk(
  kept: readonly AuditNote[],
  meets: (note: AuditNote) => boolean,
  limit: number,
  after: HistoryPlace | undefined,
  shownBefore: number,
): { readonly notes: AuditNote[]; readonly last: NthNote; readonly isFull: boolean } {
  const notes: AuditNote[] = [];
  let last: NthNote = { seq: seqOf(0), nth: 0 };
  let chars = 0;
  for (let i = kept.length - 1, nth = 0; i >= 0; i--) {
    const note = kept[i] as AuditNote;
    nth = kept[i + 1]?.seq === note.seq ? nth + 1 : 0;
    if (after !== undefined && (note.seq > after.seq || (note.seq === after.seq && nth < shownBefore))) continue;
    if (!meets(note)) continue;
    if (notes.length === limit || chars > MAX_PAGE_CHARS) return { notes, last, isFull: true };
    notes.push(note);
    chars += note.details?.length ?? 0;
    last = { seq: note.seq, nth };
  }
  return { notes, last, isFull: false };
}

function meeting(filter: AuditFilter): (note: AuditNote) => boolean {
  const asked = filter.text === undefined ? [] : wordsAskedFor(filter.text);
  return (note) =>
    (filter.event === undefined || note.event === filter.event) &&
    (filter.agent === undefined || note.agent === filter.agent) &&
    (filter.granted === undefined || note.granted === filter.granted) &&
    (filter.since === undefined || note.at >= filter.since) &&
    (filter.until === undefined || note.at <= filter.until) &&
    (asked.length === 0 || holdsWords([note.resource, note.event, note.agent, note.reason, note.by].join(" "), asked));
}

/** The parts of a record that are notes, in order. */
async function noteParts(board: BoardHandle, seq: Seq): Promise<number[]> {
  // Archived, but still in memory: counted from the newest, which is all that a place is asked for here.
  if (seq < board.past.first) return board.state.audit.notes.filter((note) => note.seq === seq).map((_, part) => part);
  for await (const records of board.read(seq)) {
    const record = records.find((one) => one.seq === seq);
    if (record === undefined) return [];
    return partsOf(record).flatMap((command, part) => (command.type === "audit.note" ? [part] : []));
  }
  return [];
}

/** How many of its record's notes the pages before have shown or passed. */
async function notesBehind(board: BoardHandle, after: HistoryPlace | undefined): Promise<number> {
  const oldest = board.state.audit.notes[0];
  if (after === undefined || oldest === undefined || after.seq < oldest.seq) return 0;
  return (await noteParts(board, seqOf(after.seq))).filter((part) => part >= after.part).length;
}

async function placeOfNote(board: BoardHandle, { seq, nth }: NthNote): Promise<HistoryPlace> {
  return { seq, part: (await noteParts(board, seq)).at(-1 - nth) ?? 0 };
}

export function noteOf({ seq, at, actor, source, command }: HistoryHit): AuditNote[] {
  if (command.type !== "audit.note") return [];
  const { event, agent, resource, granted, reason, details } = command;
  return [
    {
      seq: seqOf(seq),
      at: command.at ?? at,
      event,
      agent: agent ?? actor,
      resource,
      granted,
      reason,
      by: actor,
      source,
      details,
    },
  ];
}
