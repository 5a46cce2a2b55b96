// Owns a disk for tests: the real one, but any chosen call fails, or takes fewer bytes than it was given.
// Does not own when; the test counts calls.

import { nodeDisk, type Disk } from "./disk.ts";

export type FailingCall = "open" | "write" | "fdatasync" | "syncFolder" | "rename" | "truncate";

export interface FailingDisk {
  readonly disk: Disk;
  /** Calls of the kinds that can fail, so far. */
  readonly calls: () => number;
}

/** `decide` is asked before each call: "fail" it, write "part" of it and fail, write it "short", or let it be. */
export function createFailingDisk(
  decide: (call: FailingCall, number: number) => "fail" | "part" | "short" | undefined,
  code = "EIO",
): FailingDisk {
  let number = 0;
  const failure = (call: string): Error => Object.assign(new Error(`${code}: injected at ${call}`), { code });
  const gate = async <T>(call: FailingCall, run: () => Promise<T>): Promise<T> => {
    const verdict = decide(call, ++number);
    if (verdict === "fail" || verdict === "part") throw failure(call);
    return run();
  };
  const disk: Disk = {
    ...nodeDisk,
    open: (path, how, mode) => gate("open", () => nodeDisk.open(path, how, mode)),
    fdatasync: (fd) => gate("fdatasync", () => nodeDisk.fdatasync(fd)),
    syncFolder: (path) => gate("syncFolder", () => nodeDisk.syncFolder(path)),
    rename: (from, to) => gate("rename", () => nodeDisk.rename(from, to)),
    truncate: (fd, bytes) => gate("truncate", () => nodeDisk.truncate(fd, bytes)),
    write: async (fd, from, offset, length, position) => {
      const verdict = decide("write", ++number);
      if (verdict === "fail") throw failure("write");
      if (verdict === undefined) return nodeDisk.write(fd, from, offset, length, position);
      const wrote = await nodeDisk.write(fd, from, offset, Math.max(1, length >> 1), position);
      if (verdict === "part") throw failure("write");
      return wrote;
    },
  };
  return { disk, calls: () => number };
}
