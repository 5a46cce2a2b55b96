// Owns the one answer of law L3: what changed since a position, for a view, as the pages of one sync.
// Does not own who is asked for it (cohort), or the rows of a window (window-view), which it is handed.
// The pages are made as they are pulled. Whoever pulls them slowly gets newer forms of items than where it began, and
// then what changed meanwhile, round by round, until nothing did: after the last page the replica equals the state at `to`.

import type { AuditFilter, AuditNote, ResetReason } from "../protocol/index.ts";
import type { BoardFeed, NoteCount } from "./board-feed.ts";
import { ITEM_SOURCES } from "./item-texts.ts";
import { LARGE_UNITS } from "./large-values.ts";
import { PageText } from "./page-text.ts";
import { meetsAudit, type View } from "./view.ts";
import type { WindowTexts } from "./window-view.ts";

/** Notes that are on disk only, fetched before the sync begins: all of the view's after `from` up to `to`. */
export interface PastNotes {
  readonly to: number;
  /** `{"seq":…,"note":…}`, oldest first. */
  readonly texts: readonly string[];
  readonly missed: { readonly count: number; readonly from: number; readonly to: number } | undefined;
}

export interface SyncRequest {
  readonly feed: BoardFeed;
  readonly view: View;
  readonly sub: string;
  /** Position of the replica; 0 with a reset. */
  readonly from: number;
  readonly reset: ResetReason | undefined;
  /** Large values may be told as patches: only where `from` is a position that a live client stands at. */
  readonly patches: boolean;
  readonly past: PastNotes | undefined;
  /** The keys of the view's prefix, where somebody looked for them already; otherwise all keys are looked at. */
  readonly keys?: (() => Iterable<string>) | undefined;
  /** The rows of the window, looked at for the last pages; undefined where they are unchanged. */
  readonly window: (() => WindowTexts | undefined) | undefined;
  readonly noteText: (note: AuditNote) => string;
}

export interface Page {
  /** JSON text of the sync's parameters. */
  readonly params: string;
  /** Where the replica stands after it; undefined where more pages follow. */
  readonly to: number | undefined;
}

/** Keys that are taken from the index at once. */
const LOOKED_AT_ONCE = 256;

type Pages = Generator<Page, void, void>;

/**
 * No page at all where nothing is to be told.
 * @throws RangeError where notes after `from` are on disk only and were not handed in.
 */
export function* syncPages(request: SyncRequest): Pages {
  const { feed, view, from, reset } = request;
  const page = new PageText(request.sub, from, reset);
  const notes = view.audit === undefined ? undefined : new NotesToTell(request, view.audit);
  try {
    let upTo = feed.head;
    if (reset === undefined) yield* tellChanges(request, page, from, request.patches);
    else yield* tellEverything(request, page);
    while (feed.head !== upTo) {
      const since = upTo;
      upTo = feed.head;
      // Within a page nothing says which of two forms is the newer one.
      if (!page.isEmpty) yield { params: page.takeMore(), to: undefined };
      // A replica between two pages holds no certain version, so no patch fits.
      yield* tellChanges(request, page, since, false);
    }
    // From here on nothing new is looked at, however slowly the last pages are pulled.
    const window = request.window?.();
    const found = notes?.find();
    if (window !== undefined) yield* tellWindow(page, window);
    if (found !== undefined) yield* tellNotes(page, found);
    // What changed while pages were pulled may be nothing that the view sees: the position has to be said all the same.
    if (!page.isEmpty || page.isUnderWay) yield { params: page.takeLast(upTo), to: upTo };
  } finally {
    notes?.close();
  }
}

function* tellEverything(request: SyncRequest, page: PageText): Pages {
  const { feed, view } = request;
  const { state, head } = feed;
  if (view.isOver) page.flag("entries", `"over":${countOf(feed, view)}`);
  if (view.sees !== undefined) {
    for (const key of view.keys ?? keysWith(request)) {
      // One that was deleted and came again while pages were pulled comes up twice here: it is told with the changes.
      if ((state.entries.get(key)?.seq ?? 0) <= head) yield* tellEntry(feed, view, page, key, undefined, false);
    }
  }
  for (const stream of view.streams) {
    for (const name of ITEM_SOURCES[stream].names(state)) yield* tellItem(feed, page, stream, name);
  }
}

