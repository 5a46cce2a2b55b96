// Owns the plainest replica that obeys docs/protocol.md (W-SYNC-4 to W-SYNC-10): what any client has to come to.
// Does not own a connection. It keeps the pages of a sync and applies them when the last one came; whatever the rules do
// not allow is an exception. Parameters are parsed JSON, so that nothing of the server's own code is trusted here.

// Tests look into items of every stream.
// oxlint-disable-next-line typescript/no-explicit-any
export type Json = any;

export const NAMED_STREAMS = [
  "entries",
  "budgets",
  "agents",
  "tasks",
  "requests",
  "claims",
  "sources",
  "holds",
  "alerts",
  "pauses",
] as const;
export type NamedStream = (typeof NAMED_STREAMS)[number];

/** The member that is an item's name (W-SYNC-9). */
export const NAME_OF: Readonly<Record<NamedStream, string>> = {
  entries: "key",
  budgets: "task",
  agents: "agent",
  tasks: "task",
  requests: "request",
  claims: "claim",
  sources: "source",
  holds: "hold",
  alerts: "alert",
  pauses: "pause",
};

export interface Missed {
  readonly count: number;
  readonly from: number;
  readonly to: number;
}

type Items = Map<string, Json>;

/** What a replica holds at a position. */
export interface Held {
  readonly streams: Readonly<Record<NamedStream, Items>>;
  /** So many entries that none were told. Their changes mean nothing then. */
  readonly over: number | undefined;
  readonly notes: readonly { readonly seq: number; readonly note: Json }[];
  readonly missed: readonly Missed[];
  readonly total: number | undefined;
  /** Rows of a window, in order. */
  readonly window: { readonly from: number; readonly total: number; readonly rows: readonly Json[] } | undefined;
}

const nothing = (): Held => ({
  streams: Object.fromEntries(NAMED_STREAMS.map((stream) => [stream, new Map()])) as unknown as Held["streams"],
  over: undefined,
  notes: [],
  missed: [],
  total: undefined,
  window: undefined,
});

export class ReferenceReplica {
  /** Where it stands; undefined before the first complete sync. */
  at: number | undefined;
  held: Held = nothing();
  /** The reason of the reset that was applied last, and the position that it came to. */
  reset: string | undefined;
  startedAt: number | undefined;
  #pages: Json[] = [];

  get isBetweenPages(): boolean {
    return this.#pages.length > 0;
  }

  /** The connection is lost: pages without their last one mean nothing. */
  disconnect(): void {
    this.#pages = [];
  }

  /** Take one sync. True once the replica stands at a new position. @throws Error where W-SYNC-4 to 10 are broken */
  take(sync: Json): boolean {
    const first = this.#pages[0];
    if (first === undefined) {
      if (sync.reset === undefined && sync.from !== this.at)
        throw new Error(`a sync from ${sync.from} does not join on to ${this.at}`);
    } else {
      if (sync.reset !== undefined) throw new Error("reset stands on the first page only");
      if (sync.from !== first.from) throw new Error(`a page from ${sync.from} among pages from ${first.from}`);
    }
    this.#pages.push(sync);
    if (sync.more === true) {
      if ("to" in sync) throw new Error("a page with more has no to");
      return false;
    }
    if (!Number.isSafeInteger(sync.to) || sync.to < sync.from) throw new Error(`a sync to ${sync.to}`);
    const pages = this.#pages;
    this.#pages = [];
    let held = pages[0].reset === undefined ? copyOf(this.held) : nothing();
    for (const page of pages) held = afterPage(held, page);
    this.held = held;
    this.at = sync.to;
    if (pages[0].reset === undefined) return true;
    this.reset = pages[0].reset;
    this.startedAt = this.at;
    return true;
  }
}

function copyOf(held: Held): Held {
  const streams = Object.fromEntries(NAMED_STREAMS.map((stream) => [stream, new Map(held.streams[stream])]));
  return { ...held, streams: streams as unknown as Held["streams"] };
}

/** Changes `held`, whose maps are the caller's own. */
function afterPage(held: Held, page: Json): Held {
  let { over, window, notes, missed, total } = held;
  for (const stream of NAMED_STREAMS) {
    const told = page[stream];
    if (told === undefined) continue;
    const items = held.streams[stream];
    if (stream === "entries" && over !== undefined && (told.put ?? told.del ?? told.patch) !== undefined)
      throw new Error("entries are told although they are too many");
    if (told.over !== undefined) over = told.over;
    if (told.all === true) items.clear();
    const named = new Set<string>();
    const once = (name: string): string => {
      if (named.has(name)) throw new Error(`one page says ${stream} ${name} twice`);
      named.add(name);
      return name;
    };
    for (const item of told.put ?? []) items.set(once(item[NAME_OF[stream]]), item);
    for (const name of told.del ?? []) items.delete(once(name));
    for (const { base, patch, ...facts } of told.patch ?? []) {
      const before = items.get(once(facts.key));
      if (before?.seq !== base) throw new Error(`a patch of ${facts.key} at ${base}, but ${before?.seq} is held`);
      items.set(facts.key, { ...facts, value: merged(before.value, patch) });
    }
    if (told.window !== undefined) window = windowAfter(window, told.window);
  }
  const { audit } = page;
  if (audit !== undefined) {
    notes = [...notes, ...(audit.add ?? [])];
    if (audit.missed !== undefined) missed = [...missed, audit.missed];
    if (typeof audit.total === "number") ({ total } = audit);
  }
  return { streams: held.streams, over, window, notes, missed, total };
}

/** Rows that were held before the sync, by those of its page before. */
const baseOf = new WeakMap<readonly Json[], readonly Json[]>();

function windowAfter(before: Held["window"], { from, total, rows, whole, append }: Json): Held["window"] {
  const shown = before?.rows ?? [];
  const base = append === true ? (baseOf.get(shown) ?? []) : shown;
  const made = rows.flatMap((row: Json) => {
    if (!Array.isArray(row)) return [row];
    if (whole === true) throw new Error("a whole window has no pairs");
    const run = base.slice(row[0], row[1] + 1);
    if (run.length !== row[1] - row[0] + 1)
      throw new Error(`rows ${row[0]} to ${row[1]} of a window that held ${base.length}`);
    return run;
  });
  const all = append === true ? [...shown, ...made] : made;
  baseOf.set(all, base);
  return { from, total, rows: all };
}

/** RFC 7396, as it is written there. */
export function merged(target: Json, patch: Json): Json {
  if (typeof patch !== "object" || patch === null || Array.isArray(patch)) return patch;
  const isObject = typeof target === "object" && target !== null && !Array.isArray(target);
  const members = new Map<string, Json>(isObject ? Object.entries(target) : []);
  for (const [name, change] of Object.entries(patch)) {
    if (change === null) members.delete(name);
    else members.set(name, merged(members.get(name), change));
  }
  return Object.fromEntries(members);
}
