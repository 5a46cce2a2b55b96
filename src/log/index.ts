// Owns the public face of the memory: the contract and the ways to make one.

export * from "./contract.ts";
export { nodeDisk, readSmallFile, replaceFile } from "./disk.ts";
export { createFileStore, type FileStoreOptions } from "./file-store.ts";
export { createMemoryStore, type MemoryStoreOptions } from "./memory-store.ts";
export { LockedError } from "./process-lock.ts";
export { charsOf, DONE, HistoryError, outcomeOf } from "./history-filter.ts";
export type {
  BoardHistory,
  HistoryAnswer,
  HistoryFilter,
  HistoryHit,
  HistoryPage,
  HistoryPlace,
  Refused,
} from "./history-filter.ts";
export type { RetentionPolicy } from "./archive/board-archives.ts";
export type { NamedSums, SpendingAnswer, SpendingQuestion, Sums } from "./spending/spending.ts";
export { MOST_PARTS, partsOf, rowOf } from "./history-row.ts";
export { hitsOf, holdsWords, wordsAskedFor } from "./history-match.ts";
