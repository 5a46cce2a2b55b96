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
import { type LogRecord, seq, type SingleCommand } from "../../src/protocol/index.ts";
import { logs, sha256 } from "./records.ts";

const EDGES = Array.from({ length: 5 }, (_, i) => 1_795_377_600_000 + (i - 2) * 10 * MINUTE_MS);
const workerUrl = new URL("../../dist/log/history-worker.js", import.meta.url);

/** What makes past spends leave a budget, or come to it: history stays where it was made. */
const rewrites = ({ type }: SingleCommand): boolean => type === "budget.move" || type === "budget.unmirror";
const singlesOf = ({ command }: LogRecord): readonly SingleCommand[] =>
  command.type === "batch" ? command.commands : [command];

function folded(records: readonly LogRecord[]) {
  const state = createBoardState(sha256);
  const outcomes = records.map((record) => outcomeOf(apply(state, record).outcome));
  return { state, outcomes, accepted: records.filter((_, i) => outcomes[i] === "ok") };
}

describe("the history of spending", () => {
  it("L8: adds up to what the fold has counted, in every budget, while none is moved", () => {
    let spent = 0;
    fc.assert(
      fc.property(logs(90), (records) => {
        const still = records.filter((record) => !singlesOf(record).some(rewrites));
        const { state, accepted } = folded(still.map((record, i) => Object.assign(record, { seq: seq(i + 1) })));
        // A budget that was put below another after it was spent of, or that a file took over, has a past elsewhere.
        const settled = new Set(
          accepted.flatMap(singlesOf).flatMap((one) => (one.type === "budget.mirror" ? [one.task] : [])),
        );
        const reopened = accepted
          .flatMap(singlesOf)
          .filter((one) => one.type === "budget.open" && one.parent !== undefined);
        const opened = accepted.flatMap(singlesOf).flatMap((one) => (one.type === "budget.open" ? [one.task] : []));
        if (reopened.some((one) => opened.filter((task) => "task" in one && task === one.task).length > 1)) return;
        if (settled.size > 0) return;
        for (const [task, { account }] of state.budgets) {
          const { before, buckets } = spendingIn({ task, edges: [0, Number.MAX_SAFE_INTEGER] }, accepted);
          const [all] = buckets;
          expect(before).toEqual({ tokens: 0, nanoUsd: 0, unpricedTokens: 0 });
          if (account === undefined) continue;
          expect({ task, ...all }).toEqual({
            task,
            tokens: account.everTokens,
            nanoUsd: account.everNanoUsd,
            unpricedTokens: account.unpricedTokens,
          });
          spent += account.everTokens;
        }
      }),
      { numRuns: 400 },
    );
    expect(spent).toBeGreaterThan(0);
  });

  it("rule 15: is the same from the tables of the index as from memory, wherever indexing stops in between", async () => {
    await fc.assert(
      fc.asyncProperty(logs(60), fc.nat({ max: 60 }), async (made, cut) => {
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
