// Owns the public face of the memory: the contract and the ways to make one.

export * from "./contract.ts";
export { createFileStore, type FileStoreOptions } from "./file-store.ts";
export { createMemoryStore, type MemoryStoreOptions } from "./memory-store.ts";
export { LockedError } from "./process-lock.ts";
export { HistoryError } from "./history-filter.ts";
export type {
  BoardHistory,
  HistoryAnswer,
  HistoryFilter,
  HistoryHit,
  HistoryPage,
  HistoryPlace,
} from "./history-filter.ts";
export type { RetentionPolicy } from "./archive/board-archives.ts";
export { partsOf } from "./history-row.ts";
export { holdsWords, wordsAskedFor } from "./history-match.ts";
