// Owns the former versions of large values, so that a change of one can be told as a patch (docs/protocol.md, W-SYNC-8).
// Does not own how a patch is made (merge-diff). Invariant: a version is only offered for the positions at which it was true.

import type { Entry, JsonText } from "../protocol/index.ts";
import { patchText } from "./item-texts.ts";
import { mergeDiff } from "./merge-diff.ts";

/** Values longer than this are worth a patch, in UTF-16 units. */
export const LARGE_UNITS = 4096;
/** A patch has to save 30 %. */
const MOST_OF_VALUE = 0.7;
/** Former versions of one key. Beyond, the oldest goes: whoever stands there gets the value whole. */
const MAX_VERSIONS = 4;
/** Units of all kept values. Beyond, the keys noted longest ago go. */
const MAX_KEPT_UNITS = 8 * 1_048_576;

interface Version {
  readonly entry: Entry;
  /** The patch that its writer sent, where nothing else lies between this version and the one before. */
  readonly sent: JsonText | undefined;
}

export class LargeValues {
  /** Versions of each key, oldest first; keys in the order in which they were noted last. */
  readonly #versions = new Map<string, Version[]>();
  #units = 0;

  knows(key: string): boolean {
    return this.#versions.has(key);
  }

  /** The entry as a group of records left it. Every group has to be noted: positions of clients lie between groups. */
  note(key: string, entry: Entry | undefined, sent: JsonText | undefined): void {
    const versions = this.#versions.get(key);
    if (entry === undefined || entry.value.length <= LARGE_UNITS) {
      if (versions !== undefined) this.#drop(key, versions);
      return;
    }
    this.#versions.delete(key);
    this.#units += entry.value.length;
    const next = versions ?? [];
    next.push({ entry, sent });
    if (next.length > MAX_VERSIONS) this.#units -= next.shift()?.entry.value.length ?? 0;
    this.#versions.set(key, next);
    for (const [oldest, held] of this.#versions) {
      if (this.#units <= MAX_KEPT_UNITS) break;
      this.#drop(oldest, held);
    }
  }

  /** The text of the change from what a replica at `from` holds to `entry`, or undefined where none is known or worth it. */
  patchText(from: number, entry: Entry): string | undefined {
    const versions = this.#versions.get(entry.key);
    if (versions === undefined) return undefined;
    const at = versions.findLastIndex((version) => version.entry.seq <= from);
    const held = versions[at];
    if (held === undefined) return undefined;
    const most = Math.floor(entry.value.length * MOST_OF_VALUE);
    const next = versions[at + 1];
    const sent = next?.entry === entry ? next.sent : undefined;
    const patch = sent !== undefined && sent.length <= most ? sent : mergeDiff(held.entry.value, entry.value, most);
    return patch === undefined ? undefined : patchText(entry, held.entry.seq, patch);
  }

  #drop(key: string, versions: readonly Version[]): void {
    for (const version of versions) this.#units -= version.entry.value.length;
    this.#versions.delete(key);
  }
}
