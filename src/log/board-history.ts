// Owns the past of a board on disk: what the index finds, and what came since from the log, as one page (rule 15).
// Does not own the index or the verdicts. Bounded: it looks through MOST_BEHIND records itself; where the index is further
// behind, it waits PATIENCE_MS for it, and then the question is refused with `history_unavailable`.

import { seq as toSeq } from "../protocol/index.ts";
import type { BoardLog } from "./contract.ts";
import {
  HistoryError,
  limitOf,
  pageOf,
  type BoardHistory,
  type HistoryAnswer,
  type HistoryFilter,
  type HistoryHit,
  type IndexAnswer,
} from "./history-filter.ts";
import type { HistoryIndex } from "./history-index.ts";
import { hitsOf } from "./history-match.ts";
import type { SpendingAnswer, SpendingQuestion } from "./spending/spending.ts";
import type { RefusalFile } from "./refusal-file.ts";

const MOST_BEHIND = 2000;
const PATIENCE_MS = 5000;
/** Refused records that wait before they are written without being asked for. */
const MOST_WAITING = 10_000;

export interface BoardHistoryOptions {
  readonly log: Pick<BoardLog, "read" | "first">;
  readonly index: HistoryIndex;
  readonly refusals: RefusalFile;
  /** Most records that are looked through without the index. */
  readonly mostBehind?: number;
  /** How long a question waits for the index, in ms. */
  readonly patienceMs?: number;
}

export function createBoardHistory({
  log,
  index,
  refusals,
  mostBehind = MOST_BEHIND,
  patienceMs = PATIENCE_MS,
}: BoardHistoryOptions): BoardHistory {
  let judgedTo = 0;

  /** Hits behind the index, in the filter's order; at most one more than a page takes. */
  const recent = async (filter: HistoryFilter, found: IndexAnswer, to: number): Promise<HistoryHit[]> => {
    const last = Math.min(to, filter.before?.seq ?? to);
    const first = Math.max(found.indexedTo + 1, filter.after?.seq ?? 0);
    if (last < first) return [];
    const refused = new Map(found.refused.map(({ seq, outcome }) => [seq, outcome]));
    const most = limitOf(filter) + 1;
    const isOldest = filter.order === "oldest";
    let hits: HistoryHit[] = [];
    for await (const records of log.read(toSeq(first))) {
      for (const record of records) {
        if (record.seq > last || (isOldest && hits.length >= most)) return hits;
        const own = Array.from(hitsOf(record, filter, refused.get(record.seq)));
        if (own.length > 0) hits = isOldest ? hits.concat(own) : own.concat(hits).slice(0, most);
      }
    }
    return hits;
  };

  const lookUp = async (filter: HistoryFilter): Promise<HistoryAnswer> => {
    for (let waitedMs = 0, startedAt = performance.now(); ; waitedMs = performance.now() - startedAt) {
      // A disk that takes nothing is no reason not to answer: what waits goes along.
      await refusals.flush(false).catch(() => undefined);
      const to = judgedTo;
      const found = await index.query({ filter, judgedTo: to, refused: refusals.waiting });
      const last = Math.min(to, filter.before?.seq ?? to);
      if (last - found.indexedTo > mostBehind) {
        if (waitedMs < patienceMs) continue;
        throw new HistoryError(`the history index has come to ${found.indexedTo} of ${to} so far`);
      }
      const limit = limitOf(filter);
      const isOldest = filter.order === "oldest";
      // Where the index has more than its page, the page's last hit is not the last of all.
      const newer = isOldest && found.next !== undefined ? [] : await recent(filter, found, to);
      const page = pageOf(isOldest ? [...found.hits, ...newer] : [...newer, ...found.hits], limit);
      const next = page.next ?? found.next;
      return {
        hits: page.hits,
        next,
        seq: Math.max(to, found.indexedTo),
        indexedTo: found.indexedTo,
        first: log.first,
      };
    }
  };

  /** The sums of the index alone: it waits for the index to come to where the board stands, so far as patience goes. */
  const spending = async (question: SpendingQuestion): Promise<SpendingAnswer> => {
    const startedAt = performance.now();
    for (;;) {
      await refusals.flush(false).catch(() => undefined);
      const to = judgedTo;
      const found = await index.spending(question, { judgedTo: to, refused: refusals.waiting });
      if (found.indexedTo >= to) return { ...found, first: log.first };
      if (performance.now() - startedAt > patienceMs) {
        throw new HistoryError(`the history index has come to ${found.indexedTo} of ${to} so far`);
      }
    }
  };

  return {
    spending,
    judged: (seq, refused) => {
      judgedTo = seq;
      if (refused.length === 0) return;
      refusals.note(refused);
      // What cannot be written now is tried again at the next question or snapshot.
      if (refusals.waiting.length > MOST_WAITING) refusals.flush(false).catch(() => undefined);
    },
    query: lookUp,
  };
}
