import { execFile } from "node:child_process";
import { cp, mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import type { LogRecord } from "../protocol/index.ts";
import { draftOf, readAll } from "./contract.suite.ts";
import { openBoardFolder } from "./board-folder.ts";
import { LogCorruptError, LogError, type BoardLog } from "./contract.ts";
import { nodeDisk, type Disk } from "./disk.ts";
import { createFailingDisk, type FailingCall } from "./failing-disk.suite.ts";
import { createFileStore } from "./file-store.ts";
import { readRecords } from "./segment-reader.ts";

const run = promisify(execFile);
const dirs: string[] = [];
async function freshDir(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "swarmboard-faults-"));
  dirs.push(dir);
  return dir;
}
afterEach(async () => {
  for (const dir of dirs.splice(0)) await rm(dir, { recursive: true, force: true });
});

const SEGMENTS = "boards/b/segments";
const segmentsOf = async (dir: string): Promise<string[]> =>
  (await readdir(join(dir, SEGMENTS))).sort().map((name) => join(dir, SEGMENTS, name));

/** Syncs change nothing for a reader in the same machine's life, and thousands of them take long. */
const UNSYNCED: Disk = { ...nodeDisk, fdatasync: () => Promise.resolve(), syncFolder: () => Promise.resolve() };

/** Open a board's folder and read everything. */
async function reopened(dir: string): Promise<{ records: LogRecord[]; notices: readonly string[] }> {
  const { found } = await openBoardFolder(UNSYNCED, join(dir, "boards/b"));
  const records: LogRecord[] = [];
  for await (const batch of readRecords({ disk: UNSYNCED, segments: found.segments, from: 1, head: found.head })) {
    records.push(...batch);
  }
  expect(records).toHaveLength(found.head);
  return { records, notices: found.notices };
}

async function filled(dir: string, records: number, segmentBytes = 1 << 20): Promise<LogRecord[]> {
  const store = await createFileStore({ dir, segmentBytes });
  const { log } = await store.open("b");
  const kept: LogRecord[] = [];
  for (let n = 1; n <= records; n++) kept.push(...(await log.append([draftOf(n, `"é${n}"`)])));
  await store.close();
  return kept;
}

describe("a torn or damaged log", () => {
  it("is cut back to the last whole record, wherever its end is torn, and goes on from there", async () => {
    const dir = await freshDir();
    const kept = await filled(dir, 4);
    const [path] = await segmentsOf(dir);
    const whole = await readFile(path!);
    const ends = [...whole.entries()].filter(([, byte]) => byte === 0x0a).map(([at]) => at + 1);
    // Every byte of the last two records, as if one write of both had been cut off there.
    for (let bytes = ends[2]!; bytes < whole.length; bytes++) {
      await writeFile(path!, whole.subarray(0, bytes));
      const sound = ends.filter((end) => end <= bytes).length - 1;
      const torn = bytes - ends[sound]!;
      const found = await reopened(dir);
      expect(found.records).toEqual(kept.slice(0, sound));
      expect(found.notices).toHaveLength(torn === 0 ? 0 : 1);
      if (torn > 0) expect(found.notices[0]).toContain(`torn tail of ${torn} bytes after record ${sound}`);
    }
    const store = await createFileStore({ dir });
    const { log } = await store.open("b");
    await log.append([draftOf(9)]);
    await store.close();
    expect((await reopened(dir)).records.map((record) => record.clock)).toEqual([1, 2, 3, 9]);
  }, 60_000);

  it("rule 8: a flipped bit anywhere is found and named, and the log is left as it is", async () => {
    const dir = await freshDir();
    const kept = await filled(dir, 4, 900);
    const segments = await segmentsOf(dir);
    expect(segments).toHaveLength(2);
    for (const path of segments) {
      const whole = await readFile(path);
      for (let at = 0; at < whole.length; at++) {
        const damaged = Buffer.from(whole);
        damaged[at] = (damaged[at] ?? 0) ^ (1 << (at % 8));
        await writeFile(path, damaged);
        // Older segments are read in full only when they are read; until then nothing of them is handed out.
        const error: unknown = await reopened(dir).then(
          (found) => new Error(`read ${found.records.length} records, ${found.notices.join()}`),
          (caught: unknown) => caught,
        );
        expect(error, `bit ${at % 8} of byte ${at} of ${path}`).toBeInstanceOf(LogCorruptError);
        expect((error as LogCorruptError).at.file).toContain(SEGMENTS);
        expect(await readFile(path)).toEqual(damaged);
      }
      await writeFile(path, whole);
    }
    expect((await reopened(dir)).records).toEqual(kept);
  }, 60_000);

  it("refuses to open when a segment is missing in the middle, or was cut short", async () => {
    const dir = await freshDir();
    await filled(dir, 8, 900);
    const segments = await segmentsOf(dir);
    const copy = join(await freshDir(), "copy");
    await cp(dir, copy, { recursive: true });
    const [, second] = await segmentsOf(copy);
    await rm(second!);
    await expect(reopened(copy)).rejects.toThrow(/records \d+ to \d+ are missing/);
    const bytes = (await readFile(segments[1]!)).length;
    await truncate(segments[1]!, bytes - 1);
    await expect(reopened(dir)).rejects.toThrow(LogCorruptError);
  });

  it("removes a segment that a crash left without a header", async () => {
    const dir = await freshDir();
    const kept = await filled(dir, 3);
    await writeFile(join(dir, SEGMENTS, "0000000000000004.jsonl"), '{"crc":"0000');
    await writeFile(join(dir, SEGMENTS, "0000000000000004.jsonl.tmp"), "x");
    const found = await reopened(dir);
    expect(found.records).toEqual(kept);
    expect(found.notices).toEqual([expect.stringContaining("never used")]);
  });
});

