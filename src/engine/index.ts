// Owns the public face of the heartbeat.

export { createEngine, type EngineOptions } from "./engine.ts";
export { openBoard, type BoardEngine, type BoardEngineOptions } from "./board-engine.ts";
export { DEFAULT_CHECKPOINT_POLICY, type CheckpointPolicy } from "./notary.ts";
export type { SnapshotPolicy } from "./snapshotter.ts";
export { SYSTEM_TIMEPIECES, type Timepieces } from "./board-clock.ts";
export type { Retained } from "./archivist.ts";
export type { Applied, BoardHandle, Engine, Submission } from "./contract.ts";
export { type CalendarWindow, isTimeZone, windowAt } from "./calendar.ts";
