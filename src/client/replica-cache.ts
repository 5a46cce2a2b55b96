// Owns keeping a replica beyond the page or process, so that it can be shown at once and resumed with its cursor.
// Does not own the storage (given by the user) or the replica. Invariant: what is kept is one whole replica, never a mixture.

import type { Environment } from "./environment.ts";
import { parseJson, toJson } from "./exact-json.ts";
import type { ReplicaState } from "./replica.ts";

/** Where replicas are kept. Texts are at most 1 MiB (in UTF-16 units). Failures are ignored: a cache is no more than that. */
export interface Cache {
  load(name: string): string | undefined | Promise<string | undefined>;
  save(name: string, text: string): void | Promise<void>;
}

/** A larger replica is not saved: the one before stays, which is older but as good a start. */
const MAX_CHARS = 1_048_576;
const SAVE_PAUSE_MS = 5000;
/** A storage that takes longer is not waited for. */
const LOAD_TIMEOUT_MS = 1000;
const FORMAT = 1;

export interface ReplicaCache {
  /** Calls back once, later: with what was kept, or with undefined. */
  load(then: (state: ReplicaState | undefined) => void): void;
  /** The replica changed; it is saved after a pause. */
  changed(): void;
  /** The page goes, or the subscription ends: now or never. */
  flush(): void;
}

export function createReplicaCache(
  environment: Environment,
  cache: Cache,
  name: string,
  read: () => ReplicaState | undefined,
): ReplicaCache {
  let cancelTimer: (() => void) | undefined;

  async function save(): Promise<void> {
    cancelTimer?.();
    cancelTimer = undefined;
    const state = read();
    const text = state && toJson({ format: FORMAT, ...state });
    if (text === undefined || text.length > MAX_CHARS) return;
    try {
      await cache.save(name, text);
    } catch {
      // A full or forbidden storage: the next start is a little slower.
    }
  }

  async function stored(): Promise<ReplicaState | undefined> {
    try {
      const text = await cache.load(name);
      const state = parseJson(text ?? "null") as (ReplicaState & { readonly format: number }) | null;
      return state?.format === FORMAT && typeof state.resume === "string" ? state : undefined;
    } catch {
      return undefined;
    }
  }

  return {
    load(then) {
      let answered = false;
      const answer = (state: ReplicaState | undefined) => {
        if (answered) return;
        answered = true;
        cancel();
        then(state);
      };
      const cancel = environment.setTimer(() => answer(undefined), LOAD_TIMEOUT_MS);
      void stored().then(answer);
    },
    changed() {
      cancelTimer ??= environment.setTimer(() => void save(), SAVE_PAUSE_MS);
    },
    flush() {
      if (cancelTimer !== undefined) void save();
    },
  };
}

/** Keeps replicas in the browser's localStorage (about 5 MiB a site, in clear: only for boards that may lie there). */
export function localStorageCache(prefix = "swarmboard:"): Cache {
  const storage = () => (globalThis as { localStorage?: Storage }).localStorage;
  return {
    load: (name) => storage()?.getItem(prefix + name) ?? undefined,
    save: (name, text) => storage()?.setItem(prefix + name, text),
  };
}
