// Owns one subscription: its replica, its views, and its conversation with whatever transport there is.
// Does not own the connection (subscription-set.ts and below). Invariant: what is shown is one whole position, or nothing.

import type { Beat, ResetReason, Subscribed, Sync } from "../protocol/wire/down.ts";
import type { FilterInput } from "../protocol/wire/filter.ts";
import type { Progress } from "./connection/phases.ts";
import type { Echo } from "./echoes.ts";
import type { Environment } from "./environment.ts";
import { createFreshness, worstOf } from "./freshness.ts";
import type { Position } from "./items.ts";
import { createListeners } from "./listeners.ts";
import { type Problem, problem as problemOf, SwarmboardError } from "./problem.ts";
import { createReplica, type Replica } from "./replica.ts";
import type { ReplicaKeeper } from "./replica-cache.ts";
import { type AuditView, type Collections, createViews } from "./subscription-views.ts";
import type { Feed, Transport } from "./transports/transport.ts";
import { createWaiting, type WaitOptions } from "./waiting.ts";
import { createWindow, type WindowView } from "./window-view.ts";

/** How a subscription fares, apart from the connection. Another object after each change. */
export interface Condition {
  /** What is shown: nothing yet, what a cache kept, or what the server told. */
  readonly held: "nothing" | "cached" | "told";
  /** Why the server does not tell what was asked for, or does not move the window; it is asked again with the next connection, or after a pause if that may help. */
  readonly problem: SwarmboardError | undefined;
  /** Why the board takes no writes at present. */
  readonly unwritable: string | undefined;
  /** Why the last return began anew instead of going on (W-SUB-5). What is held is compared with what is there all the same. */
  readonly reset: ResetReason | undefined;
}

export interface Subscription<Value = unknown> extends Collections<Value> {
  readonly name: string;
  readonly board: string;
  /** Resolves with the first state that the server told, or confirmed; rejects if it refuses, or after `close`. */
  readonly ready: Promise<void>;
  readonly window: WindowView<Value>;
  readonly audit: AuditView;
  readonly position: Position;
  /**
   * Resolves when the replica stands at `seq` or later, such as that of a command's answer: then it has the change, if it is one that the
   * filter asks for. Rejects with the reason of `signal` (by default `AbortSignal.timeout(30_000)`), or with `closed` after `close`.
   */
  reached(seq: number, options?: WaitOptions): Promise<void>;
  readonly condition: Condition;
  onCondition(listener: (condition: Condition) => void): () => void;
  /** The board clock now, in ms: `expiresAtClock - clock()` is the time left. Undefined until it is known. */
  clock(): number | undefined;
  close(): void;
}

export interface SubscriptionOptions {
  readonly environment: Environment;
  readonly name: string;
  readonly board: string;
  readonly filter: FilterInput;
  readonly rateMs: number | undefined;
  readonly keepNotes: number;
  readonly cache: ((replica: Replica) => ReplicaKeeper) | undefined;
  /** Something about `progress` may have changed. */
  readonly onProgress: () => void;
  /** Nothing that comes makes sense. */
  readonly onHopeless: (reason: string) => void;
  readonly onClose: () => void;
}

export interface OwnedSubscription {
  readonly subscription: Subscription;
  readonly feed: Feed;
  use(transport: Transport | undefined): void;
  subscribed(result: Subscribed): void;
  notSubscribed(told: Problem): void;
  moved(): void;
  sync(sync: Sync): void;
  beat(beat: Beat): void;
  progress(): Progress;
  echo(echo: Echo): { settled(seq: number): void; dropped(): void } | undefined;
  flush(): void;
}

/** Syncs in a row that do not fit: after so many without the cursor, and after so many with another connection. */
const STRIKES_FOR_SNAPSHOT = 2;
const STRIKES_FOR_CONNECTION = 4;
const FIRST_RETRY_MS = 1000;
const MAX_RETRY_MS = 30_000;
const NOTHING_MISSING = worstOf([]);

