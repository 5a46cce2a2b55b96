// Owns the public face of the client: what `swarmboard/client` exports.

export type { Board, EntryOptions, SendOptions } from "./board.ts";
export type { Collection } from "./collections.ts";
export type { SendableBatch, SendableCommand } from "./commands.ts";
export { type Client, connect, type ConnectOptions, type HeardBeat } from "./connect.ts";
export { type Environment, type FetchLike, platformEnvironment, type WebSocketClass } from "./environment.ts";
export { parseJson, toJson } from "./exact-json.ts";
export type {
  Agent,
  Alert,
  AuditNotes,
  Budget,
  Claim,
  Entry,
  Gap,
  Hold,
  Note,
  Pause,
  Position,
  Request,
  Source,
  Task,
  WindowRows,
} from "./items.ts";
export { type Problem, SwarmboardError } from "./problem.ts";
export { type Cache, cacheIn, type CacheStorage, localStorageCache } from "./replica-cache.ts";
export type { Status } from "./status.ts";
export type { Condition, Subscription } from "./subscription.ts";
export type { SubscribeOptions } from "./subscription-set.ts";
export type { AuditView, Collections, EntryCollection } from "./subscription-views.ts";
export { type Parser, type Schema, type StandardSchema, typed, type TypedEntries } from "./typed-entries.ts";
export type { WaitOptions } from "./waiting.ts";
export type { WindowView } from "./window-view.ts";
