// Owns what a parser makes of a whole file: the items that it states, or why it cannot be believed.
// A parser is pure and total: any text gives a Parsed, never an exception.

import type { SingleCommand } from "../../protocol/index.ts";

/** What an item is on the board, which says how it is taken back when it vanishes from its file. */
export type ItemKind = "entry" | "budget" | "request" | "task" | "health" | "trust" | "seen";

export interface ItemName {
  readonly kind: ItemKind;
  readonly name: string;
}

export interface Item extends ItemName {
  /** What the file states, without anything that depends on the time of reading: a change of it is a change of the item. */
  readonly stated: string;
  readonly commands: readonly SingleCommand[];
}

export type Parsed =
  | {
      readonly ok: true;
      readonly items: readonly Item[];
      /** Items that are in the file but cannot be read: neither imported nor taken for deleted. */
      readonly unreadable: readonly ItemName[];
      readonly problems: readonly string[];
      /** The form itself shows that nothing is cut off. Otherwise what seems deleted must be seen twice. */
      readonly endMarked: boolean;
    }
  | { readonly ok: false; readonly reason: string };

export type Parser = (text: string, nowMs: number) => Parsed;

export const unbelievable = (reason: string): Parsed => ({ ok: false, reason });
