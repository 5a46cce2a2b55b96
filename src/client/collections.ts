// Owns the collections that users read and listen to. Reading is a look into a map, listening to one name costs nothing
// when another changes. Does not own the items (replica.ts). Invariant: listeners hear of a sync after all of it is in place.

import { createListeners, type Listeners } from "./listeners.ts";

export interface Collection<Item> extends Iterable<Item> {
  get(name: string): Item | undefined;
  has(name: string): boolean;
  readonly size: number;
  /** The same array until a name comes or goes. In no particular order. */
  keys(): readonly string[];
  /** The same array until anything changes. */
  items(): readonly Item[];
  /** Called when this item changed, came or went. The answer ends it, as with all of these. */
  readonly onKey: (name: string, listener: () => void) => () => void;
  /** Called with the names that changed, once for each sync. */
  readonly onChange: (listener: (names: ReadonlySet<string>) => void) => () => void;
}

/** A collection with the handles of its owner. */
export interface OwnedCollection<Item> {
  readonly collection: Collection<Item>;
  /** Items changed, and with `members` some came or went: what is remembered of them is forgotten. */
  touch(members: boolean): void;
  /** Tells of what was touched. */
  tell(names: ReadonlySet<string>): void;
}

const NOTHING: ReadonlyMap<string, never> = new Map<string, never>();

/** `over`: items shown instead of those in `items`; `undefined` hides one. */
export function createCollection<Item>(
  items: ReadonlyMap<string, Item>,
  over: ReadonlyMap<string, Item | undefined> = NOTHING,
): OwnedCollection<Item> {
  // Bounded by the program that listens; a name without listeners is forgotten.
  const byName = new Map<string, Listeners<void>>();
  const onChange = createListeners<ReadonlySet<string>>();
  let names: readonly string[] | undefined;
  let list: readonly Item[] | undefined;

  const get = (name: string): Item | undefined => (over.has(name) ? over.get(name) : items.get(name));
  const has = (name: string): boolean => get(name) !== undefined;
  const keys = (): readonly string[] => {
    if (names !== undefined) return names;
    const all = [...items.keys(), ...[...over.keys()].filter((name) => !items.has(name))];
    return (names = over.size === 0 ? all : all.filter(has));
  };
  const all = (): readonly Item[] => (list ??= keys().flatMap((name) => get(name) ?? []));

  return {
    collection: {
      get,
      has,
      get size() {
        return over.size === 0 ? items.size : keys().length;
      },
      keys,
      items: all,
      [Symbol.iterator]: () => all()[Symbol.iterator](),
      onKey(name, listener) {
        let listeners = byName.get(name);
        if (listeners === undefined) byName.set(name, (listeners = createListeners()));
        const own = listeners;
        const remove = own.add(listener);
        return () => {
          remove();
          if (own.count() === 0 && byName.get(name) === own) byName.delete(name);
        };
      },
      onChange: onChange.add,
    },
    touch(members) {
      list = undefined;
      if (members) names = undefined;
    },
    tell(changed) {
      // The shorter of the two is gone through: a snapshot changes a million names, a screen listens to fifty.
      if (byName.size < changed.size) {
        for (const [name, listeners] of byName) if (changed.has(name)) listeners.tell();
      } else for (const name of changed) byName.get(name)?.tell();
      onChange.tell(changed);
    },
  };
}
