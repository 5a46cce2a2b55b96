import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { digestOf } from "../../dist/board/index.js";
import {
  evidenceOfExport,
  type Outside,
  parseCheckpoint,
  parseVerifier,
  type Report,
  verify,
  verifyProof,
} from "../../dist/log/audit/index.js";
import { seq } from "../../src/protocol/index.ts";
import { audit, dieAt, fill, filesWith, merge, put, type Running, SECRET, start } from "./boards.ts";

const LEAVE = { retainBytes: 8000 };
let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "swarmboard-retention-"));
});
afterEach(() => rm(dir, { recursive: true }));

const folder = (): string => join(dir, "boards/default");
const archives = async (): Promise<string[]> =>
  (await readdir(join(folder(), "archive"))).sort().map((name) => join(folder(), "archive", name));
const auditArchive = async (path: string, outside: Outside = {}): Promise<Report> =>
  verify(await evidenceOfExport(path), outside);

async function keptOf(running: Running): Promise<Required<Omit<Outside, "checkpoints">>> {
  await running.board.signNow();
  const checkpoint = parseCheckpoint((await running.board.proofs!.checkpoint())!)!;
  return { checkpoint, publicKey: parseVerifier(await running.board.proofs!.verifierKey())!.publicKey };
}

/** A board whose log was cut, with its state's digest. */
async function cutBoard(): Promise<{
  running: Running;
  first: number;
  kept: Required<Omit<Outside, "checkpoints">>;
  early: Outside;
}> {
  const running = await start(dir);
  await fill(running, 40, "a");
  const early = { checkpoint: (await keptOf(running)).checkpoint };
  await fill(running, 40, "b");
  const kept = await keptOf(running);
  await fill(running, 5, "c");
  expect((await running.board.past.retain(LEAVE)).archived).toBeGreaterThan(3);
  return { running, first: running.board.past.first, kept, early };
}

