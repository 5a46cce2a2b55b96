// Owns all subscriptions of a client: their names, and carrying them from one transport to the next.
// Does not own what one of them holds (subscription.ts).

import type { FilterInput } from "../protocol/wire/filter.ts";
import type { Progress } from "./connection/phases.ts";
import type { Echo } from "./echoes.ts";
import type { Environment } from "./environment.ts";
import { filterName } from "./filter-name.ts";
import { worstOf } from "./freshness.ts";
import { problem, SwarmboardError } from "./problem.ts";
import type { Cache } from "./replica-cache.ts";
import { createSubscription, type OwnedSubscription, type Subscription } from "./subscription.ts";
import type { Transport, Upward } from "./transports/transport.ts";

export interface SubscribeOptions {
  /** Least time between two syncs in ms, 0 to 60000; 50 by default. */
  readonly rateMs?: number;
  /** 1 to 64 of `A-Z a-z 0-9 _ -`; by default made of the filter. Choose by meaning (W-SUB-1). */
  readonly name?: string;
}

export interface SubscriptionSetOptions {
  readonly environment: Environment;
  readonly keepNotes: number;
  readonly cache: Cache | undefined;
  /** Tells servers and users apart in the cache. */
  readonly cachePrefix: string;
  readonly onProgress: (progress: Progress) => void;
  readonly onHopeless: (reason: string) => void;
}

export interface SubscriptionSet {
  subscribe(board: string, filter: FilterInput, options: SubscribeOptions): Subscription;
  use(transport: Transport | undefined): void;
  readonly up: Omit<Upward, "done" | "refused">;
  /** Shows an entry as a command will leave it, in all subscriptions that hold it. */
  echo(board: string, echo: Echo): { settled(seq: number): void; dropped(): void };
  flush(): void;
  close(): void;
}

/** SESSION_LIMITS.subscriptions; a test holds them together, for the whole table is too much for a browser. */
export const MAX_SUBSCRIPTIONS = 16;

export function createSubscriptionSet(options: SubscriptionSetOptions): SubscriptionSet {
  const { environment, cache } = options;
  /** At most MAX_SUBSCRIPTIONS; beyond, `subscribe` throws. */
  const all = new Map<string, OwnedSubscription>();
  let transport: Transport | undefined;
  let closed = false;

  function onProgress(): void {
    if (transport === undefined) return;
    options.onProgress(worstOf([...all.values()].map((one) => one.progress())));
  }

  /** The same filter twice is two subscriptions, because each may be moved and closed by itself. */
  function freeName(board: string, filter: FilterInput): string {
    const base = filterName(board, filter);
    let name = base;
    for (let n = 2; all.has(name); n++) name = `${base}-${n}`;
    return name;
  }

  return {
    subscribe(board, filter, { rateMs, name: given }) {
      if (all.size >= MAX_SUBSCRIPTIONS)
        throw new SwarmboardError(problem("too_many_subscriptions", "no", `At most ${MAX_SUBSCRIPTIONS}.`));
      const name = given ?? freeName(board, filter);
      if (all.has(name)) throw new TypeError(`a subscription is called ${name} already`);
      const one = createSubscription({
        environment,
        name,
        board,
        filter,
        rateMs,
        keepNotes: options.keepNotes,
        cache:
          cache && ((replica) => cache(environment, `${options.cachePrefix} ${filterName(board, filter)}`, replica)),
        onProgress,
        onHopeless: options.onHopeless,
        onClose() {
          all.delete(name);
          onProgress();
        },
      });
      all.set(name, one);
      one.use(transport);
      if (closed) one.subscription.close();
      return one.subscription;
    },
    use(next) {
      transport = next;
      for (const one of all.values()) one.use(next);
      onProgress();
    },
    up: {
      subscribed: (sub, result) => all.get(sub)?.subscribed(result),
      notSubscribed: (sub, problem) => all.get(sub)?.notSubscribed(problem),
      moved: (sub) => all.get(sub)?.moved(),
      sync: (sub, sync) => all.get(sub)?.sync(sync),
      beat(beat) {
        for (const one of all.values()) one.beat(beat);
      },
    },
    echo(board, echo) {
      const shown = [...all.values()]
        .filter((one) => one.subscription.board === board)
        .flatMap((one) => one.echo(echo) ?? []);
      return {
        settled: (seq) => shown.forEach((one) => one.settled(seq)),
        dropped: () => shown.forEach((one) => one.dropped()),
      };
    },
    flush() {
      for (const one of all.values()) one.flush();
    },
    close() {
      closed = true;
      for (const one of all.values()) one.subscription.close();
    },
  };
}