/** What became of each append. */
interface Fates {
  readonly resolved: LogRecord[];
  readonly indeterminate: Set<number>;
  readonly refused: Set<number>;
}

/** Append `count` drafts, in groups, retrying nothing. */
async function appendAll(log: BoardLog, count: number, together: number): Promise<Fates> {
  const fates: Fates = { resolved: [], indeterminate: new Set(), refused: new Set() };
  for (let n = 1; n <= count; n += together) {
    await Promise.all(
      Array.from({ length: together }, async (_, i) => {
        try {
          fates.resolved.push(...(await log.append([draftOf(n + i)])));
        } catch (error) {
          expect(error).toBeInstanceOf(LogError);
          const { code } = error as LogError;
          expect(["indeterminate", "log_unavailable"]).toContain(code);
          (code === "indeterminate" ? fates.indeterminate : fates.refused).add(n + i);
        }
      }),
    );
    if (!log.health.writable) await new Promise((resolve) => setTimeout(resolve, 3));
  }
  return fates;
}

/** Law L1 over what a log gives back: all that resolved, nothing that was refused, nothing twice, no gap. */
function expectKept(records: readonly LogRecord[], fates: Fates): void {
  expect(records.map((record) => record.seq)).toEqual(records.map((_, i) => i + 1));
  const bySeq = new Map(records.map((record) => [record.seq, record]));
  for (const record of fates.resolved) expect(bySeq.get(record.seq)).toEqual(record);
  const clocks = records.map((record) => record.clock);
  expect(new Set(clocks).size).toBe(clocks.length);
  for (const clock of clocks) expect(fates.refused.has(clock)).toBe(false);
}

/** A small file system of our own, or undefined where this process may not make one. */
async function mountSmall(dir: string): Promise<(() => Promise<unknown>) | undefined> {
  try {
    await run("mount", ["-t", "tmpfs", "-o", "size=1m", "none", dir]);
    return () => run("umount", [dir]);
  } catch {
    return undefined;
  }
}

describe("a disk that is really full", () => {
  it("law L1, rule 5: keeps what was acknowledged, refuses the rest, and goes on once there is room", async (context) => {
    const dir = await freshDir();
    const unmount = await mountSmall(dir);
    if (unmount === undefined) {
      context.skip("mounting a small file system needs root");
      return;
    }
    try {
      const store = await createFileStore({ dir, retryMs: { first: 5, most: 10 } });
      const { log } = await store.open("b");
      await writeFile(join(dir, "ballast"), Buffer.alloc(200_000));
      const value = `"${"x".repeat(20_000)}"`;
      const kept: LogRecord[] = [];
      let code = "";
      for (let n = 1; n < 100 && code === ""; n++) {
        try {
          kept.push(...(await log.append([draftOf(n, value)])));
        } catch (error) {
          ({ code } = error as LogError);
        }
      }
      expect(["indeterminate", "log_unavailable"]).toContain(code);
      expect(kept.length).toBeGreaterThan(10);
      await expect(log.append([draftOf(200)])).rejects.toMatchObject({ code: "log_unavailable" });
      expect((await readAll(log)).slice(0, kept.length)).toEqual(kept);
      await rm(join(dir, "ballast"));
      await expect.poll(() => log.health.writable).toBe(true);
      kept.push(...(await log.append([draftOf(300)])));
      await store.close();
      expect((await reopened(dir)).records).toEqual(kept);
    } finally {
      await unmount();
    }
  });
});

