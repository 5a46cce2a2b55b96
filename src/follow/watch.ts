// Owns hearing that something happened in a directory. Does not own what: the follower looks for itself.
// Directories, never files: a file that is replaced by rename takes its watch with it (docs/adr/0003-following-files.md).

import { watch } from "node:fs";
import type { FSWatcher } from "node:fs";
import { stat } from "node:fs/promises";

export interface DirectoryWatch {
  /** Watch exactly these directories, as far as they exist. Renews the watch of one that was replaced. */
  set(dirs: readonly string[]): Promise<void>;
  /** Why at least one existing directory cannot be watched, or undefined. Polling still covers it. */
  readonly problem: string | undefined;
  close(): void;
}

/** @param onEvent the directory, and the name within it where the system tells one */
export function createDirectoryWatch(onEvent: (dir: string, name: string | undefined) => void): DirectoryWatch {
  const watched = new Map<string, { readonly watcher: FSWatcher; readonly identity: string }>();
  let problem: string | undefined;
  let closed = false;

  const drop = (dir: string): void => {
    watched.get(dir)?.watcher.close();
    watched.delete(dir);
  };

  const add = (dir: string, identity: string): void => {
    try {
      const watcher = watch(dir, { persistent: true }, (_event, name) => onEvent(dir, name ?? undefined));
      watcher.on("error", () => {
        // The directory went away, or the system gave up on it: the next look renews it.
        drop(dir);
        onEvent(dir, undefined);
      });
      watched.set(dir, { watcher, identity });
    } catch (error) {
      problem = error instanceof Error ? error.message : String(error);
    }
  };

  return {
    get problem() {
      return problem;
    },
    async set(dirs) {
      problem = undefined;
      for (const dir of watched.keys()) if (!dirs.includes(dir)) drop(dir);
      for (const dir of dirs) {
        let identity: string;
        try {
          const stats = await stat(dir, { bigint: true });
          if (!stats.isDirectory()) continue;
          // Inode numbers are used again at once: the birth tells a new directory from the old.
          identity = `${stats.ino}:${stats.birthtimeNs}`;
        } catch {
          drop(dir);
          continue;
        }
        if (closed) return;
        const present = watched.get(dir);
        if (present?.identity === identity) continue;
        drop(dir);
        add(dir, identity);
      }
    },
    close() {
      closed = true;
      for (const dir of watched.keys()) drop(dir);
    },
  };
}
