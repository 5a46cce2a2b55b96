// Owns what a filter lets through, and the one text that stands for it: the key of a cohort and the middle of a cursor.
// Does not own the filter's shape (protocol/wire/filter).

import {
  type AuditFilter,
  type AuditNote,
  type Filter,
  ITEM_STREAMS,
  type ItemStream,
  type WindowSpec,
} from "../protocol/index.ts";

export interface View {
  /** Equal for filters that ask the same, whatever the order of their members. */
  readonly canonical: string;
  /** Of `canonical` without the place of a window, which a cursor does not depend on: 16 hex digits. */
  readonly hash: string;
  readonly streams: readonly ItemStream[];
  /** Undefined where entries are not asked for by key. */
  readonly sees: ((key: string) => boolean) | undefined;
  /** Keys to look at one by one, where the filter names them. */
  readonly keys: readonly string[] | undefined;
  readonly prefix: string;
  readonly atMost: number;
  /** Its entries were more than `atMost` when it was subscribed to: only how many there are is told (W-SUB-2). */
  readonly isOver: boolean;
  readonly window: WindowSpec | undefined;
  readonly audit: AuditFilter | undefined;
}

const EVERYTHING = (): boolean => true;

export function viewOf(filter: Filter): View {
  const { entries, audit } = filter;
  const streams = ITEM_STREAMS.filter((stream) => filter[stream] === true);
  const window = entries !== undefined && "window" in entries ? entries.window : undefined;
  const keys = entries !== undefined && "keys" in entries ? [...new Set(entries.keys)].sort() : undefined;
  const byPrefix = entries !== undefined && window === undefined && keys === undefined ? entries : undefined;
  const prefix = (byPrefix as { readonly prefix?: string } | undefined)?.prefix ?? "";
  const atMost = (byPrefix as { readonly atMost?: number } | undefined)?.atMost ?? Number.POSITIVE_INFINITY;
  const place = window === undefined ? null : [window.sort, window.prefix ?? "", window.search ?? ""];
  const shape = [
    streams,
    keys ?? null,
    byPrefix === undefined ? null : prefix,
    place,
    audit === undefined ? null : auditKey(audit),
  ];
  return {
    canonical: JSON.stringify([
      ...shape,
      window === undefined ? null : [window.from, window.count],
      Number.isFinite(atMost) ? atMost : null,
      audit?.tail ?? 0,
    ]),
    hash: hashOf(JSON.stringify(shape)),
    streams,
    sees:
      keys !== undefined
        ? seesKeys(keys)
        : byPrefix === undefined
          ? undefined
          : prefix === ""
            ? EVERYTHING
            : (key) => key.startsWith(prefix),
    keys,
    prefix,
    atMost,
    isOver: false,
    window,
    audit,
  };
}

/** The same without the entries, of which there are too many. Its cursors are others: what it holds is not the same. */
export const overViewOf = (view: View): View => ({
  ...view,
  canonical: `over ${view.canonical}`,
  hash: hashOf(`over ${view.hash}`),
  sees: undefined,
  isOver: true,
});

function seesKeys(keys: readonly string[]): (key: string) => boolean {
  const wanted = new Set(keys);
  return (key) => wanted.has(key);
}

const auditKey = ({ event, agent, granted }: AuditFilter): unknown => [event ?? null, agent ?? null, granted ?? null];

/** What a filter looks at of a note. */
export type NoteFacts = Pick<AuditNote, "event" | "agent" | "granted">;

export const meetsAudit = ({ event, agent, granted }: AuditFilter, note: NoteFacts): boolean =>
  (event === undefined || note.event === event) &&
  (agent === undefined || note.agent === agent) &&
  (granted === undefined || note.granted === granted);

const HASH_UNITS = 16;

/** A filter's hash, and what may follow it in the cursor of a poll: the mark of the window's rows. */
export const unmarked = (filter: string): { readonly hash: string; readonly mark: string } => ({
  hash: filter.slice(0, HASH_UNITS),
  mark: filter.slice(HASH_UNITS),
});

/** Two 32-bit FNV-1a hashes (RFC 9923) from different bases. It only tells a client's own filters apart: not for security. */
export function hashOf(text: string): string {
  let a = 0x811c9dc5;
  let b = 0x01000193;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    a = Math.imul(a ^ unit, 0x01000193);
    b = Math.imul(b ^ (unit + i), 0x01000193);
  }
  return (a >>> 0).toString(16).padStart(8, "0") + (b >>> 0).toString(16).padStart(8, "0");
}
