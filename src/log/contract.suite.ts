// Owns the suite that every implementation of the log contract passes.
// Does not own what only one of them does (torn files, locks, failing disks).

import { describe, expect, it } from "vitest";
import {
  commandId,
  seq,
  type Command,
  type Draft,
  type JsonText,
  type LogRecord,
  type SnapshotPart,
} from "../protocol/index.ts";
import type { BoardLog, Store } from "./contract.ts";

/** A draft of our own making; `n` names it. */
export function draftOf(n: number, value = `{"n":${n}}`): Draft {
  const command: Command = { type: "entry.put", key: `key/${n}`, value: value as JsonText };
  return { at: 1_790_000_000_000 + n, clock: n, actor: "agent-α", source: "http", id: commandId(`id-${n}`), command };
}

/** All durable records from a position on. */
export async function readAll(log: BoardLog, from = 1): Promise<LogRecord[]> {
  const records: LogRecord[] = [];
  for await (const batch of log.read(seq(from))) records.push(...batch);
  return records;
}

async function partsOf(parts: AsyncIterable<SnapshotPart>): Promise<SnapshotPart[]> {
  const all: SnapshotPart[] = [];
  for await (const part of parts) all.push(part);
  return all;
}

/** Values whose text must come back byte for byte (rule 19). */
const PECULIAR = [
  "12345678901234567890",
  "1.50e+3",
  "-0",
  '"\u2028\u2029 é 😀"',
  '"\\u0041\\ud83d\\ude00\\n"',
  '{"__proto__":{"x":1},"constructor":null,"a":1,"a":2}',
  '["]}}\\"","{\\"cut\\":[1]}"]',
  "null",
];

export interface SuiteSubject {
  /** A store over one place; opening it again gives what the one before left. At most `maxRecordBytes` a record. */
  readonly open: (maxRecordBytes: number) => Promise<Store>;
  /** Whether a second store sees what the first left, or memory ends with its store. */
  readonly survivesStore: boolean;
}

