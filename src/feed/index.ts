// Owns the public face of the feed: who hears what, as pure structures over a board's changes.
// Browsers take merge-value.ts and window-rows.ts by themselves; they import nothing.

export { ChangeOrder, type ChangeOrderOptions } from "./change-order.ts";
export { ChangeRank } from "./change-rank.ts";
export { KeyIndex } from "./key-index.ts";
export { mergeDiff } from "./merge-diff.ts";
export { applyMergePatch } from "./merge-value.ts";
export { sortInSlices } from "./sliced-sort.ts";
export { diffRows } from "./window-diff.ts";
export { applyRows, type KeptRows } from "./window-rows.ts";
