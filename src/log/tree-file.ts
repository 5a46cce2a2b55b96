// Owns `tree/<epoch>.hashes` of a board: the hashes of all whole subtrees, in the order in which they were completed.
// Does not own whether they are true: the file is derived, and is checked against the newest checkpoint before it counts.
// Bounded: 64 bytes per record on disk; in memory one chunk of hashes and the whole subtrees of the size.

import type { Cut } from "./archive/cut-file.ts";
import { codeOf, readFully, writeAll, type Disk } from "./disk.ts";
import {
  createFrontier,
  HASH_BYTES,
  rootAt,
  storedAt,
  storedCount,
  wholeSubtrees,
  type Frontier,
  type Subtree,
  type TreeHash,
} from "./merkle.ts";

const UNKNOWN = Buffer.alloc(HASH_BYTES);

export interface TreeFile {
  readonly size: number;
  /** Add leaves at the end; in the file with the next `flush`. */
  add(leaves: Iterable<TreeHash>): void;
  /** Write what was added; with `sync`, make it durable. */
  flush(sync: boolean): Promise<void>;
  /** Hash of a whole subtree that was flushed. */
  readonly hashAt: (subtree: Subtree) => Promise<TreeHash>;
  rootAt(size: number): Promise<TreeHash>;
}

/**
 * Go on with a tree of which `known` is true; where the file does not lead to that root, from nothing. Other epochs' files
 * are removed.
 */
export async function openTreeFile(options: {
  readonly disk: Disk;
  readonly folder: string;
  readonly epoch: string;
  readonly known: { readonly size: number; readonly root: TreeHash } | undefined;
  /** What the log cannot give any more: a tree that is built anew begins with it. */
  readonly cut: Cut;
}): Promise<TreeFile> {
  const { disk, folder, epoch, known, cut } = options;
  const name = `${epoch}.hashes`;
  await disk.makeFolder(folder);
  for (const other of await disk.list(folder)) if (other !== name) await disk.unlink(`${folder}/${other}`);
  const path = `${folder}/${name}`;

  const withFile = async <T>(how: "read" | "update", work: (fd: number) => Promise<T>): Promise<T> => {
    const fd = await disk.open(path, how);
    try {
      return await work(fd);
    } finally {
      await disk.close(fd);
    }
  };

  const hashAt = (subtree: Subtree): Promise<TreeHash> =>
    withFile("read", async (fd) => {
      const bytes = Buffer.alloc(HASH_BYTES);
      if ((await readFully(disk, fd, bytes, 0, storedAt(subtree) * HASH_BYTES)) < HASH_BYTES) {
        throw new Error(`${path} is cut short`);
      }
      // A tree that was built anew behind a cut does not know what lies before it.
      if (bytes.equals(UNKNOWN)) throw new Error(`${path} does not hold hashes of records that are archived`);
      return bytes.toString("latin1") as TreeHash;
    });

  const restored = async (): Promise<Frontier | undefined> => {
    if (known === undefined) return undefined;
    try {
      const subtrees: TreeHash[] = [];
      for (const subtree of wholeSubtrees(known.size)) subtrees.push(await hashAt(subtree));
      const frontier = createFrontier({ size: known.size, subtrees });
      return frontier.root() === known.root ? frontier : undefined;
    } catch {
      // Missing or cut short: built anew.
      return undefined;
    }
  };

  let frontier = await restored();
  if (frontier === undefined) {
    await disk.close(await disk.open(path, "create"));
    await disk.syncFolder(folder);
    frontier = createFrontier({ size: cut.first - 1, subtrees: cut.left });
    if (cut.first > 1) {
      await withFile("update", async (fd) => {
        for (const [i, subtree] of wholeSubtrees(cut.first - 1).entries()) {
          const hash = Buffer.from(cut.left[i] ?? "", "latin1");
          await writeAll(disk, fd, hash, HASH_BYTES, storedAt(subtree) * HASH_BYTES);
        }
      });
    }
  }
  const tree = frontier;
  let added = Buffer.allocUnsafe(64 * 1024);
  let addedBytes = 0;
  const keep = (hash: TreeHash): void => {
    if (addedBytes === added.length) added = Buffer.concat([added], added.length * 2);
    added.write(hash, addedBytes, HASH_BYTES, "latin1");
    addedBytes += HASH_BYTES;
  };
  let flushed = tree.size;

  return {
    get size() {
      return tree.size;
    },
    add: (leaves) => {
      for (const leaf of leaves) tree.add(leaf, keep);
    },
    flush: (sync) =>
      withFile("update", async (fd) => {
        await writeAll(disk, fd, added, addedBytes, storedCount(flushed) * HASH_BYTES);
        addedBytes = 0;
        flushed = tree.size;
        if (sync) await disk.fdatasync(fd);
      }),
    hashAt,
    rootAt: (size) => (size === tree.size ? Promise.resolve(tree.root()) : rootAt(size, hashAt)),
  };
}

/** The leaves that a board's tree file holds, in order, unchecked; empty where there is none. */
export async function readLeaves(disk: Disk, folder: string, epoch: string): Promise<TreeHash[]> {
  let fd: number;
  try {
    fd = await disk.open(`${folder}/${epoch}.hashes`, "read");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return [];
    throw error;
  }
  try {
    const bytes = Buffer.alloc(await disk.size(fd));
    await readFully(disk, fd, bytes, 0, 0);
    const leaves: TreeHash[] = [];
    for (let index = 0; ; index++) {
      const at = storedAt({ level: 0, index }) * HASH_BYTES;
      if (at + HASH_BYTES > bytes.length) return leaves;
      leaves.push(bytes.toString("latin1", at, at + HASH_BYTES) as TreeHash);
    }
  } finally {
    await disk.close(fd);
  }
}