/** Define the suite for one implementation. `subject` makes a fresh, empty place for each test. */
export function describeContract(name: string, subject: () => Promise<SuiteSubject>): void {
  const MAX = 4096;

  describe(`the log contract: ${name}`, () => {
    it("law L7: positions are 1, 2, 3, … in the order of the calls, without a gap", async () => {
      const store = await (await subject()).open(MAX);
      const { log } = await store.open("b");
      expect([log.head, log.first]).toEqual([0, 1]);
      const batches = await Promise.all(
        Array.from({ length: 60 }, (_, i) => log.append([draftOf(3 * i), draftOf(3 * i + 1), draftOf(3 * i + 2)])),
      );
      const records = batches.flat();
      expect(records.map((record) => record.seq)).toEqual(records.map((_, i) => i + 1));
      expect(records.map((record) => record.clock)).toEqual(records.map((_, i) => i));
      expect(log.head).toBe(180);
      expect(await readAll(log)).toEqual(records);
      expect(await readAll(log, 100)).toEqual(records.slice(99));
      expect(await readAll(log, 181)).toEqual([]);
      await store.close();
    });

    it("law L1: what an append resolved with is readable at once, also while others append", async () => {
      const store = await (await subject()).open(MAX);
      const { log } = await store.open("b");
      const writers = Array.from({ length: 8 }, async (_, writer) => {
        for (let i = 0; i < 10; i++) {
          const [record] = await log.append([draftOf(writer * 100 + i)]);
          const [read] = await readAll(log, record?.seq);
          expect(read).toEqual(record);
        }
      });
      await Promise.all(writers);
      expect(log.head).toBe(80);
      await store.close();
    });

    it("rule 19: values come back byte for byte, after closing and opening again", async () => {
      const { open, survivesStore } = await subject();
      let store = await open(MAX);
      let { log } = await store.open("b");
      const drafts = PECULIAR.map((value, n) => draftOf(n, value));
      const batch: Draft = {
        ...draftOf(99),
        command: {
          type: "batch",
          commands: [
            ...PECULIAR.map((patch, n): Command => ({
              type: "entry.merge",
              key: `__proto__${n}`,
              patch: patch as JsonText,
            })),
            { type: "entry.delete", key: "gone\u0000\u2028" },
          ] as never,
        },
      };
      const kept = await log.append([...drafts, batch]);
      const { epoch, epochs } = log;
      await log.close();
      if (survivesStore) {
        await store.close();
        store = await open(MAX);
      }
      ({ log } = await store.open("b"));
      const read = await readAll(log);
      expect(read).toEqual(kept);
      expect(read.map(({ command }) => (command.type === "entry.put" ? command.value : ""))).toEqual([...PECULIAR, ""]);
      expect([log.epoch, log.epochs, log.head]).toEqual([epoch, epochs, kept.length]);
      const [next] = await log.append([draftOf(100)]);
      expect(next?.seq).toBe(kept.length + 1);
      await store.close();
    });

    it("law L9: the same actor, id and content has the same hash, also after opening again", async () => {
      const store = await (await subject()).open(MAX);
      let { log } = await store.open("b");
      const [first] = await log.append([draftOf(1)]);
      await log.close();
      ({ log } = await store.open("b"));
      const [again, other] = await log.append([{ ...draftOf(1), at: 7, clock: 8 }, { ...draftOf(1, "2") }]);
      expect(again?.hash).toBe(first?.hash);
      expect(other?.hash).not.toBe(first?.hash);
      await store.close();
    });

    it("law L6: a record beyond the limit is refused whole with record_too_large, and nothing of its batch is kept", async () => {
      const store = await (await subject()).open(MAX);
      const { log } = await store.open("b");
      expect(log.maxRecordBytes).toBe(MAX);
      const large = draftOf(2, JSON.stringify("é".repeat(MAX / 2)));
      await expect(log.append([draftOf(1), large])).rejects.toMatchObject({ code: "record_too_large" });
      expect(log.head).toBe(0);
      expect((await log.append([draftOf(3)])).map((record) => record.seq)).toEqual([1]);
      expect(await log.append([])).toEqual([]);
      await store.close();
    });

    it("closes after what is in flight, and refuses what comes later with shutting_down", async () => {
      const store = await (await subject()).open(MAX);
      const { log } = await store.open("b");
      const inFlight = log.append([draftOf(1)]);
      const closing = log.close();
      await expect(log.append([draftOf(2)])).rejects.toMatchObject({ code: "shutting_down" });
      await closing;
      await expect(inFlight).resolves.toHaveLength(1);
      await expect(readAll(log)).rejects.toMatchObject({ code: "shutting_down" });
      await store.close();
      await expect(store.open("b")).rejects.toMatchObject({ code: "shutting_down" });
    });

    it("keeps boards apart, lists them, and forgets a removed one", async () => {
      const store = await (await subject()).open(MAX);
      expect(await store.list()).toEqual([]);
      const [a, b] = [await store.open("a"), await store.open("b")];
      await a.log.append([draftOf(1), draftOf(2)]);
      await b.log.append([draftOf(3)]);
      expect(await store.list()).toEqual(["a", "b"]);
      expect(a.log.epoch).not.toBe(b.log.epoch);
      await expect(store.open("a")).rejects.toThrow("open");
      await expect(store.remove("a")).rejects.toThrow("open");
      await a.log.close();
      await store.remove("a");
      await store.remove("never-there");
      expect(await store.list()).toEqual(["b"]);
      const fresh = await store.open("a");
      expect(fresh.log.head).toBe(0);
      expect(fresh.log.epoch).not.toBe(a.log.epoch);
      await store.close();
    });

    it("keeps the newest two snapshots, and gives the newest that is not too new", async () => {
      const store = await (await subject()).open(MAX);
      const { snapshots } = await store.open("b");
      expect(await snapshots.newest(seq(10))).toMatchObject({ seq: undefined });
      const parts = (n: number): SnapshotPart[] => [
        { head: `{"part":"board","n":${n}}`, texts: [] },
        { head: '{"part":"é"}', texts: [...PECULIAR, ""] },
        { head: '{"part":"large"}', texts: Array.from({ length: 8 }, (_, i) => `"${"é0".repeat(100_000 * i)}"`) },
        { head: '{"part":"end"}', texts: ["{}", "[1]"] },
      ];
      for (const n of [3, 5, 8]) await snapshots.write(seq(n), parts(n));
      for (const [notAfter, found] of [
        [20, 8],
        [8, 8],
        [7, 5],
        [4, undefined],
      ] as const) {
        const newest = await snapshots.newest(seq(notAfter));
        expect(newest.seq).toBe(found);
        const read = newest.seq === undefined ? [] : await partsOf(newest.parts);
        expect(read).toEqual(found === undefined ? [] : parts(found));
      }
      expect(await snapshots.discardNewerThan(seq(8))).toEqual([]);
      expect(await snapshots.discardNewerThan(seq(6))).toEqual([8]);
      expect((await snapshots.newest(seq(20))).seq).toBe(5);
      await store.close();
    });
  });
}
