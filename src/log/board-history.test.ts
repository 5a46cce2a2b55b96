import fc from "fast-check";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { commandId, type JsonText, type LogRecord, type SingleCommand } from "../protocol/index.ts";
import { createBoardHistory } from "./board-history.ts";
import type { BoardMemory } from "./contract.ts";
import { createFileStore } from "./file-store.ts";
import {
  type HistoryFilter,
  type HistoryHit,
  type HistoryPlace,
  isBefore,
  pageOf,
  type Refused,
} from "./history-filter.ts";
import { createHistoryIndex, type HistoryIndex } from "./history-index.ts";
import { hitsOf } from "./history-match.ts";
import { createMemoryStore } from "./memory-store.ts";

// Threads run what was built; scripts/test.mjs builds before it tests.
const workerUrl = new URL("../../dist/log/history-worker.js", import.meta.url);
const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

const word = fc.constantFrom("a", "ab", "a b", "é", "e", "É-b", "\u0000x", "\u{10ffff}", "\ud7ff", "\ue000", "%_", "");
const name = word.filter((text) => text !== "");
const command: fc.Arbitrary<SingleCommand> = fc.oneof(
  fc.record({ type: fc.constant("entry.put" as const), key: name, value: fc.constant("1.0" as JsonText) }),
  fc.record({ type: fc.constant("entry.delete" as const), key: name }),
  fc.record({
    type: fc.constant("source.mark" as const),
    source: name,
    marks: fc.array(fc.tuple(name, name), { maxLength: 2 }),
  }),
  fc.record({ type: fc.constant("claim.release" as const), claim: name, fence: fc.nat() }),
  fc.record({
    type: fc.constant("items.expire" as const),
    items: fc.array(fc.record({ kind: fc.constantFrom("entry" as const, "claim" as const), name, rev: fc.nat() }), {
      minLength: 1,
      maxLength: 3,
    }),
  }),
  fc.record(
    {
      type: fc.constant("audit.note" as const),
      event: name,
      agent: name,
      resource: name,
      granted: fc.boolean(),
      reason: word,
      at: fc.nat(9),
    },
    { requiredKeys: ["type", "event"] },
  ),
);
const record = fc.record({
  actor: name,
  at: fc.nat(9),
  outcome: fc.constantFrom("ok", "ok", "ok", "ok", "repeat", "board_full", "exists"),
  task: fc.option(name, { nil: undefined, freq: 1 }),
  trace: fc.option(fc.constantFrom("a".repeat(32), "b".repeat(32)), { nil: undefined, freq: 1 }),
  commands: fc.array(command, { minLength: 1, maxLength: 4 }),
});
const some = <T>(of: fc.Arbitrary<T>) => fc.option(of, { nil: undefined, freq: 3 });
const filter: fc.Arbitrary<HistoryFilter> = fc.record({
  actor: some(name),
  agent: some(name),
  type: some(fc.constantFrom("entry.put", "audit.note", "items.expire")),
  entriesOnly: some(fc.boolean()),
  name: some(name),
  namePrefix: some(word),
  event: some(name),
  granted: some(fc.boolean()),
  since: some(fc.nat(9)),
  until: some(fc.nat(9)),
  outcome: some(fc.constantFrom("ok", "any", "refused", "repeat", "board_full")),
  task: some(name),
  trace: some(fc.constantFrom("a".repeat(32), "b".repeat(32))),
  order: some(fc.constantFrom("newest" as const, "oldest" as const)),
  text: some(fc.array(word, { maxLength: 2 }).map((words) => words.join(" "))),
  limit: fc.integer({ min: 1, max: 4 }),
});

interface Made {
  readonly actor: string;
  readonly at: number;
  readonly outcome: string;
  readonly task: string | undefined;
  readonly trace: string | undefined;
  readonly commands: SingleCommand[];
}

async function fill(memory: BoardMemory, made: readonly Made[], from = 0) {
  const refused: Refused[] = [];
  for (const [i, one] of made.entries()) {
    const { actor, at, commands, task, trace } = one;
    const [single] = commands;
    const links = {
      ...(task === undefined ? {} : { task }),
      ...(trace === undefined ? {} : { trace: `${trace}-00f067aa0ba902b7` }),
    };
    const whole = commands.length === 1 && single !== undefined ? single : { type: "batch" as const, commands };
    await memory.log.append([{ at, clock: 1, actor, source: "http", id: commandId(""), command: whole, ...links }]);
    if (one.outcome !== "ok") refused.push({ seq: from + i + 1, outcome: one.outcome });
  }
  return refused;
}

