// Owns what a client holds of a subscription, and the position up to which that is true (protocol, section 5).
// Does not own listeners (collections.ts) or asking again (subscription.ts). Invariant: a sync is applied whole, or not at all.

import type { Subscribed, Sync } from "../protocol/wire/down.ts";
import { cursorOf } from "../protocol/wire/cursor.ts";
import { type AuditNotes, type Note, perStream, type Position, type Stream, type WindowRows } from "./items.ts";
import { createDraft, type Draft, EMPTY_WINDOW, foldPage, type Item, sameOrNew } from "./replica-draft.ts";

export interface StreamChanges {
  readonly names: ReadonlySet<string>;
  /** Some of them came or went. */
  readonly members: boolean;
}

/** What changed, by stream. */
export interface Changes {
  readonly streams: ReadonlyMap<Stream, StreamChanges>;
  readonly window: boolean;
  readonly audit: boolean;
}

export type Applied =
  /** Everything is in place: tell of it. */
  | { readonly kind: "applied"; readonly changes: Changes }
  /** A page; more follow. */
  | { readonly kind: "page" }
  /** This does not go on from what is held: subscribe again with the cursor (W-SYNC-4, W-SYNC-8). */
  | { readonly kind: "lost"; readonly reason: string };

export interface Replica {
  items(stream: Stream): ReadonlyMap<string, Item>;
  window(): WindowRows;
  readonly audit: () => AuditNotes;
  /** So many entries that none are told (`atMost`). */
  over(): number | undefined;
  position(): Position;
  cursor(): string | undefined;
  /** A subscription was answered; its syncs follow. */
  begin(result: Subscribed): void;
  apply(sync: Sync): Applied;
  /** Pages without their last are worth nothing: the connection is gone (W-SYNC-6). */
  interrupt(): void;
}

const GAPS_KEPT = 100;
const NO_NOTES: AuditNotes = { notes: [], total: 0, missed: [] };

/** `keepNotes`: audit notes beyond so many go, the oldest first (law L6). */
export function createReplica(keepNotes: number): Replica {
  const items = perStream(() => new Map<string, Item>());
  let window = EMPTY_WINDOW;
  let audit = NO_NOTES;
  let over: number | undefined;
  let position: Position = { epoch: "", seq: 0 };
  let resume: string | undefined;
  /** What a snapshot will belong to, once it is there. Until then the old names go with the old position (law L7). */
  let coming: { readonly resume: string; readonly epoch: string } | undefined;
  let draft: Draft | undefined;

  function apply(sync: Sync): Applied {
    // A snapshot may begin anew in the middle of its pages.
    if (draft === undefined || sync.reset !== undefined) {
      if (sync.reset === undefined && sync.from !== position.seq)
        return lost(`a sync from ${sync.from} came at ${position.seq}`);
      draft = createDraft(sync.reset !== undefined, sync.from);
    } else if (sync.from !== draft.from) return lost("a page of another sync");
    try {
      foldPage(draft, sync, { items, window });
    } catch (error) {
      return lost(String(error));
    }
    if (sync.more) return { kind: "page" };
    if (sync.to === undefined) return lost("a sync leads nowhere");
    const whole = draft;
    draft = undefined;
    if (coming !== undefined && whole.reset) ({ resume } = coming);
    position = { epoch: (whole.reset ? coming?.epoch : undefined) ?? position.epoch, seq: sync.to };
    if (whole.reset) coming = undefined;
    return { kind: "applied", changes: commit(whole) };
  }

  function lost(reason: string): Applied {
    draft = undefined;
    return { kind: "lost", reason };
  }

  function commit(whole: Draft): Changes {
    const streams = new Map<Stream, StreamChanges>();
    for (const [stream, { all, next }] of whole.streams) {
      const held = items[stream];
      const names = new Set<string>();
      let members = false;
      if (all) for (const name of held.keys()) if (!next.has(name)) next.set(name, undefined);
      for (const [name, item] of next) {
        const before = held.get(name);
        const after = item && sameOrNew(before, item);
        if (after === before) continue;
        names.add(name);
        members ||= before === undefined || after === undefined;
        if (after === undefined) held.delete(name);
        else held.set(name, after);
      }
      if (names.size > 0) streams.set(stream, { names, members });
    }
    if (whole.reset || whole.streams.has("entries")) over = whole.over;
    const before = { window, audit };
    window = whole.window ?? window;
    audit = notesAfter(whole);
    return { streams, window: window !== before.window, audit: audit !== before.audit };
  }

  function notesAfter({ reset, audit: { notes, missed, total } }: Draft): AuditNotes {
    const before = reset ? NO_NOTES : audit;
    if (notes.length + missed.length === 0 && (total ?? before.total) === before.total) return before;
    const all: readonly Note[] = [...before.notes, ...notes];
    return {
      notes: all.slice(Math.max(0, all.length - keepNotes)),
      total: total ?? before.total,
      missed: [...before.missed, ...missed].slice(-GAPS_KEPT),
    };
  }

  return {
    items: (stream) => items[stream],
    window: () => window,
    audit: () => audit,
    over: () => over,
    position: () => position,
    cursor: () => (resume === undefined || position.seq === 0 ? undefined : cursorOf(resume, position.seq)),
    begin(result) {
      draft = undefined;
      const { resume: given, position: start, reset } = result;
      coming = { resume: given, epoch: start.epoch };
      // Going on from here: the names are good at once. Otherwise they come with the snapshot.
      if (reset === undefined && start.seq === position.seq) {
        resume = given;
        position = { epoch: start.epoch, seq: position.seq };
      }
    },
    apply,
    interrupt() {
      draft = undefined;
    },
  };
}
