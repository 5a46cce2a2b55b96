// Owns the bounds that are part of rules 1. They are literals, not settings: an outcome must never depend on a setting,
// and must stay what it was when a default changes (rule 1). Nodes enforce their own, stricter limits at the edge.

/** Live entries. Beyond: `board_full`. */
export const MAX_ENTRIES = 10_000_000;
/** Budgets, claims, requests, agents, tasks, sources and sources with marks, each. Beyond: `board_full`. */
export const MAX_ITEMS = 100_000;
/** UTF-8 bytes of what a merge makes. Beyond: `value_too_large`. */
export const MAX_VALUE_BYTES = 1_048_576;
/** Levels of a merge's patch. Beyond: `value_too_deep`. */
export const MAX_PATCH_DEPTH = 128;
/** Audit notes in the state. Beyond: the oldest leave it (they stay in the log). */
export const MAX_NOTES = 1000;

// Beyond these, the oldest tenth is dropped after the record.
/** Deleted keys whose revision is remembered. A key that is dropped starts above all that were dropped. */
export const MAX_TOMBSTONES = 100_000;
/** Requests that are not open any more. */
export const MAX_FINISHED_REQUESTS = 1000;
/** Claims that nobody holds. Their next fence is higher in any case. */
export const MAX_FREE_CLAIMS = 10_000;
/** Marks of one source. */
export const MAX_MARKS = 200_000;
/** Writers whose signs of life are kept. */
export const MAX_ACTIVE = 100_000;
