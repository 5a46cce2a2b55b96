// Owns the hooks that read: each renders again when what it reads changed, and not when anything else did.
// Does not own subscriptions (subscription.ts); each hook takes one that is not there yet, and then shows nothing.

import { useCallback, useSyncExternalStore } from "react";
import type { AuditNotes, Collection, Entry, Status, Subscription, WindowRows } from "../client/index.ts";
import { useClient } from "./provider.tsx";

type Listen = (listener: () => void) => () => void;

const silence: Listen = () => () => undefined;
const NO_ITEMS: readonly never[] = [];
const NO_NAMES: readonly string[] = [];

/** Follows a value that is another one after each change. `listen` and `read` may be new functions with every render. */
function useFollowed<Value>(listen: Listen, read: () => Value): Value {
  // The server's side of a page has no connection: it shows what is there, which is nothing.
  return useSyncExternalStore(listen, read, read);
}

/** How the connection fares. */
export function useStatus(): Status {
  const client = useClient();
  const listen = useCallback<Listen>((listener) => client.onStatus(listener), [client]);
  return useFollowed(listen, () => client.status);
}

/** One item of a collection, such as a budget, by its name. */
export function useItem<Item>(collection: Collection<Item> | undefined, name: string): Item | undefined {
  const listen = useCallback<Listen>(
    (listener) => collection?.onKey(name, listener) ?? silence(listener),
    [collection, name],
  );
  return useFollowed(listen, () => collection?.get(name));
}

/** One entry. A row that uses this renders again only when its own entry changed. */
export function useEntry<Value>(subscription: Subscription<Value> | undefined, key: string): Entry<Value> | undefined {
  return useItem(subscription?.entries, key);
}

function useChanges<Value>(collection: Collection<unknown> | undefined, read: () => Value): Value {
  const listen = useCallback<Listen>((listener) => collection?.onChange(listener) ?? silence(listener), [collection]);
  return useFollowed(listen, read);
}

/** The names in a collection: the same array until one comes or goes, so that a list renders again only then. */
export function useKeys(collection: Collection<unknown> | undefined): readonly string[] {
  return useChanges(collection, () => collection?.keys() ?? NO_NAMES);
}

/** All items of a collection. Renders again with every change; for long lists, `useKeys` and `useItem` are better. */
export function useCollection<Item>(collection: Collection<Item> | undefined): readonly Item[] {
  return useChanges(collection, () => collection?.items() ?? NO_ITEMS);
}

/** The rows of a subscription's window. */
export function useWindow<Value>(subscription: Subscription<Value> | undefined): WindowRows<Value> | undefined {
  const window = subscription?.window;
  const listen = useCallback<Listen>((listener) => window?.onChange(listener) ?? silence(listener), [window]);
  return useFollowed(listen, () => window?.current);
}

/** The audit notes of a subscription. */
export function useAudit(subscription: Subscription | undefined): AuditNotes | undefined {
  const audit = subscription?.audit;
  const listen = useCallback<Listen>((listener) => audit?.onChange(listener) ?? silence(listener), [audit]);
  return useFollowed(listen, () => audit?.current);
}
