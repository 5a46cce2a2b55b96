// Owns fetching audit notes from disk for a client that was away (law L5: history does not conflate).
// Does not own those in memory (feed/sync-pages). Bounded: MAX_NOTES are told, MAX_COUNTED counted; beyond, the gap is
// still named by its positions.

import type { BoardHandle } from "../../engine/contract.ts";
import { type BoardFeed, notesKeptAfter, type PastNotes } from "../../feed/index.ts";
import type { HistoryPlace } from "../../log/index.ts";
import type { AuditFilter } from "../../protocol/index.ts";
import { noteOf } from "../views/audit-page.ts";
import { auditText } from "../views/audit-text.ts";

/** Notes that are told of one absence (W-SYNC-10). */
const MAX_NOTES = 10_000;
/** Notes that are looked at to say how many are missed. */
const MAX_COUNTED = 200_000;
const PAGE = 500;

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
  const to = notesKeptAfter(feed);
  const { audit } = board.state;
  const total = audit.total - audit.notes.filter((note) => note.seq > to).length;
  const { event, agent, granted } = filter;
  const newestFirst: string[] = [];
  let seen = 0;
  let missedTo = from;
  let before: HistoryPlace | undefined = { seq: to + 1, part: 0 };
  while (before !== undefined && seen < MAX_COUNTED) {
    const page = await board.history({ type: "audit.note", event, agent, granted, before, limit: PAGE });
    before = page.next;
    for (const hit of page.hits) {
      if (hit.seq <= from) {
        before = undefined;
        break;
      }
      seen++;
      if (newestFirst.length < MAX_NOTES) {
        for (const note of noteOf(hit)) newestFirst.push(`{"seq":${hit.seq},"note":${auditText(note)}}`);
      } else if (missedTo === from) missedTo = hit.seq;
    }
  }
  const count = seen - newestFirst.length;
  return { to, total, texts: newestFirst.reverse(), missed: count > 0 ? { count, from, to: missedTo } : undefined };
}
