// Owns keeping a replica beyond the page or process, so that it can be shown at once and resumed with its cursor.
// Does not own the storage (given by the user) or the replica. Only programs that ask for a cache load this file.

import type { Environment } from "./environment.ts";
import { parseJson, toJson } from "./exact-json.ts";
import type { Changes, Replica } from "./replica.ts";
import { restore, type Saved, savedOf } from "./saved.ts";

/** Where texts are kept by name. Failures are ignored: a cache is no more than that. */
export interface CacheStorage {
  load(name: string): string | undefined | Promise<string | undefined>;
  save(name: string, text: string): void | Promise<void>;
}

/** Keeps one replica. */
export interface ReplicaKeeper {
  /** Brings the replica to what was kept, and calls back once, later: with what changed, or with undefined. */
  load(then: (changes: Changes | undefined) => void): void;
  /** The replica changed; it is saved after a pause. */
  changed(): void;
  /** The page goes, or the subscription ends: now or never. */
  flush(): void;
}

/** Made by `cacheIn`. */
export type Cache = (environment: Environment, name: string, replica: Replica) => ReplicaKeeper;

/** A larger replica is not saved (in UTF-16 units): the one before stays, which is older but as good a start. */
const MAX_CHARS = 1_048_576;
const SAVE_PAUSE_MS = 5000;
/** A storage that takes longer is not waited for. */
const LOAD_TIMEOUT_MS = 1000;
const FORMAT = 1;

/** A cache that keeps its texts in this storage, each at most 1 MiB, saved at most every 5 s. */
export const cacheIn =
  (storage: CacheStorage): Cache =>
  (environment, name, replica) => {
    let cancelTimer: (() => void) | undefined;

    async function save(): Promise<void> {
      cancelTimer?.();
      cancelTimer = undefined;
      const saved = savedOf(replica);
      const text = saved && toJson({ format: FORMAT, ...saved });
      if (text === undefined || text.length > MAX_CHARS) return;
      try {
        await storage.save(name, text);
      } catch {
        // A full or forbidden storage: the next start is a little slower.
      }
    }

    async function stored(): Promise<Saved | undefined> {
      try {
        const text = await storage.load(name);
        const saved = parseJson(text ?? "null") as (Saved & { readonly format: number }) | null;
        return saved?.format === FORMAT && typeof saved.sync === "object" ? saved : undefined;
      } catch {
        return undefined;
      }
    }

    return {
      load(then) {
        let answered = false;
        const answer = (saved: Saved | undefined) => {
          if (answered) return;
          answered = true;
          cancel();
          then(saved && restore(replica, saved));
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
  };

/** Keeps replicas in the browser's localStorage (about 5 MiB a site, in clear: only for boards that may lie there). */
export function localStorageCache(prefix = "swarmboard:"): Cache {
  const storage = () => (globalThis as { localStorage?: Storage }).localStorage;
  return cacheIn({
    load: (name) => storage()?.getItem(prefix + name) ?? undefined,
    save: (name, text) => storage()?.setItem(prefix + name, text),
  });
}
