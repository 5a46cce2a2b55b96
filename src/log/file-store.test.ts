import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { seq } from "../protocol/index.ts";
import { describeContract, draftOf, readAll } from "./contract.suite.ts";
import { nodeDisk } from "./disk.ts";
import { forkEpoch } from "./epochs.ts";
import { createFileStore } from "./file-store.ts";

/** Opens a store, appends, says what was acknowledged, and stays. */
const HOLDER = `
  const { createFileStore } = await import(${JSON.stringify(new URL("../../dist/log/index.js", import.meta.url).href)});
  const store = await createFileStore({ dir: process.argv[1] });
  const { log } = await store.open("b");
  const command = { type: "entry.put", key: "k", value: "1" };
  const draft = { at: 1, clock: 1, actor: "a", source: "cli", id: "i", command };
  console.log(JSON.stringify(await log.append([draft, { ...draft, id: "j" }])));
  setInterval(() => {}, 1000);
`;

const dirs: string[] = [];
async function freshDir(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "swarmboard-log-"));
  dirs.push(dir);
  return dir;
}
afterEach(async () => {
  for (const dir of dirs.splice(0)) await rm(dir, { recursive: true });
});

describeContract("segment files", async () => {
  const dir = await freshDir();
  return { open: (maxRecordBytes) => createFileStore({ dir, maxRecordBytes }), survivesStore: true };
});
describeContract("segment files that rotate all the time", async () => {
  const dir = await freshDir();
  return {
    open: (maxRecordBytes) => createFileStore({ dir, maxRecordBytes, segmentBytes: 1500, maxGroupBytes: 2000 }),
    survivesStore: true,
  };
});

describe("reading from the middle", () => {
  it("law L7: begins at any position of a long log, whether it was written, opened or read before", async () => {
    const dir = await freshDir();
    const value = `"${"x".repeat(9000)}"`;
    let store = await createFileStore({ dir, segmentBytes: 3_000_000 });
    let { log } = await store.open("b");
    for (let n = 0; n < 900; n += 30) await log.append(Array.from({ length: 30 }, (_, i) => draftOf(n + i + 1, value)));
    for (let round = 0; round < 3; round++) {
      for (const from of [900, 1, 333, 100, 650, 899, 334, 120]) {
        const clocks = (await readAll(log, from)).map((record) => record.clock);
        expect(clocks).toEqual(Array.from({ length: 901 - from }, (_, i) => from + i));
      }
      if (round > 0) continue;
      await store.close();
      store = await createFileStore({ dir });
      ({ log } = await store.open("b"));
    }
    await store.close();
  });
});

describe("a data directory", () => {
  it("law L1: is refused while another process has it, and has all it acknowledged once that one is killed", async () => {
    const dir = await freshDir();
    // Processes run what was built; scripts/test.mjs builds before it tests.
    const child = spawn(process.execPath, ["--input-type=module", "-e", HOLDER, dir], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [said] = (await once(child.stdout, "data")) as [Buffer];
    const held = JSON.parse(said.toString("utf8")) as unknown;
    await expect(createFileStore({ dir })).rejects.toThrow(new RegExp(`held by process ${child.pid}`));
    const gone = once(child, "exit");
    child.kill("SIGKILL");
    await gone;
    const store = await createFileStore({ dir });
    const { log, notices } = await store.open("b");
    expect(await readAll(log)).toEqual(held);
    expect(notices).toEqual([]);
    await store.close();
  });

  it("is refused when its format is newer, with a message that says what to do", async () => {
    const dir = await freshDir();
    await writeFile(join(dir, "meta.json"), '{"format":99}\n');
    await expect(createFileStore({ dir })).rejects.toThrow(/format 99.*upgrade/);
    await writeFile(join(dir, "meta.json"), '{"format":1}\n');
    await (await createFileStore({ dir })).close();
  });

  it("rule 7: a forked epoch goes on at its position, and the old ones stay named", async () => {
    const dir = await freshDir();
    let store = await createFileStore({ dir });
    let { log } = await store.open("b");
    await log.append([draftOf(1), draftOf(2)]);
    const old = log.epoch;
    await store.close();
    const epoch = await forkEpoch(nodeDisk, join(dir, "boards/b"), seq(3));
    store = await createFileStore({ dir });
    ({ log } = await store.open("b"));
    expect(log.epochs).toEqual([
      { epoch: old, firstSeq: 1 },
      { epoch, firstSeq: 3 },
    ]);
    expect(log.epoch).toBe(epoch);
    await log.append([draftOf(3)]);
    await store.close();
    store = await createFileStore({ dir });
    expect(await readAll((await store.open("b")).log)).toHaveLength(3);
    await store.close();
  });

  it("rule 16: keeps each board's secret readable for its owner only", async () => {
    const dir = await freshDir();
    const store = await createFileStore({ dir });
    await store.open("b");
    await store.close();
    expect(await readFile(join(dir, "boards/b/secret.key"), "utf8")).toMatch(/^[\w-]{43}\n$/);
    const fd = await nodeDisk.open(join(dir, "boards/b/secret.key"), "read");
    await nodeDisk.close(fd);
    const { mode } = await (await import("node:fs/promises")).stat(join(dir, "boards/b/secret.key"));
    expect(mode & 0o777).toBe(0o600);
  });

  it("never hands out a damaged snapshot as whole, and gives the one before", async () => {
    const dir = await freshDir();
    const store = await createFileStore({ dir });
    const { snapshots } = await store.open("b");
    for (const n of [3, 5]) await snapshots.write(seq(n), [{ head: `{"n":${n}}`, texts: ["1", '"é"'] }]);
    const path = join(dir, "boards/b/snapshots/0000000000000005.snapshot");
    const whole = await readFile(path);
    /** Where the newest that can be read to its end stands, and what was said on the way. */
    const newestReadable = async (): Promise<{ seq: number | undefined; problems: number }> => {
      const found = await snapshots.newest(seq(9));
      if (found.seq !== 5) return { seq: found.seq, problems: found.problems.length };
      try {
        for await (const part of found.parts) expect(part).toEqual({ head: '{"n":5}', texts: ["1", '"é"'] });
        return { seq: 5, problems: 0 };
      } catch {
        return { seq: (await snapshots.newest(seq(4))).seq, problems: 1 };
      }
    };
    expect(await newestReadable()).toEqual({ seq: 5, problems: 0 });
    for (let at = 0; at < whole.length; at++) {
      const damaged = Buffer.from(whole);
      damaged[at] = (damaged[at] ?? 0) ^ 4;
      await writeFile(path, damaged);
      expect(await newestReadable()).toEqual({ seq: 3, problems: 1 });
      await writeFile(path, whole.subarray(0, at));
      expect(await newestReadable()).toEqual({ seq: 3, problems: 1 });
    }
    await store.close();
  });
});
