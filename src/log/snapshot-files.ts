// Owns the snapshots of a board on disk: their names, how one is put in place, which stay and which is read.
// Does not own a file's bytes (snapshot-frames). Invariant: under its final name a snapshot is whole and synced; the
// newest two stay.

import { seq as toSeq } from "../protocol/index.ts";
import type { SnapshotStore } from "./contract.ts";
import type { Disk } from "./disk.ts";
import { problemOfHead, readParts, writeParts } from "./snapshot-frames.ts";

const NAME = /^(\d{16})\.snapshot$/;
const KEPT = 2;

/** Snapshots in a folder. Losing one loses nothing: each problem is told, and the one before it is tried. */
export function createSnapshotFiles(disk: Disk, folder: string): SnapshotStore {
  const nameOf = (seq: number): string => `${String(seq).padStart(16, "0")}.snapshot`;

  const listed = async (): Promise<number[]> => {
    const seqs: number[] = [];
    for (const name of await disk.list(folder)) {
      const found = NAME.exec(name);
      if (found !== null) seqs.push(Number(found[1]));
    }
    return seqs.sort((a, b) => b - a);
  };

  /** What a crash left of snapshots that were not finished. */
  const removeLeftovers = async (): Promise<void> => {
    for (const name of await disk.list(folder)) if (name.endsWith(".tmp")) await disk.unlink(`${folder}/${name}`);
  };

  return {
    write: async (seq, parts) => {
      const path = `${folder}/${nameOf(seq)}`;
      await removeLeftovers();
      const fd = await disk.open(`${path}.tmp`, "create");
      try {
        await writeParts(disk, fd, seq, parts);
        await disk.fdatasync(fd);
      } finally {
        await disk.close(fd);
      }
      await disk.rename(`${path}.tmp`, path);
      await disk.syncFolder(folder);
      for (const old of (await listed()).slice(KEPT)) await disk.unlink(`${folder}/${nameOf(old)}`);
    },
    discardNewerThan: async (head) => {
      const newer = (await listed()).filter((seq) => seq > head);
      for (const seq of newer) await disk.unlink(`${folder}/${nameOf(seq)}`);
      if (newer.length > 0) await disk.syncFolder(folder);
      return newer.map(toSeq);
    },
    discardOlderThan: async (seq) => {
      await removeLeftovers();
      const older = (await listed()).filter((one) => one < seq);
      for (const one of older) await disk.unlink(`${folder}/${nameOf(one)}`);
      await disk.syncFolder(folder);
    },
    newest: async (notAfter) => {
      const problems: string[] = [];
      for (const seq of await listed()) {
        if (seq > notAfter) continue;
        const path = `${folder}/${nameOf(seq)}`;
        const problem = await problemOfHead(disk, path, seq);
        if (problem === undefined) return { seq: toSeq(seq), parts: readParts(disk, path), problems };
        problems.push(`${path} was not used: ${problem}`);
      }
      return { seq: undefined, problems };
    },
  };
}
