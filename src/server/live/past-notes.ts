// Owns fetching audit notes from disk for a client that was away (law L5: history does not conflate).
// Does not own those in memory (feed/sync-pages). Bounded: MAX_NOTES are told, MAX_COUNTED looked at; beyond, the gap is
// still named by its positions.

import type { BoardHandle } from "../../engine/contract.ts";
import { type BoardFeed, notesKeptAfter, type PastNotes } from "../../feed/index.ts";
import type { HistoryPlace } from "../../log/index.ts";
import type { AuditFilter } from "../../protocol/index.ts";
import { noteOf } from "../views/audit-page.ts";
import { auditText } from "../views/audit-text.ts";

/** Notes that are told of one absence (W-SYNC-10), and their UTF-16 units. */
const MAX_NOTES = 10_000;
const MAX_UNITS = 16 * 1_048_576;
/** Notes that are looked at to say how many are missed. */
const MAX_COUNTED = 200_000;
const PAGE = 500;

interface Found {
  readonly to: number;
  /** Oldest first. */
  readonly notes: readonly { readonly seq: number; readonly text: string }[];
  readonly missed: { readonly count: number; readonly to: number };
}

/**
 * The filter's notes after `from`, up to where memory has them all.
 * @throws HistoryError where the index is being built
 */
export async function fetchPastNotes(
  board: BoardHandle,
  feed: BoardFeed,
  filter: AuditFilter,
  from: number,
): Promise<PastNotes> {
  let found = await notesAfter(board, feed, filter, from);
  // While the disk was read, memory may have let go of more.
  while (found.to < notesKeptAfter(feed)) found = joined(found, await notesAfter(board, feed, filter, found.to));
  const { to, notes } = found;
  const { count } = found.missed;
  const missed = count > 0 ? { count, from, to: found.missed.to } : undefined;
  return { to, texts: notes.map(({ text }) => text), missed };
}

async function notesAfter(board: BoardHandle, feed: BoardFeed, filter: AuditFilter, from: number): Promise<Found> {
  const to = notesKeptAfter(feed);
  const { event, agent, granted } = filter;
  const newestFirst: { seq: number; text: string }[] = [];
  let units = 0;
  let missed = { count: 0, to: from };
  let before: HistoryPlace | undefined = { seq: to + 1, part: 0 };
  while (before !== undefined && newestFirst.length + missed.count < MAX_COUNTED) {
    const page = await board.history({ type: "audit.note", event, agent, granted, before, limit: PAGE });
    before = page.next;
    for (const hit of page.hits) {
      const { seq } = hit;
      if (seq <= from) {
        before = undefined;
        break;
      }
      if (missed.count > 0 || newestFirst.length === MAX_NOTES || units > MAX_UNITS) {
        missed = { count: missed.count + 1, to: missed.count === 0 ? seq : missed.to };
        continue;
      }
      for (const note of noteOf(hit)) {
        const text = `{"seq":${seq},"note":${auditText(note)}}`;
        units += text.length;
        newestFirst.push({ seq, text });
      }
    }
    // Retention took what lies between: how many notes that was is not known (W-SYNC-10).
    if (before === undefined && page.first > from + 1) {
      missed = { count: MAX_COUNTED, to: missed.count > 0 ? missed.to : Math.min(to, page.first - 1) };
    }
  }
  return { to, notes: newestFirst.reverse(), missed };
}

/** Within the bounds of one: what goes are the oldest. */
function joined(older: Found, newer: Found): Found {
  const { to } = newer;
  if (newer.missed.count > 0) {
    const count = older.missed.count + older.notes.length + newer.missed.count;
    return { to, notes: newer.notes, missed: { count, to: newer.missed.to } };
  }
  const all = [...older.notes, ...newer.notes];
  let units = 0;
  let first = all.length;
  while (first > 0 && all.length - first < MAX_NOTES && units <= MAX_UNITS) units += all[--first]?.text.length ?? 0;
  const lastGone = all[first - 1];
  const missed = lastGone === undefined ? older.missed : { count: older.missed.count + first, to: lastGone.seq };
  return { to, notes: all.slice(first), missed };
}