/**
 * How many entries have the view's prefix. Costs a look at all keys while they are in no order: on a large board, ask for a count when they are
 * (`RowSources.countOf`).
 */
export function countOf({ state, byKey }: BoardFeed, { prefix }: Pick<View, "prefix">): number {
  if (prefix === "") return state.entries.size;
  if (byKey !== undefined) {
    const { from, to } = byKey.rangeOfPrefix(prefix);
    return to - from;
  }
  let count = 0;
  for (const key of state.entries.keys()) if (key.startsWith(prefix)) count++;
  return count;
}

/**
 * Keys that may be in the view. While they are pulled the board goes on: a key that is there all the time is among them;
 * one that comes or goes may be.
 */
function* keysWith({ feed, view, keys }: SyncRequest): Generator<string, void, void> {
  const { prefix } = view;
  const { state, byKey } = feed;
  if (prefix === "" || byKey === undefined) {
    // A Map's iterator goes on while the map changes: what is added comes at its end, what is gone is passed over.
    for (const key of keys?.() ?? state.entries.keys()) if (key.startsWith(prefix)) yield key;
    return;
  }
  let { from, to } = byKey.rangeOfPrefix(prefix);
  while (from < to) {
    const some = byKey.slice(from, Math.min(LOOKED_AT_ONCE, to - from));
    yield* some;
    // Ranks shift meanwhile: go on after the last key, wherever it stands or stood.
    from = byKey.rankOf(`${some.at(-1)}\0`);
    ({ to } = byKey.rangeOfPrefix(prefix));
  }
}

function* tellChanges(request: SyncRequest, page: PageText, since: number, patches: boolean): Pages {
  const { feed, view } = request;
  if (view.sees !== undefined && feed.reaches(since)) {
    for (const key of feed.keysSince(since)) {
      if (view.sees(key)) yield* tellEntry(feed, view, page, key, patches ? since : undefined, true);
    }
  } else if (view.sees !== undefined) {
    // Someone so slow that deletes were forgotten meanwhile.
    page.flag("entries", `"all":true`);
    for (const key of view.keys ?? keysWith(request)) yield* tellEntry(feed, view, page, key, undefined, false);
  }
  for (const stream of view.streams) {
    const names = feed.namesSince(stream, since);
    if (names === undefined) page.flag(stream, `"all":true`);
    for (const name of names ?? ITEM_SOURCES[stream].names(feed.state)) yield* tellItem(feed, page, stream, name);
  }
}

/** A window of large rows takes several pages: those after the first add to its rows. */
function* tellWindow(page: PageText, { facts, rows }: WindowTexts): Pages {
  let text = `"window":{${facts},"rows":[`;
  let isFirst = true;
  for (const row of rows) {
    if (!isFirst && !page.hasRoom(text.length + row.length)) {
      page.flag("entries", `${text}]}`);
      yield { params: page.takeMore(), to: undefined };
      text = `"window":{${facts},"append":true,"rows":[`;
      isFirst = true;
    }
    text += isFirst ? row : `,${row}`;
    isFirst = false;
  }
  page.flag("entries", `${text}]}`);
}

function* tellEntry(
  feed: BoardFeed,
  view: View,
  page: PageText,
  key: string,
  patchFrom: number | undefined,
  tellDeletes: boolean,
): Pages {
  const entry = feed.state.entries.get(key);
  if (entry === undefined) {
    if (tellDeletes) yield* add(page, "entries", "del", JSON.stringify(key));
    return;
  }
  if (view.sees?.(key) !== true) return;
  const patch =
    patchFrom !== undefined && entry.value.length > LARGE_UNITS ? feed.large.patchText(patchFrom, entry) : undefined;
  if (patch !== undefined) yield* add(page, "entries", "patch", patch);
  else yield* add(page, "entries", "put", feed.texts.of(entry));
}

function* tellItem(feed: BoardFeed, page: PageText, stream: View["streams"][number], name: string): Pages {
  const text = ITEM_SOURCES[stream].text(feed.state, name);
  if (text === undefined) yield* add(page, stream, "del", JSON.stringify(name));
  else yield* add(page, stream, "put", text);
}

