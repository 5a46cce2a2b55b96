// Guards the history of spending: read from records alone, it says what the fold says, on disk as in memory.

import fc from "fast-check";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { apply, createBoardState } from "../../src/board/index.ts";
import { createFileStore, outcomeOf } from "../../src/log/index.ts";
import { createHistoryIndex } from "../../src/log/history-index.ts";
import { addUp, MINUTE_MS, type SpendRow } from "../../src/log/spending/spending.ts";
import { spendingIn } from "../../src/log/spending/memory-spending.ts";
import type { LogRecord, SingleCommand } from "../../src/protocol/index.ts";
import { recordsOf, type Sent, sha256 } from "./records.ts";

const EDGES = Array.from({ length: 5 }, (_, i) => 1_795_377_600_000 + (i - 2) * 10 * MINUTE_MS);
const workerUrl = new URL("../../dist/log/history-worker.js", import.meta.url);

const task = fc.constantFrom("all", "team", "one", "two");
const amount = fc.nat({ max: 50 });
const who = { agent: fc.constantFrom("ann", "bob"), model: fc.constantFrom("m", "n"), operation: fc.constant("plan") };
const spend = { tokens: amount, nanoUsd: amount, unpriced: fc.constant(true), ...who };
const of = (type: SingleCommand["type"], always: object, sometimes: object = {}): fc.Arbitrary<SingleCommand> =>
  fc
    .tuple(
      fc.record(always as Record<string, fc.Arbitrary<unknown>>),
      fc.record(sometimes as Record<string, fc.Arbitrary<unknown>>, { requiredKeys: [] }),
    )
    .map(([given, more]) => Object.assign(given, more, { type }) as unknown as SingleCommand);
const hold = fc.nat({ max: 60 }).chain((n) => fc.constantFrom(`h${n}`, `h${n}.0`, `h${n}.1`));
const single = fc.oneof(
  of("budget.charge", { task, tokens: amount }, { ...spend, tokens: amount }),
  of("budget.reserve", { task, ttlMs: fc.constant(9) }, spend),
  { weight: 4, arbitrary: of("hold.settle", { hold }, spend) },
  of("hold.extend", { hold, ttlMs: fc.constant(9) }, { tokens: amount, nanoUsd: amount }),
  of("hold.release", { hold }),
  of("budget.close", { task }),
  of("budget.mirror", { task: fc.constant("file"), limitTokens: amount, usedTokens: amount }),
);
const OPENS: SingleCommand[] = [
  { type: "budget.open", task: "all" },
  { type: "budget.open", task: "team", parent: "all", limitTokens: 900 },
  { type: "budget.open", task: "one", parent: "team", limitTokens: 200 },
  { type: "budget.open", task: "two", parent: "team", limitNanoUsd: 300, unknownModel: "tokensOnly" },
];
/** A tree, and what is spent of it: some of it refused, some sent twice, some in batches. */
const spendings = fc
  .array(
    fc.tuple(fc.array(single, { minLength: 1, maxLength: 3 }), fc.nat({ max: 40 * MINUTE_MS }), fc.nat({ max: 9 })),
    {
      minLength: 20,
      maxLength: 80,
    },
  )
  .map((steps) =>
    recordsOf([
      { command: { type: "rules.change", version: 2 } },
      ...OPENS.map((command) => ({ command })),
      ...steps.map(([commands, at, id]): Sent => ({
        command: commands.length === 1 && commands[0] !== undefined ? commands[0] : { type: "batch", commands },
        at: EDGES[0]! - 5 * MINUTE_MS + at,
        ...(id === 0 ? { id: "again" } : {}),
      })),
    ]),
  );

function folded(records: readonly LogRecord[]) {
  const state = createBoardState(sha256);
  const outcomes = records.map((record) => outcomeOf(apply(state, record).outcome));
  return { state, outcomes, accepted: records.filter((_, i) => outcomes[i] === "ok") };
}

