// Owns what changed on a board since a position: the orders of change, and the way further back where they do not reach (L3).
// Does not own who asks (view, cohort) or how it is written down (sync-pages). Pure: it hears of records and reads the state.

import { type BoardState, eachSignOfLife } from "../board/index.ts";
import {
  type Change,
  type CommandOf,
  ITEM_STREAMS,
  type ItemStream,
  type JsonText,
  type LogRecord,
  type Outcome,
  seq as seqOf,
  type Seq,
} from "../protocol/index.ts";
import { ChangeOrder } from "./change-order.ts";
import type { KeyIndex } from "./key-index.ts";
import { EntryTexts } from "./item-texts.ts";
import { LARGE_UNITS, LargeValues } from "./large-values.ts";
import type { NoteFacts } from "./view.ts";

/** A durable record and what the fold made of it. */
export interface AppliedRecord {
  readonly record: LogRecord;
  readonly outcome: Outcome;
  readonly changes: readonly Change[];
}

/** Changed keys that are remembered in order. Beyond, what is older is found by looking at all entries. */
const MAX_CHANGED_ENTRIES = 100_000;
/** Likewise for each other stream. Beyond, a client that stands further back gets the stream whole. */
const MAX_CHANGED_ITEMS = 10_000;
/** Answers to "which keys changed since a position before the order's floor" that are kept. */
const MAX_LOOKBACKS = 8;

type Kind = "entries" | ItemStream;

const KIND_OF: Readonly<Record<Change["type"], Kind | undefined>> = {
  "entry.changed": "entries",
  "entry.deleted": "entries",
  "budget.changed": "budgets",
  "claim.changed": "claims",
  "request.changed": "requests",
  "agent.changed": "agents",
  "task.changed": "tasks",
  "source.changed": "sources",
  "hold.changed": "holds",
  "alert.changed": "alerts",
  "pause.changed": "pauses",
  "audit.added": undefined,
};

/** A key came to be there, or is gone: what an index of keys has to know. */
export type KeyListener = (key: string, isThere: boolean, seq: Seq) => void;

/** How many notes of a kind came since it was asked for, also those that memory has let go again. */
export interface NoteCount {
  readonly count: number;
  stop(): void;
}

export class BoardFeed {
  readonly state: BoardState;
  readonly texts = new EntryTexts();
  readonly large = new LargeValues();
  /** The keys in order, while somebody keeps them so (key-rows); up to date with what this feed has heard of. */
  byKey: KeyIndex | undefined;
  readonly #orders: Readonly<Record<Kind, ChangeOrder>>;
  readonly #lookbacks: { readonly from: number; readonly to: number; readonly keys: readonly string[] }[] = [];
  readonly #keyListeners = new Set<KeyListener>();
  #lastKeys: { readonly from: number; readonly head: number; readonly keys: readonly string[] } | undefined;
  readonly #noteListeners = new Set<(note: NoteFacts) => void>();

  constructor(state: BoardState) {
    this.state = state;
    const order = (maxNames: number): ChangeOrder => new ChangeOrder({ floor: state.seq, maxNames });
    const orders: Partial<Record<Kind, ChangeOrder>> = { entries: order(MAX_CHANGED_ENTRIES) };
    for (const stream of ITEM_STREAMS) orders[stream] = order(MAX_CHANGED_ITEMS);
    this.#orders = orders as Record<Kind, ChangeOrder>;
  }

  get head(): Seq {
    return this.state.seq;
  }

