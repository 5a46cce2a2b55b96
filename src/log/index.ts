// Owns the public face of the memory: the contract and the ways to make one.

export * from "./contract.ts";
export { createFileStore, type FileStoreOptions } from "./file-store.ts";
export { createMemoryStore, type MemoryStoreOptions } from "./memory-store.ts";
export { LockedError } from "./process-lock.ts";
export { createHistoryIndex, type HistoryIndex, type HistoryIndexOptions } from "./history-index.ts";
export type { HistoryAnswer, HistoryFilter, HistoryHit } from "./history-filter.ts";
