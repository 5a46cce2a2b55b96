// Owns turning what a blackboard states of one key into an item.
// TTL counts from the stated time: what has run out is treated as absent, and only the rest is passed on.

import type { JsonText } from "../../protocol/index.ts";
import type { Item } from "./parsed.ts";
import { instantOf } from "./instant.ts";
import { clip } from "./json-object.ts";

const LONGEST_TTL_MS = 100 * 365 * 86_400_000;

export interface StatedEntry {
  readonly key: string;
  readonly value: JsonText;
  readonly by: string | undefined;
  /** As written, or undefined. */
  readonly timestamp: unknown;
  /** Seconds, or undefined for ever. */
  readonly ttlSeconds: number | undefined;
}

/** The item, or undefined where the entry has expired. */
export function entryItem(entry: StatedEntry, nowMs: number): Item | undefined {
  const at = instantOf(entry.timestamp);
  const by = clip(entry.by);
  let ttlMs: number | undefined;
  if (entry.ttlSeconds !== undefined) {
    // Without a readable time the life counts from now: the file gives no other beginning.
    const left = (at ?? nowMs) + entry.ttlSeconds * 1000 - nowMs;
    if (left <= 0) return undefined;
    ttlMs = Math.min(Math.max(Math.round(left), 1), LONGEST_TTL_MS);
  }
  return {
    kind: "entry",
    name: entry.key,
    stated: JSON.stringify([entry.value, entry.by, entry.timestamp, entry.ttlSeconds]),
    commands: [
      {
        type: "entry.put",
        key: entry.key,
        value: entry.value,
        ...(by === undefined ? {} : { by }),
        ...(at === undefined ? {} : { at }),
        ...(ttlMs === undefined ? {} : { ttlMs }),
      },
    ],
  };
}
