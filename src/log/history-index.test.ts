import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { commandId, seq, type Draft, type JsonText, type SingleCommand } from "../protocol/index.ts";
import { readAll } from "./contract.suite.ts";
import type { BoardLog, Store } from "./contract.ts";
import { createFileStore } from "./file-store.ts";
import type { HistoryFilter, HistoryPlace, IndexAnswer, Refused } from "./history-filter.ts";
import { hitsOf } from "./history-match.ts";
import { createHistoryIndex } from "./history-index.ts";

// Threads run what was built; scripts/test.mjs builds before it tests.
const workerUrl = new URL("../../dist/log/history-worker.js", import.meta.url);

let dir = "";
let store: Store;
let log: BoardLog;
interface Index {
  query(filter: HistoryFilter, refused?: readonly Refused[]): Promise<IndexAnswer>;
  close(): Promise<void>;
}
let index: Index;
const boardDir = (): string => join(dir, "boards/b");
function openIndex(from: Pick<BoardLog, "head" | "epochs"> = log, idleMs?: number): Index {
  const opened = createHistoryIndex({
    boardDir: boardDir(),
    log: from,
    workerUrl,
    ...(idleMs === undefined ? {} : { idleMs }),
  });
  return {
    query: (filter, refused = []) => opened.query({ filter, judgedTo: from.head, refused }),
    close: () => opened.close(),
  };
}

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "swarmboard-history-"));
  store = await createFileStore({ dir, segmentBytes: 2000 });
  ({ log } = await store.open("b"));
  index = openIndex();
});
afterEach(async () => {
  await index.close();
  await store.close();
  await rm(dir, { recursive: true });
});

let n = 0;
const draft = (actor: string, at: number, command: Draft["command"]): Draft => ({
  at,
  clock: at,
  actor,
  source: "http",
  id: commandId(`id-${++n}`),
  command,
});
const put = (key: string): SingleCommand => ({
  type: "entry.put",
  key,
  value: '{"a":12345678901234567890}' as JsonText,
});
const note = (event: string, reason: string, granted?: boolean): SingleCommand => ({
  type: "audit.note",
  event,
  agent: "bob",
  resource: "DATABASE",
  reason,
  ...(granted === undefined ? {} : { granted }),
});
const seqsOf = async (filter: HistoryFilter): Promise<number[]> =>
  (await index.query(filter)).hits.map((hit) => hit.seq);

describe("the history index", () => {
  it("rule 15: finds records by each of their words, newest first, and reads them again from the log", async () => {
    await log.append([
      draft("ann", 100, put("k/1")),
      draft("bob", 200, put("k/2")),
      draft("ann", 300, note("permission_granted", "needs größere tables; now", true)),
      draft("ann", 400, note("permission_denied", "too risky", false)),
      draft("eve", 500, { type: "batch", commands: [put("k/1"), put("k/3")] }),
      draft("eve", 600, { type: "budget.charge", task: "t", tokens: 5, reason: "summary of tables" }),
    ]);
    const all = await index.query({});
    expect(all.indexedTo).toBe(6);
    expect(all.next).toBeUndefined();
    expect(all.hits.map(({ seq, part }) => [seq, part])).toEqual([
      [6, 0],
      [5, 1],
      [5, 0],
      [4, 0],
      [3, 0],
      [2, 0],
      [1, 0],
    ]);
    const records = await readAll(log);
    expect(all.hits).toEqual(records.toReversed().flatMap((record) => Array.from(hitsOf(record, {}))));
    expect(await seqsOf({ actor: "ann" })).toEqual([4, 3, 1]);
    expect(await seqsOf({ agent: "bob" })).toEqual([4, 3]);
    expect(await seqsOf({ type: "audit.note", granted: false })).toEqual([4]);
    expect(await seqsOf({ event: "permission_granted" })).toEqual([3]);
    expect(await seqsOf({ name: "k/1" })).toEqual([5, 1]);
    expect(await seqsOf({ since: 200, until: 400 })).toEqual([4, 3, 2]);
    expect(await seqsOf({ text: "tabl" })).toEqual([6, 3]);
    expect(await seqsOf({ text: "GRÖSSERE größere" })).toEqual([]);
    expect(await seqsOf({ text: "größere tables", actor: "ann" })).toEqual([3]);
    expect(await seqsOf({ text: '") OR 1=1 --' })).toEqual([]);
    expect(await seqsOf({ actor: "nobody" })).toEqual([]);
  });

  it("pages without a gap or a repetition while records are added", async () => {
    await log.append(Array.from({ length: 25 }, (_, i) => draft("ann", i, put(`k/${i}`))));
    const seen: number[] = [];
    let next: HistoryPlace | undefined;
    do {
      const page = await index.query({ limit: 10, ...(next === undefined ? {} : { before: next }) });
      seen.push(...page.hits.map((hit) => hit.seq));
      ({ next } = page);
      await log.append([draft("ann", 100, put("later"))]);
    } while (next !== undefined);
    expect(seen).toEqual(Array.from({ length: 25 }, (_, i) => 25 - i));
  });

  it("is built again when it is missing, damaged, or of another history", async () => {
    await log.append(Array.from({ length: 30 }, (_, i) => draft("ann", i, put(`k/${i}`))));
    expect((await index.query({ name: "k/7" })).hits).toHaveLength(1);
    for (const spoil of [
      () => rm(join(boardDir(), "index.db")),
      () => writeFile(join(boardDir(), "index.db"), "no database".repeat(999)),
    ]) {
      await index.close();
      await spoil();
      index = openIndex();
      const { hits, indexedTo } = await index.query({ name: "k/7" });
      expect([hits.length, indexedTo]).toEqual([1, 30]);
    }
    await index.close();
    const other = { head: log.head, epochs: [{ epoch: "other" as never, firstSeq: seq(1) }] };
    index = openIndex(other);
    expect((await index.query({ name: "k/7" })).indexedTo).toBe(30);
  });

  it("law L6: ends its thread when nobody asks, starts again with the next question, and bounds those that wait", async () => {
    await log.append([draft("ann", 1, put("k"))]);
    await index.close();
    index = openIndex(log, 1);
    for (let i = 0; i < 3; i++) {
      expect(await seqsOf({})).toEqual([1]);
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
    const asked = await Promise.allSettled(Array.from({ length: 200 }, () => index.query({})));
    expect(asked.filter(({ status }) => status === "fulfilled").length).toBeGreaterThanOrEqual(64);
    expect(asked.filter(({ status }) => status === "rejected").length).toBeGreaterThan(0);
  });
});
