// Owns going through a board's audited records in order, page by page, up to a position: what exports and the tail's catching up
// are made of. Does not own the filter (views/audit-filter). Bounded: one page is held at a time.

import type { BoardHandle } from "../engine/contract.ts";
import type { HistoryAnswer, HistoryFilter, HistoryPlace } from "../log/index.ts";
import { pastOf } from "./views/audit-page.ts";

const PAGE = 500;

/** Pages oldest first, from behind a place. The last one has no `next`; it is complete up to its `seq`. */
export async function* auditPages(
  board: BoardHandle,
  filter: HistoryFilter,
  from: HistoryPlace | undefined,
): AsyncGenerator<HistoryAnswer, void> {
  let after = from;
  for (;;) {
    const page = await pastOf(board, { ...filter, order: "oldest", after, limit: PAGE });
    yield page;
    if (page.next === undefined) return;
    after = page.next;
  }
}
