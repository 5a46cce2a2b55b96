import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, readlink, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { LockedError, takeLock } from "./process-lock.ts";

let dir = "";
let path = "";
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "swarmboard-lock-"));
  path = join(dir, "lock");
});
afterEach(() => rm(dir, { recursive: true }));

describe("the lock of a data directory", () => {
  it("keeps a second taker out and names the holder, until it is released", async () => {
    const lock = await takeLock(path);
    await expect(takeLock(path)).rejects.toThrow(new LockedError(path, process.pid));
    await lock.release();
    await (await takeLock(path)).release();
    await expect(readFile(path)).rejects.toMatchObject({ code: "ENOENT" });
  });

  it("holds against a living process, and is taken over from a killed one", async () => {
    // A real process that is alive; its lock is written the way takeLock would write it there.
    const child = spawn(process.execPath, ["-e", "console.log(1); setInterval(() => {}, 1000)"], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(child.stdout, "data");
    const pid = child.pid!;
    const bootId = (await readFile("/proc/sys/kernel/random/boot_id", "utf8")).trim();
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    const startedAt = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
    await writeFile(path, JSON.stringify({ pid, bootId, startedAt, namespace: await readlink("/proc/self/ns/pid") }));
    await expect(takeLock(path)).rejects.toMatchObject({ name: "LockedError", pid });
    const gone = once(child, "exit");
    child.kill("SIGKILL");
    await gone;
    await (await takeLock(path)).release();
  });

  it("is not fooled by a pid that another process has since, or by an earlier boot", async () => {
    const own = await takeLock(path);
    const held = JSON.parse(await readFile(path, "utf8")) as Record<string, unknown>;
    await own.release();
    for (const stale of [
      { ...held, startedAt: "1" },
      { ...held, bootId: "another" },
      { ...held, pid: 4_194_303, startedAt: "" },
      7,
    ]) {
      await writeFile(path, JSON.stringify(stale));
      await (await takeLock(path)).release();
    }
    await writeFile(path, "");
    await (await takeLock(path)).release();
  });

  it("of another container holds as long as it is touched, and is taken over once it is quiet", async () => {
    const timing = { beatMs: 20, quietMs: 300 };
    const own = await takeLock(path, timing);
    const held = JSON.parse(await readFile(path, "utf8")) as Record<string, unknown>;
    // Written in place: the holder's beats go on touching it.
    await writeFile(path, JSON.stringify({ ...held, namespace: "pid:[1]" }));
    await expect(takeLock(path, timing)).rejects.toMatchObject({ name: "LockedError" });
    await own.release();
    await (await takeLock(path, timing)).release();
  });
});
