// Owns the keys of a board as a search looks through them: end to end in long texts, because one look for a word through
// 100 KB costs a hundredth of four thousand looks through a key each. Does not own who searches, or the thread it runs in.
// Invariant: `#changed` decides about the keys that it names; the blocks know all others. A key may be found twice.

import type { JoinedKeys } from "./key-search-messages.ts";

/** Keys of one block. */
export const BLOCK_KEYS = 4096;
/** Changed keys that are looked at one by one; then they move into blocks. */
const MAX_CHANGED = 32_768;

interface Block extends JoinedKeys {
  /** The same in lower case, which may differ in length. */
  readonly lower: JoinedKeys;
}

export interface Wanted {
  readonly prefix: string;
  /** In lower case. */
  readonly text: string;
}

export function joinKeys(keys: readonly string[]): JoinedKeys {
  const starts = new Uint32Array(keys.length + 1);
  let end = 0;
  for (const [i, key] of keys.entries()) starts[i + 1] = end += key.length;
  return { text: keys.join(""), starts };
}

const keysOf = ({ text, starts }: JoinedKeys): string[] =>
  Array.from({ length: starts.length - 1 }, (_, i) => text.slice(starts[i], starts[i + 1]));

function blockOf(keys: JoinedKeys): Block {
  // One lower-cased text of all is only right where no letter takes its form from its neighbours, or another length.
  const isAscii = /^[\0-\x7f]*$/.test(keys.text);
  const lower = isAscii
    ? { text: keys.text.toLowerCase(), starts: keys.starts }
    : joinKeys(keysOf(keys).map((key) => key.toLowerCase()));
  // Most keys are in lower case already: one copy then does for both.
  return { ...keys, lower: lower.text === keys.text ? keys : lower };
}

export class KeyBlocks {
  readonly #changed = new Map<string, boolean>();
  readonly #maxChanged: number;
  #blocks: Block[] = [];

  constructor(maxChanged = MAX_CHANGED) {
    this.#maxChanged = maxChanged;
  }

  /** Blocks to look through, one `find` each; the changed keys count as one, the last. Grows, and never shrinks. */
  get count(): number {
    return this.#blocks.length + 1;
  }

  add(keys: JoinedKeys): void {
    this.#blocks.push(blockOf(keys));
  }

  change(key: string, isThere: boolean): void {
    this.#changed.set(key, isThere);
    if (this.#changed.size >= this.#maxChanged) this.#settle();
  }

  /** The keys of one block that begin with `prefix` and hold `text`. */
  find(place: number, wanted: Wanted): string[] {
    const block = this.#blocks[place];
    return block === undefined ? this.#findChanged(wanted) : this.#findIn(block, wanted);
  }

  #findIn({ text, starts, lower }: Block, wanted: Wanted): string[] {
    const found: string[] = [];
    const count = starts.length - 1;
    let i = 0;
    for (let at = 0; i < count;) {
      at = lower.text.indexOf(wanted.text, at);
      if (at === -1) break;
      i = placeOf(lower.starts, i, at);
      const end = lower.starts[i + 1] as number;
      if (at + wanted.text.length > end) {
        // It lies across two keys, so it is in neither.
        at++;
        continue;
      }
      const key = text.slice(starts[i], starts[i + 1]);
      if (key.startsWith(wanted.prefix) && !this.#changed.has(key)) found.push(key);
      at = end;
      i++;
    }
    return found;
  }

  #findChanged({ prefix, text }: Wanted): string[] {
    const found: string[] = [];
    for (const [key, isThere] of this.#changed) {
      if (isThere && key.startsWith(prefix) && key.toLowerCase().includes(text)) found.push(key);
    }
    return found;
  }

  /** Let the blocks know what changed. Blocks keep their places, because searches are at one of them. */
  #settle(): void {
    this.#blocks = this.#blocks.map((block) => {
      const keys = keysOf(block);
      const kept = keys.filter((key) => !this.#changed.has(key));
      return kept.length === keys.length ? block : blockOf(joinKeys(kept));
    });
    const added = Array.from(this.#changed).flatMap(([key, isThere]) => (isThere ? [key] : []));
    for (let start = 0; start < added.length; start += BLOCK_KEYS)
      this.add(joinKeys(added.slice(start, start + BLOCK_KEYS)));
    this.#changed.clear();
  }
}

/** The key that the unit at `at` belongs to, which is not before key `from`. */
function placeOf(starts: Uint32Array, from: number, at: number): number {
  let low = from;
  let high = starts.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if ((starts[middle] as number) <= at) low = middle;
    else high = middle;
  }
  return low;
}