describe("a failing disk", () => {
  const runOn = async (disk: Disk, together: number): Promise<void> => {
    const dir = await freshDir();
    const store = await createFileStore({ dir, disk, segmentBytes: 1200, retryMs: { first: 1, most: 4 } });
    let fates: Fates;
    try {
      const { log } = await store.open("b");
      fates = await appendAll(log, 12, together);
      expectKept(await readAll(log), fates);
    } finally {
      await store.close();
    }
    expectKept((await reopened(dir)).records, fates);
  };

  it("law L1, rule 5: whichever single call fails, whatever was acknowledged is kept, once", async () => {
    for (const verdict of ["fail", "part", "short"] as const) {
      for (let failing = 1; ; failing++) {
        const { disk, calls } = createFailingDisk((_, number) => (number === failing ? verdict : undefined));
        try {
          await runOn(disk, 3);
        } catch (error) {
          // Opening itself may fail, with the disk's own error; nothing was acknowledged then.
          expect((error as { code?: string }).code).toBe("EIO");
        }
        if (calls() < failing) break;
      }
    }
  }, 60_000);

  it("law L1, rule 5: the same for any run of failures of any kind", async () => {
    const calls: readonly FailingCall[] = ["open", "write", "fdatasync", "syncFolder", "rename", "truncate"];
    await fc.assert(
      fc.asyncProperty(
        fc.subarray([...calls], { minLength: 1 }),
        fc.integer({ min: 20, max: 60 }),
        fc.integer({ min: 1, max: 12 }),
        fc.constantFrom("fail" as const, "part" as const, "short" as const),
        fc.integer({ min: 1, max: 4 }),
        async (kinds, from, length, verdict, together) => {
          const { disk } = createFailingDisk((call, number) =>
            kinds.includes(call) && number >= from && number < from + length ? verdict : undefined,
          );
          try {
            await runOn(disk, together);
          } catch (error) {
            if ((error as { code?: string }).code !== "EIO") throw error;
          }
        },
      ),
      { numRuns: 40 },
    );
  }, 60_000);

  it("rule 5: says that it cannot write, goes on reading, and recovers by itself", async () => {
    const dir = await freshDir();
    let full = false;
    const { disk } = createFailingDisk((call) => (full && call === "write" ? "part" : undefined), "ENOSPC");
    const store = await createFileStore({ dir, disk, retryMs: { first: 5, most: 10 } });
    const { log } = await store.open("b");
    const kept = await log.append([draftOf(1)]);
    full = true;
    await expect(log.append([draftOf(2)])).rejects.toMatchObject({ code: "indeterminate" });
    expect(log.health).toEqual({ writable: false, reason: expect.stringContaining("ENOSPC") });
    await expect(log.append([draftOf(3)])).rejects.toMatchObject({ code: "log_unavailable" });
    expect(await readAll(log)).toEqual(kept);
    full = false;
    await expect.poll(() => log.health.writable).toBe(true);
    await log.append([draftOf(4)]);
    expect((await readAll(log)).map((record) => record.clock)).toEqual([1, 4]);
    await store.close();
    expect((await reopened(dir)).records.map((record) => record.clock)).toEqual([1, 4]);
  });

  it("rule 5: whole records of a failed sync are kept once they are synced elsewhere", async () => {
    const dir = await freshDir();
    let failures = 0;
    const { disk } = createFailingDisk((call) => (call === "fdatasync" && failures-- > 0 ? "fail" : undefined));
    const store = await createFileStore({ dir, disk });
    const { log } = await store.open("b");
    await log.append([draftOf(1)]);
    failures = 1;
    await expect(log.append([draftOf(2), draftOf(3)])).rejects.toMatchObject({ code: "indeterminate" });
    expect(log.health.writable).toBe(true);
    expect(log.head).toBe(3);
    await log.append([draftOf(4)]);
    expect((await readAll(log)).map((record) => record.clock)).toEqual([1, 2, 3, 4]);
    expect(await segmentsOf(dir)).toHaveLength(2);
    await store.close();
    expect((await reopened(dir)).records.map((record) => record.clock)).toEqual([1, 2, 3, 4]);
  });
});
