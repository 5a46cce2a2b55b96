// Owns the items as users see them, and the names of the streams that they come in (W-SYNC-9).
// Does not own their wire form (protocol/wire/wire-items.ts), from which they differ in the value's type only.

import type {
  WireAgent,
  WireAlert,
  WireBudget,
  WireClaim,
  WireEntry,
  WireHold,
  WireNote,
  WirePause,
  WireRequest,
  WireSource,
  WireTask,
} from "../protocol/wire/wire-items.ts";

/** An entry of the blackboard. */
export interface Entry<Value = unknown> extends Omit<WireEntry, "value"> {
  readonly value: Value;
  /** Shown before the server confirmed it (see `echo`). `rev` and `seq` are still those of the entry before. */
  readonly pending?: true;
}
export type Budget = Readonly<WireBudget>;
export type Agent = Readonly<WireAgent>;
export type Task = Readonly<WireTask>;
export type Request = Readonly<WireRequest>;
export type Claim = Readonly<WireClaim>;
export type Source = Readonly<WireSource>;
export type Hold = Readonly<WireHold>;
export type Alert = Readonly<WireAlert>;
export type Pause = Readonly<WirePause>;
export type Note = Readonly<WireNote>;

/** Items whose stream is called after the member that names them: `agents` have an `agent`. */
const NAMES = ["agent", "task", "request", "claim", "source", "hold", "alert", "pause"] as const;
type Named = (typeof NAMES)[number];

/** Each stream of items with the member that names an item. Made, not written out, for the bytes of a page. */
export const NAME_OF = {
  entries: "key",
  budgets: "task",
  ...(Object.fromEntries(NAMES.map((name) => [`${name}s`, name])) as { readonly [N in Named as `${N}s`]: N }),
} as const;

export interface ItemOf<Value = unknown> {
  readonly entries: Entry<Value>;
  readonly budgets: Budget;
  readonly agents: Agent;
  readonly tasks: Task;
  readonly requests: Request;
  readonly claims: Claim;
  readonly sources: Source;
  readonly holds: Hold;
  readonly alerts: Alert;
  readonly pauses: Pause;
}
export type Stream = keyof typeof NAME_OF;
export const STREAMS = Object.keys(NAME_OF) as readonly Stream[];

/** One of something for each stream. */
export const perStream = <T>(make: (stream: Stream) => T): Record<Stream, T> =>
  Object.fromEntries(STREAMS.map((stream) => [stream, make(stream)])) as Record<Stream, T>;

/** A few rows of the entries, in order. Replaced as a whole when anything of it changes. */
export interface WindowRows<Value = unknown> {
  readonly from: number;
  /** Rows that the window lies in. */
  readonly total: number;
  readonly rows: readonly Entry<Value>[];
  /** A search is not through yet, or was cut at its bound. */
  readonly approximate: boolean;
}

/** Notes of the filter that are not told: at positions above `from` up to `to`. The history has them. */
export interface Gap {
  readonly count: number;
  readonly from: number;
  readonly to: number;
}

/** The audit notes that are held. Replaced as a whole when anything of it changes. */
export interface AuditNotes {
  /** Oldest first. */
  readonly notes: readonly Note[];
  /** All notes of the board. */
  readonly total: number;
  readonly missed: readonly Gap[];
}

export interface Position {
  readonly epoch: string;
  readonly seq: number;
}