  /** Hear of a group of records that is durable and applied. */
  applied(group: readonly AppliedRecord[]): void {
    let large: Map<string, JsonText | undefined> | undefined;
    for (const { record, outcome, changes } of group) {
      const { seq } = record;
      for (const { type, name } of changes) {
        const kind = KIND_OF[type];
        if (kind === undefined) continue;
        this.#orders[kind].touch(name, seq);
        if (kind !== "entries") continue;
        for (const listener of this.#keyListeners) listener(name, this.state.entries.has(name), seq);
        const isKnown = large?.has(name) === true;
        if (isKnown || this.large.knows(name) || (this.state.entries.get(name)?.value.length ?? 0) > LARGE_UNITS) {
          large ??= new Map();
          large.set(name, isKnown ? undefined : patchSentBy(record));
        }
      }
      if (!outcome.ok || outcome.duplicate === true) continue;
      eachSignOfLife(record, (name) => this.#orders.agents.touch(name, seq));
      if (this.#noteListeners.size > 0) this.#tellNotes(record);
    }
    if (large !== undefined) for (const [key, sent] of large) this.large.note(key, this.state.entries.get(key), sent);
  }

  /** Hear of each key that changed, until the returned function is called. */
  onKey(listener: KeyListener): () => void {
    this.#keyListeners.add(listener);
    return () => this.#keyListeners.delete(listener);
  }

  /** Begin to count. */
  countNotes(counts: (note: NoteFacts) => boolean): NoteCount {
    let count = 0;
    const listener = (note: NoteFacts): void => {
      if (counts(note)) count++;
    };
    this.#noteListeners.add(listener);
    return {
      get count() {
        return count;
      },
      stop: () => void this.#noteListeners.delete(listener),
    };
  }

  /** Whether everything that changed after `from`, deletes too, can be told. */
  reaches(from: number): boolean {
    if (from >= this.#orders.entries.floor) return true;
    const { revFloor, tombstones } = this.state;
    if (revFloor === 0) return true;
    // Those that were dropped are older than all that are kept; where none is kept, nothing is known.
    let oldest = Number.POSITIVE_INFINITY;
    for (const { seq } of tombstones.values()) if (seq < oldest) oldest = seq;
    return from >= oldest && tombstones.size > 0;
  }

  /** Keys that changed after `from`, in no certain order. `from` must be within reach. */
  keysSince(from: number): readonly string[] {
    // In a flush many cohorts ask the same.
    const last = this.#lastKeys;
    if (last !== undefined && last.from === from && last.head === this.head) return last.keys;
    const keys = this.#findKeysSince(from);
    this.#lastKeys = { from, head: this.head, keys };
    return keys;
  }

  #findKeysSince(from: number): readonly string[] {
    const order = this.#orders.entries;
    if (from >= order.floor) return order.since(seqOf(from));
    const before = this.#lookBack(from);
    const after = order.since(seqOf(Math.max(before.to, order.floor)));
    return after.length === 0 ? before.keys : [...new Set([...before.keys, ...after])];
  }

  /** Names that changed after `from`, or undefined where the whole stream has to be told. */
  namesSince(stream: ItemStream, from: number): readonly string[] | undefined {
    const order = this.#orders[stream];
    return from < order.floor ? undefined : order.since(seqOf(from));
  }

  #tellNotes({ command, actor }: LogRecord): void {
    for (const single of command.type === "batch" ? command.commands : [command]) {
      if (single.type !== "audit.note") continue;
      const { event, agent = actor, granted } = single;
      for (const listener of this.#noteListeners) listener({ event, agent, granted });
    }
  }

  /** One look at all entries and tombstones, shared by everyone who was away for about as long (a restart's crowd). */
  #lookBack(from: number): { readonly to: number; readonly keys: readonly string[] } {
    const { floor } = this.#orders.entries;
    const known = this.#lookbacks.find((one) => one.from === from && one.to >= floor);
    if (known !== undefined) return known;
    const keys: string[] = [];
    for (const entry of this.state.entries.values()) if (entry.seq > from) keys.push(entry.key);
    for (const [key, { seq }] of this.state.tombstones) if (seq > from) keys.push(key);
    const found = { from, to: this.head, keys };
    this.#lookbacks.push(found);
    if (this.#lookbacks.length > MAX_LOOKBACKS) this.#lookbacks.shift();
    return found;
  }
}

/** The patch that the writer sent, where the record is one merge. */
function patchSentBy({ command }: LogRecord): JsonText | undefined {
  return command.type === "entry.merge" ? (command satisfies CommandOf<"entry.merge">).patch : undefined;
}
