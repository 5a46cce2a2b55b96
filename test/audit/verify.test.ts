import { cp, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { apply, createBoardState, digestOf } from "../../src/board/index.ts";
import {
  decodeRecord,
  evidenceOfBoard,
  parseCheckpoint,
  parseVerifier,
  verify,
  type Outside,
  type Replay,
} from "../../src/log/audit/index.ts";
import { rotate } from "../../src/log/audit/keeper.ts";
import { createFileStore } from "../../src/log/index.ts";
import { forged, linesOf, makeLog, type MadeLog } from "./logs.ts";

let log: MadeLog;
let dir: string;
beforeAll(async () => {
  log = await makeLog();
});
afterAll(() => log.remove());

const replay = (): Replay => {
  const state = createBoardState((text) => hash("sha256", text, "hex"));
  return {
    apply: (line) => void apply(state, decodeRecord(line, 0, line.length, false)),
    digest: () => digestOf(state),
  };
};
const look = async (outside: Outside, from = log.dir) =>
  verify(await evidenceOfBoard(from, "default"), outside, replay());
const key = (): Outside => ({ publicKey: parseVerifier(log.key)!.publicKey });
const kept = (text = log.middle): Outside => ({ checkpoint: parseCheckpoint(text)! });

async function altered(change: (lines: string[]) => string[] | void): Promise<string> {
  dir = await mkdtemp(join(tmpdir(), "swarmboard-altered-"));
  await cp(log.dir, dir, { recursive: true });
  const found = await linesOf(dir, "default");
  const lines = [...found.lines];
  await found.write(change(lines) ?? lines);
  return dir;
}
const texts = async (change: (lines: string[]) => string[] | void, outside = key()) => {
  const report = await look(outside, await altered(change));
  await rm(dir, { recursive: true });
  return report.findings.map(({ text }) => text.replace(/ \(\/.*\)$/, ""));
};

describe("audit verify on a data directory", () => {
  it("finds a sound log whole, with every signed state replayed, and says by what", async () => {
    const sound = { head: log.head, signedTo: log.head, records: log.head, findings: [], remarks: [] };
    expect(await look(key())).toMatchObject({ ...sound, anchored: true, digests: 3 });
    expect(await look(kept())).toMatchObject({ ...sound, anchored: true });
    expect(await look({ ...key(), ...kept() })).toMatchObject({ ...sound, anchored: true });
    expect(await look({})).toMatchObject({ ...sound, anchored: false });
  });

  it("says exactly which record was changed, removed, inserted, reordered or cut off", async () => {
    const change = (line: string) => forged(line, (_, payload) => payload.replace(`"n":`, `"N":`));
    expect(await texts((lines) => void (lines[10] = change(lines[10]!)))).toEqual([
      "record 11 was changed: it is not the one that was signed",
    ]);
    expect(await texts((lines) => void lines.splice(6, 1))).toEqual(["record 7 was removed"]);
    expect(await texts((lines) => void lines.splice(6, 3))).toEqual(["records 7 to 9 were removed"]);
    expect(await texts((lines) => void lines.splice(20, 0, lines[3]!))).toEqual([
      "record 4 stands there again after record 20",
    ]);
    expect(await texts((lines) => void lines.splice(20, 0, change(lines[10]!)))).toEqual([
      "a line was inserted after record 20: it is no record of this log",
    ]);
    expect(await texts((lines) => void lines.splice(40, 0, ...lines.splice(10, 1)))).toEqual([
      "record 11 was moved: it stands between the records 41 and 42",
    ]);
    const [gone, ...rest] = await texts((lines) => lines.slice(0, -4));
    expect(gone).toBe(
      `the log was cut off after record ${log.head - 4}: records ${log.head - 3} to ${log.head} are gone`,
    );
    expect(rest).toEqual([]);
  });

  it("is not deceived by numbers, hashes and checksums that were made to fit", async () => {
    const renumbered = (lines: string[]): string[] => {
      lines.splice(6, 1);
      return lines.map((line, i) => (i < 6 ? line : forged(line, (env, payload) => ((env["seq"] = i + 1), payload))));
    };
    for (const outside of [key(), kept(), kept(log.newest), {}]) {
      expect((await texts(renumbered, outside)).slice(0, 2)).toEqual([
        "record 7 was changed: it is not the one that was signed",
        "record 8 was changed: it is not the one that was signed",
      ]);
    }
  });

  it("tells a checkpoint that was kept from a history that was rewritten with the key", async () => {
    const other = await makeLog();
    const report = await look(kept(), other.dir);
    expect(report.findings[0]?.text).toContain("it is of another log");
    await other.remove();
  });

  it("follows a key to its successor, and takes no other", async () => {
    dir = await mkdtemp(join(tmpdir(), "swarmboard-altered-"));
    await cp(log.dir, dir, { recursive: true });
    const next = parseVerifier(await rotate(dir, "default"))!;
    for (const outside of [key(), { publicKey: next.publicKey }, {}]) {
      expect((await look(outside, dir)).findings).toEqual([]);
    }
    const other = await makeLog();
    const stranger = parseVerifier(other.key)!;
    await other.remove();
    expect((await look({ publicKey: stranger.publicKey }, dir)).findings[0]).toMatchObject({ kind: "key" });
    expect(await readdir(join(dir, "boards/default/keys"))).toEqual(["0001.note", "0002.note"]);
    await rm(dir, { recursive: true });
  });

  it("replays the log, and sees a state that is not the one that was signed", async () => {
    dir = await mkdtemp(join(tmpdir(), "swarmboard-altered-"));
    await cp(log.dir, dir, { recursive: true });
    await rm(join(dir, "boards/default/checkpoints"), { recursive: true });
    const store = await createFileStore({ dir });
    const { log: opened, proofs } = await store.open("default");
    await proofs!.sign(opened.head, "0".repeat(64));
    await store.close();
    expect((await look(key(), dir)).findings).toMatchObject([{ kind: "digest", seq: log.head }]);
    await rm(dir, { recursive: true });
  });

  it("sees a clock that goes back", async () => {
    const back = (line: string) => forged(line, (env, payload) => ((env["clock"] = 0), payload));
    const report = await look({}, await altered((lines) => void (lines[log.head - 1] = back(lines[log.head - 1]!))));
    expect(report.findings.map(({ kind }) => kind)).toContain("changed");
    // Behind all checkpoints only the record itself can tell.
    await rm(join(dir, "boards/default/checkpoints"), { recursive: true });
    await rm(join(dir, "boards/default/tree"), { recursive: true });
    const bare = await look({}, dir);
    expect(bare).toMatchObject({ signedTo: 0, head: log.head, findings: [{ kind: "time", seq: log.head }] });
    await rm(dir, { recursive: true });
  });
});
