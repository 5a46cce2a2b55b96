// Owns the public face of the law: the state of a board, and `apply`.

export { apply } from "./apply.ts";
export { createBoardState } from "./board.ts";
export { deferDigest, digestOf } from "./digest.ts";
export { dueItems, type DueItem, nextExpiry } from "./expiry.ts";
export { issueTimeOf } from "./rules-1/retries.ts";
export { eachSignOfLife } from "./rules-1/activity.ts";
export { snapshotRows, writeSnapshot } from "./snapshot.ts";
export { readSnapshot, SnapshotError } from "./snapshot-reader.ts";
export type { SnapshotPart } from "../protocol/index.ts";
export type { Application, BoardState, Sha256 } from "./state.ts";
