// Owns the public face of the law: the state of a board, and `apply`.

export { apply, type Application } from "./apply.ts";
export { type BoardState, createBoardState, type Sha256 } from "./state.ts";
export { digestOf } from "./digest.ts";
export { readSnapshot, writeSnapshot, type SnapshotPart } from "./snapshot.ts";
export { nextExpiry, dueItems } from "./expiry.ts";
