// Owns what of the client needs Node: what `swarmboard/client/node` exports. Browsers never load this file.

import { createHash } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Cache, cacheIn } from "./replica-cache.ts";

/** Keeps replicas as files of this folder, which is made when it is needed. Readable by their owner only. */
export function fileCache(folder: string): Cache {
  // Names hold addresses and filters, which make no good file names.
  const pathOf = (name: string) => join(folder, `${createHash("sha256").update(name).digest("hex").slice(0, 32)}.json`);
  return cacheIn({
    load: (name) => readFile(pathOf(name), "utf8"),
    async save(name, text) {
      const path = pathOf(name);
      await mkdir(folder, { recursive: true });
      // Written beside and renamed, so that a crash leaves the one before.
      await writeFile(`${path}.new`, text, { mode: 0o600 });
      await rename(`${path}.new`, path);
    },
  });
}
