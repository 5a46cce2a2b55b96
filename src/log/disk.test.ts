// The disk: what its calls do beyond the system's own.

import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { nodeDisk } from "./disk.ts";

describe("making a folder", () => {
  it("makes those above it, and finds them there the next time", async () => {
    const dir = await mkdtemp(join(tmpdir(), "swarmboard-disk-"));
    try {
      const deep = join(dir, "a", "b", "c");
      await nodeDisk.makeFolder(deep);
      await nodeDisk.makeFolder(deep);
      expect((await stat(deep)).isDirectory()).toBe(true);
    } finally {
      await rm(dir, { recursive: true });
    }
  });

  it("fails where a file is in the way", async () => {
    const dir = await mkdtemp(join(tmpdir(), "swarmboard-disk-"));
    try {
      await writeFile(join(dir, "file"), "");
      await expect(nodeDisk.makeFolder(join(dir, "file"))).rejects.toMatchObject({ code: "EEXIST" });
      await expect(nodeDisk.makeFolder(join(dir, "file", "below"))).rejects.toMatchObject({ code: "ENOTDIR" });
    } finally {
      await rm(dir, { recursive: true });
    }
  });

  it.runIf(process.platform === "linux")(
    "L6: fails, and does not try for ever, where nothing can be made",
    async () => {
      await expect(nodeDisk.makeFolder("/proc/swarmboard/boards")).rejects.toMatchObject({ code: "ENOENT" });
    },
  );
});