export function createSubscription(options: SubscriptionOptions): OwnedSubscription {
  const { environment, name, board, filter } = options;
  const spec = filter.entries !== undefined && "window" in filter.entries ? filter.entries.window : undefined;
  const replica = createReplica(options.keepNotes);
  const freshness = createFreshness();
  const views = createViews(
    replica,
    createWindow(spec, () => replica.window()),
  );
  const onCondition = createListeners<Condition>();
  let condition: Condition = { held: "nothing", problem: undefined, unwritable: undefined, reset: undefined };
  let transport: Transport | undefined;
  let clock: { readonly clock: number; readonly atMs: number } | undefined;
  let strikes = 0;
  let retries = 0;
  let cancelRetry: () => void = () => undefined;
  let closed: SwarmboardError | undefined;
  const waiting = createWaiting(
    () => replica.position().seq,
    () => closed,
  );
  /** For good: what it would hold is not missing. Any other refusal leaves what is held old, and nothing old is called live. */
  let refused = false;

  let settleReady: { readonly resolve: () => void; readonly reject: (error: Error) => void } | undefined;
  const ready = new Promise<void>((resolve, reject) => (settleReady = { resolve, reject }));
  // Who does not ask for it need not handle its rejection.
  ready.catch(() => undefined);

  const cache = options.cache?.(replica);
  let loading = cache !== undefined;
  cache?.load((changes) => {
    loading = false;
    if (closed !== undefined) return;
    if (changes !== undefined) {
      become({ held: "cached" });
      views.publish(changes);
    }
    ask();
  });

  function become(next: Partial<Condition>): void {
    const all = { ...condition, ...next };
    if ((Object.keys(next) as (keyof Condition)[]).every((member) => condition[member] === all[member])) return;
    condition = all;
    onCondition.tell(condition);
  }

  const feed: Feed = {
    name,
    board,
    rateMs: options.rateMs,
    filter() {
      const window = views.window.wanted();
      return window === undefined ? filter : { ...filter, entries: { window } };
    },
    cursor: () => (strikes > STRIKES_FOR_SNAPSHOT ? undefined : replica.cursor()),
  };

  /** Subscribes, or subscribes again, over the present transport. */
  function ask(): void {
    cancelRetry();
    if (transport === undefined || loading || closed) return;
    const to = transport;
    refused = false;
    freshness.begin();
    replica.interrupt();
    // What was refused has to be asked for anew: with sockets and HTTP alike a refusal leaves no move under way.
    views.window.use((move) => (condition.problem === undefined ? to.moveWindow(feed, move) : ask()));
    to.subscribe(feed);
    options.onProgress();
  }

  function current(): void {
    become({ held: "told" });
    settleReady?.resolve();
  }

  function lost(reason: string): void {
    strikes++;
    if (strikes <= STRIKES_FOR_CONNECTION) return ask();
    strikes = 0;
    options.onHopeless(reason);
  }

  const subscription: Subscription = {
    ...views.collections,
    name,
    board,
    ready,
    window: views.window.view,
    audit: views.audit,
    get position() {
      return replica.position();
    },
    get condition() {
      return condition;
    },
    onCondition: onCondition.add,
    reached: waiting.reached,
    clock: () => clock && clock.clock + environment.now() - clock.atMs,
    close() {
      if (closed) return;
      closed = new SwarmboardError(problemOf("closed", "no", "It was closed."));
      cancelRetry();
      cache?.flush();
      transport?.unsubscribe(feed);
      settleReady?.reject(closed);
      waiting.look();
      options.onClose();
    },
  };

  return {
    subscription,
    feed,
    use(next) {
      transport = next;
      retries = 0;
      views.window.use(undefined);
      replica.interrupt();
      ask();
    },
    subscribed(result) {
      retries = 0;
      clock = { clock: result.clock, atMs: environment.now() };
      become({ problem: undefined, reset: result.reset });
      freshness.answered(result.reset === undefined && feed.cursor() !== undefined);
      replica.begin(result);
      options.onProgress();
    },
    notSubscribed(told) {
      const error = new SwarmboardError(told);
      refused = told.retry === "no";
      become({ problem: error });
      views.window.moved();
      options.onProgress();
      if (refused) return settleReady?.reject(error);
      const ceilingMs = Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** retries++);
      cancelRetry = environment.setTimer(ask, ceilingMs * (0.5 + environment.random() / 2));
    },
    moved: () => views.window.moved(),
    sync(sync) {
      const applied = replica.apply(sync);
      switch (applied.kind) {
        case "page":
          return;
        case "lost":
          return lost(applied.reason);
        case "applied":
          strikes = 0;
          freshness.applied(replica.position().seq);
          current();
          cache?.changed();
          views.publish(applied.changes);
          waiting.look();
          return options.onProgress();
        default:
          applied satisfies never;
      }
    },
    beat({ boards }) {
      const told = boards[board];
      if (told === undefined) return;
      clock = { clock: told.clock, atMs: environment.now() };
      freshness.beat(told.seq, replica.position().seq, environment.now());
      // Told of nothing new, so what a cache or an earlier connection left is all there is.
      if (!freshness.progress().waiting) current();
      become({ unwritable: told.unwritable });
      options.onProgress();
    },
    progress: () => (refused ? NOTHING_MISSING : freshness.progress()),
    echo: (echo) => (covers(filter, echo.command.key) ? views.echo(echo) : undefined),
    flush: () => cache?.flush(),
  };
}

/** Whether an entry would be told whole. Rows of a window are the server's to choose, so nothing is echoed there. */
function covers({ entries }: FilterInput, key: string): boolean {
  if (entries === undefined || "window" in entries) return false;
  return "keys" in entries ? entries.keys.includes(key) : key.startsWith(entries.prefix ?? "");
}