function* add(page: PageText, stream: string, part: "put" | "patch" | "del" | "add", text: string): Pages {
  if (page.isTooLong(text.length)) yield { params: page.takeMore(), to: undefined };
  page.say(stream, part, text);
}

/** Position up to which notes may be missing in memory: notes after it are all there. */
export function notesKeptAfter({ state }: BoardFeed): number {
  const { notes, total } = state.audit;
  // The oldest record's notes may be there in part only.
  return total === notes.length ? 0 : (notes[0]?.seq ?? state.seq);
}

interface FoundNotes {
  readonly texts: readonly string[];
  readonly missed: PastNotes["missed"];
  /** Undefined where nothing is to be told. */
  readonly total: number | undefined;
}

/** Each page that says anything of the audit has its total. */
function* tellNotes(page: PageText, { texts, missed, total }: FoundNotes): Pages {
  if (total === undefined) return;
  page.flag("audit", `"total":${total}`);
  if (missed !== undefined) page.flag("audit", `"missed":${JSON.stringify(missed)}`);
  for (const text of texts) {
    if (page.isTooLong(text.length)) {
      yield { params: page.takeMore(), to: undefined };
      page.flag("audit", `"total":${total}`);
    }
    page.say("audit", "add", text);
  }
}

/** Where a replica stands among the notes, from when the sync begins; those to tell are then found all at once. */
class NotesToTell {
  readonly #request: SyncRequest;
  readonly #filter: AuditFilter;
  /** Notes after this are told, or a gap is named. */
  readonly #since: number;
  /** The filter's notes after `since` that are there already. */
  readonly #atHand: number;
  readonly #coming: NoteCount;

  constructor(request: SyncRequest, filter: AuditFilter) {
    const { feed, past, reset, from } = request;
    this.#request = request;
    this.#filter = filter;
    this.#since = reset === undefined ? (past?.to ?? from) : feed.head;
    if (this.#since < notesKeptAfter(feed)) {
      throw new RangeError(`notes after ${this.#since} are on disk, and were not fetched`);
    }
    this.#atHand = this.#fresh().length;
    this.#coming = feed.countNotes((note) => meetsAudit(filter, note));
  }

  find(): FoundNotes {
    const { feed, past, reset, noteText } = this.#request;
    const { notes, total } = feed.state.audit;
    const fresh = this.#fresh();
    // More notes came, while the pages were pulled, than are kept: a gap, and it is named.
    const lost = this.#atHand + this.#coming.count - fresh.length;
    const missed =
      lost === 0
        ? past?.missed
        : {
            count: lost + (past?.missed?.count ?? 0),
            from: past?.missed?.from ?? this.#since,
            to: notes[0]?.seq ?? feed.head,
          };
    // Whoever starts has subscribed to what comes from then on, and to so many before.
    const told = reset === undefined ? fresh : newest(notes, this.#filter, Math.max(this.#filter.tail, fresh.length));
    const own = told.map((note) => `{"seq":${note.seq},"note":${noteText(note)}}`);
    const texts = past === undefined ? own : past.texts.concat(own);
    const isSaid = reset !== undefined || missed !== undefined || texts.length > 0;
    return { texts, missed, total: isSaid ? total : undefined };
  }

  close(): void {
    this.#coming.stop();
  }

  #fresh(): AuditNote[] {
    const { notes } = this.#request.feed.state.audit;
    return notes.slice(firstAfter(notes, this.#since)).filter((note) => meetsAudit(this.#filter, note));
  }
}

function newest(notes: readonly AuditNote[], filter: AuditFilter, count: number): AuditNote[] {
  const found: AuditNote[] = [];
  for (let i = notes.length - 1; i >= 0 && found.length < count; i--) {
    const note = notes[i] as AuditNote;
    if (meetsAudit(filter, note)) found.push(note);
  }
  return found.reverse();
}

/** Index of the first note after a position. */
function firstAfter(notes: readonly AuditNote[], seq: number): number {
  let low = 0;
  let high = notes.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((notes[middle] as AuditNote).seq <= seq) low = middle + 1;
    else high = middle;
  }
  return low;
}
