// Guards that what is asked without a record is what a record would be told.

import fc from "fast-check";
import { expect, it } from "vitest";
import { recordOf, sha256 } from "../../test/law/records.ts";
import type { Command } from "../protocol/index.ts";
import { apply, type BoardState, capAt, createBoardState, positionOf, tryReserve } from "./index.ts";

const some = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 2 });
const amount = fc.integer({ min: 0, max: 200 });
const terms = fc.record(
  {
    limitTokens: amount,
    limitNanoUsd: amount,
    policy: fc.constantFrom("hard" as const, "soft" as const, "overdraft" as const),
    overdraftTokens: amount,
    overdraftNanoUsd: amount,
    maxHolds: fc.integer({ min: 1, max: 3 }),
    maxReserveTokens: amount,
    maxReserveNanoUsd: amount,
    rate: fc.record({
      reservesPerMinute: some(fc.integer({ min: 1, max: 4 })),
      tokensPerMinute: some(fc.integer({ min: 1, max: 150 })),
    }),
    ratePerAgent: fc.record({ tokensPerMinute: some(fc.integer({ min: 1, max: 90 })) }),
  },
  { requiredKeys: [] },
);
const step = fc.oneof(
  fc.record({
    type: fc.constant("budget.reserve" as const),
    tokens: amount,
    nanoUsd: amount,
    agent: fc.constantFrom("ann", "bob"),
    ttlMs: fc.constant(10_000),
  }),
  fc.record({ type: fc.constant("budget.charge" as const), tokens: amount, nanoUsd: amount }),
  fc.record({ type: fc.constant("wait" as const), ms: fc.integer({ min: 1, max: 50_000 }) }),
  fc.record({
    type: fc.constant("pause.set" as const),
    scope: fc.constant("agent" as const),
    name: fc.constant("bob"),
  }),
  fc.record({
    type: fc.constant("pause.clear" as const),
    scope: fc.constant("agent" as const),
    name: fc.constant("bob"),
  }),
);

it("the cap is the most that a reserve would be granted in each dimension, and a try is told what the reserve is", () => {
  fc.assert(
    fc.property(
      fc.array(terms, { minLength: 1, maxLength: 4 }),
      fc.array(step, { maxLength: 12 }),
      fc.nat(3),
      (path, steps, at) => {
        const state: BoardState = createBoardState(sha256);
        let seq = 0;
        let clock = 0;
        const apply1 = (command: Command) => apply(state, recordOf(++seq, { command, actor: "ann", clock })).outcome;
        apply1({ type: "rules.change", version: 2 });
        path.forEach((one, n) =>
          apply1({
            type: "budget.open",
            task: `t${n}`,
            ...(n === 0 ? {} : { parent: `t${n - 1}` }),
            ...one,
          }),
        );
        for (const one of steps) {
          const task = `t${at % path.length}`;
          if (one.type === "wait") clock += one.ms;
          else if (one.type === "budget.charge" || one.type === "budget.reserve") apply1({ ...one, task });
          else apply1(one);
        }
        for (const agent of ["ann", "bob"]) {
          const who = { task: `t${path.length - 1}`, agent, actor: "ann" };
          const ask = (tokens: number, nanoUsd: number) =>
            tryReserve(state, { ...who, tokens, nanoUsd, unpriced: false }, clock);
          const cap = capAt(state, who, clock);
          if (!cap.ok) {
            expect(ask(0, 0)).toEqual(cap);
            continue;
          }
          for (const [dimension, at1] of [
            ["tokens", (n: number) => ask(n, 0)],
            ["nanoUsd", (n: number) => ask(0, n)],
          ] as const) {
            const { most, budget } = cap[dimension];
            if (most === Number.POSITIVE_INFINITY) {
              expect([budget, at1(1e12).ok]).toEqual([undefined, true]);
              continue;
            }
            expect(at1(most).ok).toBe(true);
            const more = at1(most + 1);
            expect(more).toMatchObject({ ok: false });
          }
          // What a try is told is what the record is told, at the same moment.
          const tokens = cap.tokens.most === Number.POSITIVE_INFINITY ? 7 : cap.tokens.most + 1;
          const tried = ask(tokens, 0);
          const outcome = apply1({ type: "budget.reserve", task: who.task, agent, tokens, nanoUsd: 0, ttlMs: 1000 });
          if (tried.ok) expect(outcome.ok).toBe(true);
          else
            expect(outcome).toMatchObject({
              ok: false,
              code: tried.code,
              ...(tried.detail === undefined ? {} : { detail: tried.detail }),
            });
        }
        for (const budget of state.budgets.values()) {
          const { own, children, path: places } = positionOf(state, budget);
          expect([places.at(-1), own.heldTokens >= 0, own.everTokens >= 0, children.length]).toEqual([
            budget.task,
            true,
            true,
            budget.task === `t${path.length - 1}` ? 0 : 1,
          ]);
        }
      },
    ),
    { numRuns: 500 },
  );
});
