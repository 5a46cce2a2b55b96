// Guards law L8 against a second, naive account of the same commands: whatever agents, retries, expiries, moves and
// restarts do in between, every figure is the sum of what happened, and no reserve leads a budget beyond its limit.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Command, Outcome } from "../../protocol/index.ts";
import { BudgetModel, type Foreseen, type NewBudget } from "../../../test/law/budget-model.ts";
import { portrait, recordOf, type Sent, sha256 } from "../../../test/law/records.ts";
import { boardOf } from "../board.ts";
import { apply, type BoardState, createBoardState, dueItems, readSnapshot, writeSnapshot } from "../index.ts";

/** Enough for trees of every shape; the last is never opened. */
const TASKS = ["all", "team", "red", "blue", "one", "two", "three", "nobody"] as const;
const task = fc.constantFrom(...TASKS);
const opened = fc.constantFrom(...TASKS.slice(0, -1));
const amount = fc.nat({ max: 60 });
const limit = fc.option(fc.nat({ max: 200 }), { nil: undefined });
const pick = fc.nat({ max: 11 });

const terms: fc.Arbitrary<NewBudget> = fc.record({
  parent: fc.option(task, { nil: undefined }),
  limitTokens: limit,
  limitNanoUsd: limit,
  policy: fc.constantFrom("hard", "hard", "hard", "soft", "overdraft"),
  overdraft: amount,
  window: fc.option(fc.record({ rollover: fc.boolean() }), { nil: undefined }),
  maxHolds: fc.option(fc.integer({ min: 1, max: 5 }), { nil: undefined }),
});

