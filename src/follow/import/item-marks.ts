// Owns what is remembered of a file's items on the board: per item one mark with the hash of what was imported.
// A restart reads these marks and imports nothing twice; a key that others changed is left alone until the file changes.

import { createHash } from "node:crypto";
import { utf8Bytes } from "../../protocol/index.ts";
import type { ItemKind, ItemName } from "../formats/parsed.ts";
import type { Mark } from "./work.ts";

const LETTER: { readonly [K in ItemKind]: string } = {
  entry: "k",
  budget: "b",
  request: "r",
  task: "t",
  health: "h",
  trust: "u",
  seen: "s",
};
const KIND = new Map(Object.entries(LETTER).map(([kind, letter]) => [letter, kind as ItemKind]));
const LONGEST_NAME_BYTES = 512;

/** The name of an item's mark: `k:<key>` and so on; a name that leaves no room for the prefix is hashed. */
export function markName(item: ItemName): string {
  const name = `${LETTER[item.kind]}:${item.name}`;
  if (utf8Bytes(name) <= LONGEST_NAME_BYTES) return name;
  return `${LETTER[item.kind]}#${createHash("sha256").update(item.name).digest("hex")}`;
}

/** Refused marks carry a `!`: that version is not tried again, and there is nothing to take back. */
export const importedMark = (item: ItemName, hash: string): Mark => [markName(item), withName(item, hash)];
export const refusedMark = (item: ItemName, hash: string): Mark => [markName(item), withName(item, `!${hash}`)];

const withName = (item: ItemName, value: string): string =>
  markName(item).charAt(1) === "#" ? `${value} ${item.name}` : value;

export interface RememberedItem extends ItemName {
  readonly mark: string;
  readonly hash: string;
  readonly refused: boolean;
}

/** The items that a source's marks tell of. Other marks are passed over. */
export function rememberedItems(marks: ReadonlyMap<string, string> | undefined): Map<string, RememberedItem> {
  const items = new Map<string, RememberedItem>();
  for (const [mark, value] of marks ?? []) {
    const kind = KIND.get(mark.charAt(0));
    const hashed = mark.charAt(1) === "#";
    if (kind === undefined || (mark.charAt(1) !== ":" && !hashed)) continue;
    const refused = value.startsWith("!");
    const text = refused ? value.slice(1) : value;
    const name = hashed ? text.slice(text.indexOf(" ") + 1) : mark.slice(2);
    items.set(mark, { kind, name, mark, hash: hashed ? text.slice(0, text.indexOf(" ")) : text, refused });
  }
  return items;
}
