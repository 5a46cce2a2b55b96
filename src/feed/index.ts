// Owns the public face of the feed: who hears what of a board, as pure structures over its changes.
// Browsers take merge-value.ts and window-rows.ts by themselves; they import nothing.

export { BoardFeed, type AppliedRecord } from "./board-feed.ts";
export { ChangeOrder, type ChangeOrderOptions } from "./change-order.ts";
export { ChangeRank } from "./change-rank.ts";
export { type Answer, Cohort, type Pages, type Stand } from "./cohort.ts";
export { KeyIndex } from "./key-index.ts";
export { mergeDiff } from "./merge-diff.ts";
export { applyMergePatch } from "./merge-value.ts";
export { RowSources, type RowSourcesHost } from "./row-sources.ts";
export { type FoundRows } from "./found-rows.ts";
export { sortInSlices } from "./sliced-sort.ts";
export { notesKeptAfter, type Page, type PastNotes } from "./sync-pages.ts";
export { unmarked, type View, viewOf, overViewOf } from "./view.ts";
export { diffRows } from "./window-diff.ts";
export { applyRows, type KeptRows } from "./window-rows.ts";
export { type RowSource, WindowView } from "./window-view.ts";