describe("retention", () => {
  it("moves whole segments into archives, and the log says honestly where it begins (rule 15, L7)", async () => {
    const { first, ...made } = await cutBoard();
    let { running } = made;
    expect(first).toBeGreaterThan(30);
    const head = running.board.state.seq;
    const digest = digestOf(running.board.state);
    const all = await running.board.history({ limit: 500 });
    expect(all.first).toBe(first);
    expect(all.hits.at(-1)!.seq).toBe(first);
    expect(all.hits).toHaveLength(head - first + 1);
    await expect(async () => {
      for await (const _ of running.board.read(seq(first - 1)));
    }).rejects.toMatchObject({ code: "record_archived" });
    expect(await running.board.past.archiveOf(1)).toMatch(/^0{15}1-\d{16}\.jsonl\.gz$/);
    expect(await running.board.past.archiveOf(first)).toBeUndefined();
    expect(verifyProof((await running.board.proofs!.record(first))!, (await keptOf(running)).publicKey)).toMatchObject({
      ok: true,
      seq: first,
    });
    await running.close();
    running = await start(dir);
    expect(running.board.past.first).toBe(first);
    expect(digestOf(running.board.state)).toBe(digest);
    // The index of before knew what is archived now.
    expect((await running.board.history({ limit: 500 })).hits).toHaveLength(head - first + 1);
    await running.close();
  });

  it("keeps what every archive needs to verify by itself, against the key and a later checkpoint", async () => {
    const { running, kept, first } = await cutBoard();
    await running.close();
    let next = 1;
    for (const path of await archives()) {
      const alone = await auditArchive(path, { publicKey: kept.publicKey });
      expect(alone).toMatchObject({ findings: [], from: next, anchored: true, signedTo: alone.head });
      next = alone.head + 1;
      const ofAnother = await auditArchive(path, { publicKey: Buffer.alloc(32, 1) });
      expect(ofAnother.findings).not.toEqual([]);
    }
    expect(next).toBe(first);
  });

  it("goes on verifying as a whole: from #1 with the archives, from #F without, with what was kept at any time", async () => {
    const { running, kept, early, first } = await cutBoard();
    await running.close();
    for (const outside of [kept, early]) {
      const report = await audit(dir, outside);
      expect(report).toMatchObject({ findings: [], from: 1, anchored: true });
      expect(report.digests).toBeGreaterThan(1);
    }
    const [oldest] = await archives();
    await rm(oldest!);
    const partly = await audit(dir, kept);
    expect(partly).toMatchObject({ findings: [], anchored: true });
    expect(partly.from).toBeGreaterThan(1);
    await rm(join(folder(), "archive"), { recursive: true });
    const report = await audit(dir, kept);
    expect(report).toMatchObject({ findings: [], from: first, anchored: true });
    expect(report.remarks.join()).toContain(`records 1 to ${first - 1}`);
    // A log that lost its beginning without retention is found out.
    await rm(join(folder(), "cut.json"));
    expect((await audit(dir, kept)).findings).toContainEqual(expect.objectContaining({ kind: "removed", seq: 1 }));
  });

  it("refuses to start without the snapshot that a cut log needs, and says so", async () => {
    const { running, first } = await cutBoard();
    await running.close();
    await rm(join(folder(), "snapshots"), { recursive: true });
    await expect(start(dir)).rejects.toThrow(new RegExp(`snapshot of record ${first - 1} or later is needed`));
  });

  it("refuses to start where a segment is missing that retention did not take", async () => {
    const { running, first } = await cutBoard();
    await running.close();
    const [oldest] = (await readdir(join(folder(), "segments"))).sort();
    await rm(join(folder(), "segments", oldest!));
    await expect(start(dir)).rejects.toThrow(`records ${first} to`);
  });

  it("serves proofs of what it keeps although the tree's file is lost, and none of what is archived", async () => {
    const { first, kept, ...made } = await cutBoard();
    let { running } = made;
    await running.close();
    await rm(join(folder(), "tree"), { recursive: true });
    running = await start(dir);
    const head = running.board.state.seq;
    for (const position of [first, first + 1, head]) {
      const proof = await running.board.proofs!.record(position);
      expect(verifyProof(proof!, kept.publicKey)).toMatchObject({ ok: true, seq: position });
    }
    await expect(running.board.proofs!.record(1)).rejects.toThrow("archived");
    await fill(running, 60, "d");
    await running.board.signNow();
    expect((await running.board.past.retain(LEAVE)).archived).toBeGreaterThan(0);
    await running.close();
    expect(await audit(dir, kept)).toMatchObject({ findings: [], from: 1 });
  });

  it("goes by age, and removes archives whose time is over, the oldest first", async () => {
    let wall = 1_795_000_000_000;
    const timepieces = { wallMs: () => wall, monotonicMs: () => wall, after: () => () => {} };
    const running = await start(dir, { timepieces });
    await fill(running, 40, "old");
    wall += 10 * 86_400_000;
    await fill(running, 40, "new");
    const week = 7 * 86_400_000;
    const policy = { retainMs: week, archiveMs: 2 * week };
    expect(await running.board.past.retain({ retainMs: 30 * 86_400_000 })).toEqual({ archived: 0, expired: 0 });
    const { archived } = await running.board.past.retain(policy);
    expect(archived).toBeGreaterThan(1);
    const { hits } = await running.board.history({ limit: 500 });
    // Whole segments: what is left of the old ones shares a segment with what is new.
    expect(hits.filter(({ at }) => at < wall).length).toBeLessThan(15);
    expect(hits.filter(({ at }) => at === wall).length).toBe(40);
    wall += 5 * 86_400_000;
    expect(await running.board.past.retain(policy)).toMatchObject({ archived: 0, expired: archived });
    expect(await archives()).toEqual([]);
    expect(await running.board.past.archiveOf(1)).toBeUndefined();
    expect(await running.board.past.erase(2, { actor: "admin", source: "test" })).toEqual({
      ok: false,
      code: "record_archived",
    });
    await running.close();
  });

  it("finds every change of an archive: bits, bytes, lines dropped, doubled, swapped, and a cut (seeded)", async () => {
    const { running, kept } = await cutBoard();
    await running.close();
    const path = (await archives())[1]!;
    const packed = await readFile(path);
    let seed = 7;
    const random = (most: number): number => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff;
      return seed % most;
    };
    const lines = gunzipSync(packed).toString("utf8").split("\n").slice(0, -1);
    const isFound = async (bytes: Buffer, what: string): Promise<void> => {
      await writeFile(path, bytes);
      const alone = await auditArchive(path, kept).then(
        ({ findings }) => findings.length,
        () => 1,
      );
      expect([what, alone > 0]).toEqual([what, true]);
      expect([what, (await audit(dir, kept)).findings.length > 0]).toEqual([what, true]);
    };
    const packedAgain = (changed: readonly string[]): Buffer => gzipSync(`${changed.join("\n")}\n`);
    for (let round = 0; round < 150; round++) {
      const at = random(lines.length);
      const other = random(lines.length);
      const kind = round % 6;
      if (kind === 0) {
        // Bytes 4 to 9 of a gzip file are a date and a system's name: they say nothing about what is in it.
        const place = 10 + random(packed.length - 10);
        const bytes = Buffer.from(packed);
        bytes[place]! ^= 1 << random(8);
        await isFound(bytes, `bit flipped in byte ${place}`);
      } else if (kind === 1) {
        const line = lines[at]!;
        const place = random(line.length);
        const flipped = String.fromCharCode(line.charCodeAt(place) ^ 1);
        await isFound(
          packedAgain(lines.with(at, line.slice(0, place) + flipped + line.slice(place + 1))),
          `line ${at}`,
        );
      } else if (kind === 2) await isFound(packedAgain(lines.toSpliced(at, 1)), `dropped ${at}`);
      else if (kind === 3)
        await isFound(packedAgain(lines.toSpliced(at, 0, lines[other]!)), `inserted ${other} at ${at}`);
      else if (kind === 4 && at !== other) {
        await isFound(packedAgain(lines.with(at, lines[other]!).with(other, lines[at]!)), `swapped ${at} and ${other}`);
      } else if (kind === 5) await isFound(packed.subarray(0, 1 + random(packed.length - 1)), `cut, round ${round}`);
    }
    await writeFile(path, packed);
    expect((await audit(dir, kept)).findings).toEqual([]);
  });

  it("erases a record that is archived already, and what rests on it (rule 17)", async () => {
    const running = await start(dir);
    const secret = await running.send(put("user:7", { name: SECRET }), "id");
    await running.send(put("user:7", { name: SECRET }), "id");
    await running.send(merge("user:7", { city: "Köln" }));
    await fill(running, 80, "a");
    const kept = await keptOf(running);
    await fill(running, 3, "b");
    await running.board.past.retain(LEAVE);
    expect(running.board.past.first).toBeGreaterThan(secret);
    expect(await running.board.past.erase(secret, { actor: "admin", source: "test" })).toMatchObject({
      ok: true,
      erased: [secret + 1, secret],
    });
    expect(running.board.state.entries.get("user:7")).toMatchObject({ value: "null", erased: true });
    expect(await filesWith(dir, SECRET)).toEqual([]);
    await running.close();
    expect(await audit(dir, kept)).toMatchObject({ findings: [], from: 1, erased: 2 });
    const oldest = (await archives())[0]!;
    expect(await auditArchive(oldest, kept)).toMatchObject({ findings: [] });
  });

  it(
    "is whole again after kill -9 at every call to the disk while segments are moved",
    { timeout: 400_000, retry: 0 },
    async () => {
      const running = await start(dir);
      await fill(running, 14, "a");
      const kept = await keptOf(running);
      const digest = digestOf(running.board.state);
      await running.close();
      const firsts = new Set<number>();
      for (let at = 1; ; at++) {
        const copy = await mkdtemp(join(tmpdir(), "swarmboard-retention-kill-"));
        try {
          await cp(dir, copy, { recursive: true });
          const ended = await dieAt(copy, "retain", at);
          expect([at, (await audit(copy, kept)).findings]).toEqual([at, []]);
          const again = await start(copy);
          expect([at, digestOf(again.board.state)]).toEqual([at, digest]);
          firsts.add(again.board.past.first);
          await again.board.past.retain({ retainBytes: 1 });
          await again.close();
          expect([at, await audit(copy, kept)]).toMatchObject([at, { findings: [], from: 1 }]);
          if (ended) break;
        } finally {
          await rm(copy, { recursive: true });
        }
      }
      expect(firsts.size).toBeGreaterThan(1);
    },
  );
});