const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant("open" as const), task: opened, terms }) },
  {
    weight: 9,
    arbitrary: fc.record({
      do: fc.constant("reserve" as const),
      task,
      tokens: amount,
      nanoUsd: amount,
      ttlMs: fc.integer({ min: 1, max: 30 }),
    }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant("settle" as const), pick, tokens: amount, nanoUsd: amount }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("extend" as const),
      pick,
      tokens: fc.nat({ max: 9 }),
      nanoUsd: fc.nat({ max: 9 }),
      ttlMs: fc.integer({ min: 1, max: 30 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("release" as const), pick }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("charge" as const), task, tokens: amount, nanoUsd: amount }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("move" as const), task, parent: fc.option(task) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("limit" as const), task, tokens: fc.nat({ max: 200 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("window" as const), task }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.nat({ max: 12 }) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("retry" as const), pick }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("restart" as const) }) },
);
/** Most trials begin with a tree: each budget below one that was opened before it, or below none. */
const forests = fc.array(fc.tuple(terms, fc.nat({ max: 6 })), { maxLength: 7 }).map((all) =>
  all.map(([one, above], i) => ({
    do: "open" as const,
    task: TASKS[i]!,
    terms: { ...one, parent: above < i ? TASKS[above] : undefined },
  })),
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

/** A board, the model beside it, and the log between them. */
class Trial {
  state: BoardState = createBoardState(sha256);
  readonly model = new BudgetModel();
  readonly log: Sent[] = [];
  readonly answers: Outcome[] = [];
  readonly holds: string[] = [];
  clock = 0;

  constructor() {
    this.send({ type: "rules.change", version: 2 });
  }

  send(command: Command, id = `id-${this.log.length + 1}`): Outcome {
    const sent: Sent = { command, id, clock: this.clock };
    this.log.push(sent);
    const { outcome, changes } = apply(this.state, recordOf(this.log.length, sent));
    if (outcome.duplicate === true) expect(changes).toEqual([]);
    this.answers.push(outcome);
    return outcome;
  }

  hold(pick: number): string {
    return this.holds[this.holds.length - 1 - (pick % Math.max(1, this.holds.length))] ?? "h0";
  }

  /** As the engine does before anything else: what is due ends by a record (rule 6). */
  endDue(): void {
    const due = dueItems(this.state, this.clock, 1000);
    expect(due.map(({ name }) => name).sort()).toEqual(this.model.expire(this.clock).sort());
    if (due.length > 0) expect(this.send({ type: "items.expire", items: due }).ok).toBe(true);
  }

  async run(what: Step): Promise<void> {
    const { model } = this;
    if (what.do === "wait") this.clock += what.ms;
    this.endDue();
    switch (what.do) {
      case "wait":
        return;
      case "restart":
        this.state = await readSnapshot(writeSnapshot(this.state), sha256);
        return;
      case "retry":
        return this.retry(what.pick);
      case "open": {
        const { window, overdraft, ...rest } = what.terms;
        const command = {
          type: "budget.open" as const,
          task: what.task,
          ...rest,
          overdraftTokens: overdraft,
          overdraftNanoUsd: overdraft,
          ...(window === undefined ? {} : { window: { every: "day" as const, timeZone: "UTC", ...window } }),
        };
        return this.expectCode(this.send(command), model.open(what.task, what.terms));
      }
      case "reserve": {
        const { do: _, ...amounts } = what;
        const left = model.budgets.has(what.task)
          ? model.path(what.task).map((one) => [one, model.left(one)] as const)
          : [];
        const outcome = this.send({ type: "budget.reserve", ...amounts });
        const made = (): string => {
          const hold = outcome.ok ? outcome.made.hold : undefined;
          if (hold === undefined)
            throw new Error(`the model would have taken what the rules refused: ${JSON.stringify(outcome)}`);
          this.holds.push(hold);
          return hold;
        };
        this.expectCode(outcome, model.reserve(what.task, what.tokens, what.nanoUsd, this.clock + what.ttlMs, made));
        if (!outcome.ok && outcome.code === "over_budget") {
          // The refusal names the budget, and what it had left.
          const { budget, dimension, available, requested, limit: most, spent, held } = outcome.detail ?? {};
          const named = new Map(left).get(String(budget))!;
          const key = dimension as "tokens" | "nanoUsd";
          expect(available).toBe(Math.max(0, named[key]));
          expect(requested).toBe(what[key]);
          const figures = model.figures(String(budget));
          expect(spent).toBe(key === "tokens" ? figures.usedTokens : figures.usedNanoUsd);
          expect(held).toBe(key === "tokens" ? figures.heldTokens : figures.heldNanoUsd);
          const of = model.budgets.get(String(budget));
          expect(most).toBe(key === "tokens" ? of?.limitTokens : of?.limitNanoUsd);
        }
        if (outcome.ok) {
          for (const one of model.path(what.task)) {
            const after = model.left(one);
            expect(Math.min(after.tokens, after.nanoUsd)).toBeGreaterThanOrEqual(0);
          }
        }
        return;
      }
      case "settle": {
        const hold = this.hold(what.pick);
        const { tokens, nanoUsd } = what;
        return this.expectCode(
          this.send({ type: "hold.settle", hold, tokens, nanoUsd }),
          model.settle(hold, tokens, nanoUsd),
        );
      }
      case "extend": {
        const hold = this.hold(what.pick);
        const { tokens, nanoUsd, ttlMs } = what;
        const outcome = this.send({ type: "hold.extend", hold, tokens, nanoUsd, ttlMs });
        return this.expectCode(outcome, model.extend(hold, tokens, nanoUsd, this.clock + ttlMs));
      }
      case "release": {
        const hold = this.hold(what.pick);
        return this.expectCode(this.send({ type: "hold.release", hold }), model.release(hold));
      }
      case "charge": {
        const { tokens, nanoUsd } = what;
        const outcome = this.send({ type: "budget.charge", task: what.task, tokens, nanoUsd });
        return this.expectCode(outcome, model.charge(what.task, tokens, nanoUsd));
      }
      case "move": {
        const outcome = this.send({ type: "budget.move", task: what.task, parent: what.parent });
        return this.expectCode(outcome, model.move(what.task, what.parent ?? undefined));
      }
      case "limit": {
        const outcome = this.send({ type: "budget.limit", task: what.task, limitTokens: what.tokens });
        return this.expectCode(outcome, model.limit(what.task, what.tokens));
      }
      case "window":
        return this.beginWindow(what.task);
      default:
        return what satisfies never;
    }
  }

  beginWindow(name: string): void {
    const budget = this.state.budgets.get(name);
    const runs = budget?.account?.window;
    const reset = {
      task: name,
      from: runs?.startsAt ?? 0,
      startsAt: (runs?.endsAt ?? 99) + 1,
      endsAt: (runs?.endsAt ?? 99) + 50,
    };
    const outcome = this.send({ type: "budget.reset", resets: [reset] });
    if (this.model.budgets.get(name)?.isWindowed !== true) return this.expectCode(outcome, "nothing_to_reset");
    this.expectCode(outcome, undefined);
    this.model.beginWindow(name);
    // The same reset again does nothing: it names a window that runs no more.
    this.expectCode(this.send({ type: "budget.reset", resets: [reset] }), "nothing_to_reset");
  }

  /** The same id and content again: the first outcome, and nothing moves (law L9). */
  retry(pick: number): void {
    const at = this.log.length - 1 - (pick % this.log.length);
    const sent = this.log[at]!;
    const before = boardOf(this.state).digest.settled().toHex();
    const again = this.send(sent.command, sent.id);
    const { duplicate: _, ...first } = this.answers[at]!;
    expect(again).toEqual({ ...first, duplicate: true });
    expect(boardOf(this.state).digest.settled().toHex()).toBe(before);
  }

  expectCode(outcome: Outcome, foreseen: Foreseen): void {
    expect(outcome.ok ? undefined : outcome.code).toBe(foreseen);
  }

  /** Every figure of every budget is what the model adds up. */
  expectFigures(): void {
    let rootTokens = 0;
    let rootNanoUsd = 0;
    for (const [name, budget] of this.state.budgets) {
      const account = budget.account!;
      expect({
        task: name,
        usedTokens: budget.usedTokens,
        usedNanoUsd: account.nanoUsd,
        everTokens: account.everTokens,
        everNanoUsd: account.everNanoUsd,
        heldTokens: account.heldTokens,
        heldNanoUsd: account.heldNanoUsd,
        holds: account.holds,
      }).toEqual({ task: name, ...this.model.figures(name) });
      if (budget.terms?.parent !== undefined) continue;
      rootTokens += account.everTokens;
      rootNanoUsd += account.everNanoUsd;
    }
    // Nothing appears, nothing vanishes.
    const all = (of: (spend: { tokens: number; nanoUsd: number }) => number): number =>
      this.model.spends.reduce((sum, spend) => sum + of(spend), 0);
    expect([rootTokens, rootNanoUsd]).toEqual([all((one) => one.tokens), all((one) => one.nanoUsd)]);
    for (const hold of this.state.holds.values()) {
      if (hold.state === "open") expect(hold.expiresAtClock).toBeGreaterThan(this.clock);
    }
  }
}

describe("budgets by rules 2", () => {
  it("L8: in any order of reserve, settle, extend, release, charge, expire, move, retry and restart, every figure is the sum of what happened", async () => {
    let reserved = 0;
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(forests, fc.array(step, { minLength: 30, maxLength: 90 }), async (forest, steps) => {
        const trial = new Trial();
        for (const one of forest) await trial.run(one);
        for (const one of steps) {
          await trial.run(one);
          trial.expectFigures();
        }
        const replayed = createBoardState(sha256);
        trial.log.forEach((sent, i) =>
          expect(apply(replayed, recordOf(i + 1, sent)).outcome).toEqual(trial.answers[i]),
        );
        expect(portrait(replayed)).toEqual(portrait(trial.state));
        reserved += trial.holds.length;
        refused += trial.answers.filter((answer) => !answer.ok && answer.code === "over_budget").length;
      }),
      { numRuns: 250 },
    );
    // The trials did meet limits, and did get something.
    expect(reserved).toBeGreaterThan(200);
    expect(refused).toBeGreaterThan(50);
  });
});