describe("the history of spending", () => {
  it("L8: adds up to what the fold has counted, in every budget of a tree", () => {
    let spent = 0;
    fc.assert(
      fc.property(spendings, (records) => {
        const { state, accepted } = folded(records);
        for (const [name, { account }] of state.budgets) {
          const { before, buckets } = spendingIn({ task: name, edges: [0, Number.MAX_SAFE_INTEGER] }, accepted);
          expect(before).toEqual({ tokens: 0, nanoUsd: 0, unpricedTokens: 0 });
          expect({ name, ...buckets[0] }).toEqual({
            name,
            tokens: account?.everTokens,
            nanoUsd: account?.everNanoUsd,
            unpricedTokens: account?.unpricedTokens,
          });
          spent += account?.everTokens ?? 0;
        }
      }),
      { numRuns: 200 },
    );
    expect(spent).toBeGreaterThan(10_000);
  });

  it("rule 15: is the same from the tables of the index as from memory, wherever indexing stops in between", async () => {
    await fc.assert(
      fc.asyncProperty(spendings, fc.nat({ max: 60 }), async (made, cut) => {
        const { outcomes, accepted, state } = folded(made);
        const dir = await mkdtemp(join(tmpdir(), "swarmboard-spending-"));
        const store = await createFileStore({ dir });
        const { log } = await store.open("b");
        const index = createHistoryIndex({ boardDir: join(dir, "boards/b"), log, workerUrl });
        try {
          for (const { seq: _, hash: __, ...draft } of made) await log.append([draft]);
          const refused = outcomes.flatMap((outcome, i) => (outcome === "ok" ? [] : [{ seq: i + 1, outcome }]));
          for (const to of [Math.min(cut, made.length), made.length]) {
            const moment = { judgedTo: to, refused: refused.filter(({ seq }) => seq <= to) };
            for (const task of state.budgets.keys()) {
              const question = { task, edges: EDGES };
              const { indexedTo, ...answer } = await index.spending(question, moment);
              expect(indexedTo).toBe(to);
              expect(answer).toEqual(
                spendingIn(
                  question,
                  accepted.filter(({ seq }) => seq <= to),
                ),
              );
            }
          }
        } finally {
          await index.close();
          await log.close();
          await store.close();
          await rm(dir, { recursive: true });
        }
      }),
      { numRuns: 15 },
    );
  });

  it("puts every spend into the one bucket that it falls into, and those before the first into `before`", () => {
    const rows = fc.array(
      fc.record({
        minute: fc.nat({ max: 50 }),
        agent: fc.constantFrom("a", "b"),
        model: fc.constantFrom("", "m"),
        operation: fc.constant(""),
        tokens: fc.nat({ max: 9 }),
        nanoUsd: fc.nat({ max: 9 }),
        unpricedTokens: fc.nat({ max: 9 }),
      }),
    );
    const cuts = fc.uniqueArray(fc.nat({ max: 50 }), { minLength: 2, maxLength: 8 });
    fc.assert(
      fc.property(rows, cuts, (all: SpendRow[], minutes) => {
        const edges = minutes.sort((a, b) => a - b).map((minute) => minute * MINUTE_MS);
        const { buckets, before, byAgent } = addUp({ task: "t", edges }, all);
        const tokensIn = (from: number, to: number): number =>
          all.reduce(
            (sum, { minute, tokens }) => (minute * MINUTE_MS >= from && minute * MINUTE_MS < to ? sum + tokens : sum),
            0,
          );
        expect(before.tokens).toBe(tokensIn(0, edges[0]!));
        expect(buckets.map(({ tokens }) => tokens)).toEqual(edges.slice(1).map((edge, i) => tokensIn(edges[i]!, edge)));
        expect(byAgent.reduce((sum, { tokens }) => sum + tokens, 0)).toBe(tokensIn(edges[0]!, edges.at(-1)!));
      }),
    );
  });
});
