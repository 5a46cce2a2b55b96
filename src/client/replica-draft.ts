// Owns what the pages of one sync say together, before any of it is shown (W-SYNC-6).
// Does not own what is shown (replica.ts). Invariant: folding a page changes the draft alone.

import { applyMergePatch } from "../feed/merge-value.ts";
import { applyRows } from "../feed/window-rows.ts";
import type { Sync, WindowRows as WireWindow } from "../protocol/wire/down.ts";
import type { EntryPatch } from "../protocol/wire/wire-items.ts";
import { toJson } from "./exact-json.ts";
import { type Entry, type Gap, NAME_OF, type Note, STREAMS, type Stream, type WindowRows } from "./items.ts";

/** An item of any stream; its name is the member that NAME_OF names. */
export type Item = Readonly<Record<string, unknown>>;

/** What is shown now, for patches and rows that refer to it. */
export interface Shown {
  readonly items: Readonly<Record<Stream, ReadonlyMap<string, Item>>>;
  readonly window: WindowRows;
}

export interface StreamDraft {
  /** The former items go, but for those in `next`. */
  all: boolean;
  /** `undefined`: deleted. */
  readonly next: Map<string, Item | undefined>;
}

export interface Draft {
  /** Everything that was held is replaced (W-SYNC-5). */
  readonly reset: boolean;
  readonly from: number;
  readonly streams: Map<Stream, StreamDraft>;
  window: WindowRows | undefined;
  over: number | undefined;
  /** `total` is undefined while nothing was said of the audit. */
  readonly audit: { readonly notes: Note[]; readonly missed: Gap[]; total: number | undefined };
}

export const EMPTY_WINDOW: WindowRows = { from: 0, total: 0, rows: [], approximate: false };

export const createDraft = (reset: boolean, from: number): Draft => ({
  reset,
  from,
  streams: new Map(reset ? STREAMS.map((stream) => [stream, { all: true, next: new Map() }]) : []),
  window: reset ? EMPTY_WINDOW : undefined,
  over: undefined,
  audit: { notes: [], missed: [], total: reset ? 0 : undefined },
});

/** Adds a page. @throws Error where it refers to what is not held: then the client lost something. */
export function foldPage(draft: Draft, sync: Sync, shown: Shown): void {
  for (const stream of STREAMS) {
    const told = sync[stream];
    if (told === undefined) continue;
    let part = draft.streams.get(stream);
    if (part === undefined) draft.streams.set(stream, (part = { all: false, next: new Map() }));
    if (told.all) {
      part.all = true;
      // What earlier pages said of this stream goes too (W-SYNC-7).
      part.next.clear();
    }
    for (const item of (told.put ?? []) as readonly Item[]) part.next.set(item[NAME_OF[stream]] as string, item);
    for (const name of told.del ?? []) part.next.set(name, undefined);
  }
  const { entries, audit } = sync;
  for (const patch of entries?.patch ?? []) foldPatch(draft, patch, shown);
  if (entries?.window !== undefined) draft.window = windowOf(entries.window, draft, shown.window);
  if (entries?.over !== undefined) draft.over = entries.over;
  if (audit !== undefined) {
    // A page with more may leave it out.
    draft.audit.total = audit.total ?? draft.audit.total;
    draft.audit.notes.push(...(audit.add ?? []));
    if (audit.missed !== undefined) draft.audit.missed.push(audit.missed);
  }
}

/** W-SYNC-8: a patch is of the value with exactly this `seq`. */
function foldPatch(draft: Draft, { key, base, patch, ...facts }: EntryPatch, shown: Shown): void {
  const part = draft.streams.get("entries");
  const old = part?.next.has(key) ? part.next.get(key) : part?.all ? undefined : shown.items.entries.get(key);
  if (old?.["seq"] !== base) throw new Error(`no base of a patch of ${key}`);
  // The members in the order in which the server tells them.
  part?.next.set(key, { key, value: applyMergePatch(old["value"], patch), ...facts });
}

/** W-WIN-2, W-WIN-3. Rows that say the same as before are the same objects, so that only the others are drawn again. */
function windowOf(told: WireWindow, { reset, window }: Draft, before: WindowRows): WindowRows {
  const { from, total, whole, append, approximate = false } = told;
  const rows = applyRows<Entry>(whole || reset ? [] : before.rows, told.rows);
  const held = new Map(before.rows.map((row) => [row.key, row]));
  const same = rows.map((row) => sameOrNew(held.get(row.key), row));
  return { from, total, rows: append ? [...(window?.rows ?? []), ...same] : same, approximate };
}

/**
 * The object that is held, if it says the same in the same order; another order only costs drawing it again. Only the same `seq` is worth a
 * closer look, so this is done for what is told a second time.
 */
export function sameOrNew<T extends { readonly seq?: unknown }>(held: T | undefined, item: T): T {
  return held !== undefined && held.seq === item.seq && toJson(held) === toJson(item) ? held : item;
}
