// Owns subscriptions that live as long as a component. Does not own what they hold.
// A client has at most 16 subscriptions: subscribe high up, and hand the subscription down to the rows.

import { useCallback, useEffect, useState, useSyncExternalStore } from "react";
import type { Board, Condition, SubscribeOptions, Subscription } from "../client/index.ts";

type Filter = Parameters<Board["subscribe"]>[0];

/** Subscribes while the component is there; undefined until it is shown. A filter that says the same is the same. */
export function useSubscription<Value>(
  board: Board<Value>,
  filter: Filter,
  options: SubscribeOptions = {},
): Subscription<Value> | undefined {
  const [subscription, setSubscription] = useState<Subscription<Value>>();
  const asked = JSON.stringify([filter, options]);
  useEffect(() => {
    const [sameFilter, sameOptions] = JSON.parse(asked) as [Filter, SubscribeOptions];
    const made = board.subscribe<Value>(sameFilter, sameOptions);
    // oxlint-disable-next-line react/set-state-in-effect -- what is made here is held by the server, so it cannot be made while rendering
    setSubscription(made);
    return () => {
      made.close();
      setSubscription(undefined);
    };
  }, [board, asked]);
  return subscription;
}

/** How a subscription fares, apart from the connection. */
export function useCondition(subscription: Subscription | undefined): Condition | undefined {
  const listen = useCallback(
    (listener: () => void) => subscription?.onCondition(listener) ?? (() => undefined),
    [subscription],
  );
  const read = () => subscription?.condition;
  return useSyncExternalStore(listen, read, read);
}