/** All pages, and that no page is longer than asked for. */
async function pagesOf(
  ask: (filter: HistoryFilter) => Promise<{ hits: readonly HistoryHit[]; next: HistoryPlace | undefined }>,
  asked: HistoryFilter,
) {
  const hits: HistoryHit[] = [];
  const isOldest = asked.order === "oldest";
  for (let from: HistoryPlace | undefined; ;) {
    const page = await ask({ ...asked, [isOldest ? "after" : "before"]: from });
    expect(page.hits.length).toBeLessThanOrEqual(asked.limit ?? 100);
    hits.push(...page.hits);
    if (page.next === undefined) return hits;
    const { next } = page;
    expect(from === undefined || (isOldest ? isBefore(from, next) : isBefore(next, from))).toBe(true);
    from = next;
  }
}

function expected(records: readonly LogRecord[], refused: readonly Refused[], asked: HistoryFilter): HistoryHit[] {
  const outcomes = new Map(refused.map(({ seq, outcome }) => [seq, outcome]));
  const inOrder = asked.order === "oldest" ? records : records.toReversed();
  return inOrder.flatMap((one) => Array.from(hitsOf(one, asked, outcomes.get(one.seq))));
}

describe("a board's history", () => {
  it("rule 15: finds the same in the index, in the log behind it and in memory, for any filter and any pages", async () => {
    const dir = await mkdtemp(join(tmpdir(), "swarmboard-past-"));
    ends.push(() => rm(dir, { recursive: true }));
    const files = await createFileStore({ dir, segmentBytes: 3000 });
    const ram = createMemoryStore();
    ends.push(
      () => files.close(),
      () => ram.close(),
    );
    let board = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(record, { minLength: 1, maxLength: 30 }),
        fc.array(filter, { minLength: 5, maxLength: 10 }),
        fc.nat(30),
        // Small blocks, and no time for more than one step, end pages between hits.
        fc.constantFrom({}, { blockRows: 1, budgetMs: -1 }, { blockRows: 3, budgetMs: -1 }, { blockRows: 4 }),
        async (made, filters, indexedFirst, pace) => {
          const onDisk = await files.open(`b${++board}`);
          const inRam = await ram.open(`b${board}`);
          const refused = await fill(onDisk, made);
          await fill(inRam, made);
          inRam.history.judged(made.length, refused);
          const boardDir = join(dir, `boards/b${board}`);
          const index = createHistoryIndex({ boardDir, log: onDisk.log, workerUrl, pace });
          // An index that never gets further than it was told at first.
          const stopped: HistoryIndex = {
            ...index,
            query: (question) => index.query({ ...question, judgedTo: Math.min(indexedFirst, made.length) }),
          };
          const past = (of: HistoryIndex) => {
            const history = createBoardHistory({
              log: onDisk.log,
              index: of,
              refusals: { waiting: refused, note: () => {}, flush: async () => {} },
            });
            history.judged(made.length, []);
            return history;
          };
          const records: LogRecord[] = [];
          for await (const some of onDisk.log.read(1 as never)) records.push(...some);
          for (const asked of filters) {
            const wanted = expected(records, refused, asked).map(({ seq, part }) => [seq, part]);
            for (const history of [past(stopped), inRam.history]) {
              const hits = await pagesOf((one) => history.query(one), asked);
              expect(hits.map(({ seq, part }) => [seq, part])).toEqual(wanted);
            }
          }
          const whole = past(index);
          for (const asked of filters) {
            const hits = await pagesOf((one) => whole.query(one), asked);
            expect(hits).toEqual(expected(records, refused, asked));
          }
          await index.close();
          await onDisk.log.close();
          await inRam.log.close();
        },
      ),
      { numRuns: 12 },
    );
  });

  it("law L6: is refused with a code where the index stays too far behind, and waits no longer than it says", async () => {
    const store = createMemoryStore();
    ends.push(() => store.close());
    const { log } = await store.open("b");
    const slow: HistoryIndex = {
      query: async ({ filter: { before } }) => {
        await new Promise((resolve) => setTimeout(resolve, 200));
        return { hits: [], next: before, indexedTo: 5, refused: [] };
      },
      spending: () => Promise.reject(new Error("not asked here")),
      close: async () => {},
    };
    const refusals = { waiting: [], note: () => {}, flush: () => Promise.reject(new Error("disk full")) };
    const history = createBoardHistory({ log, index: slow, refusals, mostBehind: 3, patienceMs: 300 });
    history.judged(100, []);
    await expect(history.query({})).rejects.toMatchObject({ code: "history_unavailable" });
    // What the index has is answered all the same.
    expect(await history.query({ before: { seq: 5, part: 0 } })).toMatchObject({ indexedTo: 5, seq: 100 });
  });

  it("law L6: ends a page early where its texts are large", () => {
    const hit = (seq: number): HistoryHit => ({
      seq,
      part: 0,
      at: 0,
      actor: "a",
      source: "http",
      id: commandId(""),
      outcome: "ok",
      command: { type: "entry.put", key: "k", value: `"${"x".repeat(400_000)}"` as JsonText },
    });
    const page = pageOf([9, 8, 7, 6, 5].map(hit), 500);
    expect([page.hits.map(({ seq }) => seq), page.next]).toEqual([[9, 8, 7], { seq: 7, part: 0 }]);
  });
});
