import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { digestOf } from "../../dist/board/index.js";
import { parseCheckpoint, parseVerifier } from "../../dist/log/audit/index.js";
import { createFailingDisk } from "../../src/log/failing-disk.suite.ts";
import { audit, dieAt, filesBelow, fill, filesWith, merge, put, replay, SECRET, start } from "./boards.ts";

const ORDER = { actor: "admin", source: "test", reason: "asked for" };
let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "swarmboard-erasure-"));
});
afterEach(() => rm(dir, { recursive: true }));

describe("rule 17: erasing the values of a record", () => {
  it("leaves none of their bytes in the data folder, and a log that verifies as before, with what was kept outside", async () => {
    let running = await start(dir);
    await fill(running, 30, "before");
    const secret = await running.send(put("user:7", { name: SECRET }), "x");
    expect(await running.send(put("user:7", { name: SECRET }), "x")).toBe(secret);
    await running.send(merge("user:7", { city: "Köln" }));
    await fill(running, 30, "after");
    await running.board.signNow();
    const kept = parseCheckpoint((await running.board.proofs!.checkpoint())!)!;
    const key = parseVerifier(await running.board.proofs!.verifierKey())!.publicKey;
    await running.close();
    expect(await audit(dir, { checkpoint: kept, publicKey: key })).toMatchObject({ findings: [], erased: 0 });
    running = await start(dir, { snapshotPolicy: { minRecords: 1, minRecordsOnClose: 1 } });
    await fill(running, 2, "snapshot");
    // The index knows the record before it is erased, and finds it at the same place afterwards.
    expect((await running.board.history({ name: "user:7" })).hits).toHaveLength(2);
    expect((await filesWith(dir, SECRET)).length).toBeGreaterThan(1);

    const outcome = await running.board.past.erase(secret, ORDER);
    expect(outcome).toMatchObject({ ok: true, erased: [secret + 1, secret] });
    expect(running.board.state.entries.get("user:7")).toMatchObject({ value: "null", erased: true, rev: 3 });
    expect(await filesWith(dir, SECRET)).toEqual([]);
    const { hits } = await running.board.history({ name: "user:7" });
    expect(hits.map(({ command }) => command.type)).toEqual(["record.erase", "entry.merge", "entry.put"]);
    expect(hits[2]).toMatchObject({ seq: secret, erased: true, command: { value: "null" } });
    expect(hits[1]!.erased).toBeUndefined();
    expect(await running.board.proofs!.record(secret)).toContain("c2sp.org/tlog-proof");
    expect(await running.board.past.erase(secret, ORDER)).toEqual({ ok: false, code: "already_erased" });
    // Written anew, the key has a value as any other.
    await running.send(put("user:7", { name: "another" }));
    expect(running.board.state.entries.get("user:7")).toMatchObject({ erased: false, rev: 4 });
    const digest = digestOf(running.board.state);
    expect(digestOf(await replay(running.board))).toBe(digest);
    await running.close();
    expect(await filesWith(dir, SECRET)).toEqual([]);
    const report = await audit(dir, { checkpoint: kept, publicKey: key });
    expect(report).toMatchObject({ findings: [], erased: 2, redacted: 0 });
    expect(report.digests).toBeGreaterThan(1);
    running = await start(dir);
    expect(digestOf(running.board.state)).toBe(digest);
    await running.close();
  });

  it("ends what rests on the value, and nothing that does not", async () => {
    const running = await start(dir);
    const a = await running.send(put("a", { secret: SECRET }));
    await running.send(put("a", { clean: true }));
    const b = await running.send(put("b", { first: 1 }));
    const patched = await running.send(merge("b", { secret: SECRET }));
    const c = await running.send(put("c", { secret: SECRET }));
    await running.send(merge("c", ["whole"]));
    const batch = await running.send({
      type: "batch",
      commands: [put("d", SECRET), put("e", SECRET), { type: "entry.delete", key: "b" }].slice(0, 2) as never,
    });
    for (const seq of [a, patched, c, batch])
      expect(await running.board.past.erase(seq, ORDER)).toMatchObject({ ok: true });
    const { entries } = running.board.state;
    expect(entries.get("a")).toMatchObject({ value: '{"clean":true}', erased: false });
    expect(entries.get("b")).toMatchObject({ value: "null", erased: true });
    expect(entries.get("c")).toMatchObject({ value: '["whole"]', erased: false });
    expect(entries.get("d")).toMatchObject({ value: "null", erased: true });
    expect(await filesWith(dir, SECRET)).toEqual([]);
    expect(digestOf(await replay(running.board))).toBe(digestOf(running.board.state));
    // A merge over an erased value leaves it erased; one that replaces all of it does not.
    await running.send(merge("b", { more: 1 }));
    expect(entries.get("b")).toMatchObject({ value: "null", erased: true });
    await running.send(merge("b", 5));
    expect(entries.get("b")).toMatchObject({ value: "5", erased: false });
    expect(b).toBeLessThan(patched);
    await running.close();
  });

  it("goes on alike live and replayed, whatever is written meanwhile: merges that grow too large, repeats, other keys", async () => {
    const running = await start(dir);
    const large = (name: string): object => ({ [name]: name.repeat(600_000) });
    const secret = await running.send(put("big", { ...large("s"), secret: SECRET }), "once");
    // Refused before the erasure, while it is planned, and right before its record: the value under them is too large.
    await running.send(merge("big", large("a")));
    const pending: Promise<number>[] = [];
    let isOver = false;
    const writers = ["b", "c", "d"].map(async (name) => {
      for (let n = 0; n < 12 && !isOver; n++) {
        pending.push(running.send(merge("big", large(name))), running.send(put(`other:${name}`, n)));
        if (n < 2) pending.push(running.send(put("big", { ...large("s"), secret: SECRET }), "once"));
        await pending.at(-1);
      }
    });
    let outcome = await running.board.past.erase(secret, ORDER);
    for (let n = 0; n < 5 && !outcome.ok; n++) outcome = await running.board.past.erase(secret, ORDER);
    isOver = true;
    await Promise.all([...writers, ...pending]);
    expect(outcome).toMatchObject({ ok: true });
    expect(digestOf(await replay(running.board))).toBe(digestOf(running.board.state));
    const live = [...running.board.state.entries.values()].map(({ key, value, rev, erased }) => [
      key,
      value,
      rev,
      erased,
    ]);
    const again = (await replay(running.board)).entries;
    expect([...again.values()].map(({ key, value, rev, erased }) => [key, value, rev, erased])).toEqual(live);
    await running.close();
  });

  it("refuses with a code what cannot be erased, and changes nothing", async () => {
    const running = await start(dir);
    const note = await running.send({ type: "audit.note", event: "x" });
    const before = running.board.state.seq;
    expect(await running.board.past.erase(note, ORDER)).toEqual({ ok: false, code: "not_erasable" });
    expect(await running.board.past.erase(note + 1, ORDER)).toEqual({ ok: false, code: "no_such_record" });
    expect(running.board.state.seq).toBe(before);
    await running.close();
    expect(await running.board.past.erase(note, ORDER)).toEqual({ ok: false, code: "shutting_down" });
  });

  it(
    "ends by itself, or when it is asked for again, after any one call to the disk failed",
    { timeout: 120_000 },
    async () => {
      const seed = await start(dir);
      await fill(seed, 12, "before");
      const secret = await seed.send(put("user:7", { name: SECRET }));
      await fill(seed, 3, "after");
      await seed.close();
      let failed = 0;
      for (let at = 1; ; at++) {
        const copy = await mkdtemp(join(tmpdir(), "swarmboard-erasure-fail-"));
        try {
          await cp(dir, copy, { recursive: true });
          let failAt = Infinity;
          const { disk, calls } = createFailingDisk((_, number) => (number === failAt ? "fail" : undefined));
          const running = await start(copy, {}, disk);
          failAt = calls() + at;
          const first = await running.board.past.erase(secret, ORDER);
          const isOver = first.ok && calls() < failAt;
          if (!first.ok) failed++;
          failAt = Infinity;
          let outcome = first;
          for (let n = 0; n < 50 && !outcome.ok && outcome.code !== "already_erased"; n++) {
            await new Promise((resolve) => setTimeout(resolve, 50));
            outcome = await running.board.past.erase(secret, ORDER);
          }
          expect([at, outcome.ok || outcome.code]).toEqual([at, outcome.ok ? true : "already_erased"]);
          expect([at, await filesWith(copy, SECRET)]).toEqual([at, []]);
          expect([at, digestOf(await replay(running.board))]).toEqual([at, digestOf(running.board.state)]);
          await running.close();
          expect([at, (await audit(copy)).findings]).toEqual([at, []]);
          if (isOver) break;
        } finally {
          await rm(copy, { recursive: true });
        }
      }
      expect(failed).toBeGreaterThan(20);
    },
  );

  it(
    "is whole again after kill -9 at every call to the disk: recorded and gone, or neither",
    { timeout: 240_000, retry: 0 },
    async () => {
      const running = await start(dir);
      await fill(running, 12, "before");
      const secret = await running.send(put("user:7", { name: SECRET }));
      await fill(running, 3, "after");
      await running.close();
      let recorded = 0;
      let untouched = 0;
      for (let at = 1; ; at++) {
        const copy = await mkdtemp(join(tmpdir(), "swarmboard-erasure-kill-"));
        try {
          await cp(dir, copy, { recursive: true });
          const ended = await dieAt(copy, "erase", at, secret);
          const again = await start(copy);
          const isErased = again.board.state.entries.get("user:7")!.erased === true;
          expect([at, digestOf(await replay(again.board))]).toEqual([at, digestOf(again.board.state)]);
          expect([at, (await filesWith(copy, SECRET)).length === 0]).toEqual([at, isErased]);
          expect([at, (await filesBelow(copy)).filter((path) => path.endsWith("erasing.json"))]).toEqual([at, []]);
          await again.close();
          expect([at, (await audit(copy)).findings]).toEqual([at, []]);
          if (isErased) recorded++;
          else untouched++;
          if (ended) break;
        } finally {
          await rm(copy, { recursive: true });
        }
      }
      expect(recorded).toBeGreaterThan(10);
      expect(untouched).toBeGreaterThan(5);
      console.log(`killed at ${recorded + untouched - 1} calls: ${untouched} before the record, ${recorded} behind it`);
    },
  );
});
