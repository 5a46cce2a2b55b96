// Guards what reserves, charges, alerts, pauses, rates and unknown prices come to, case by case, where budgets.test.ts has no
// second account of it. Published failures of other meters are named in the titles.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Command, MAX_AMOUNT, type Outcome } from "../../protocol/index.ts";
import { recordOf, sha256 } from "../../../test/law/records.ts";
import { apply, type BoardState, createBoardState, dueItems } from "../index.ts";

class Bench {
  readonly state: BoardState = createBoardState(sha256);
  clock = 0;
  #seq = 0;

  constructor(...commands: Command[]) {
    this.do({ type: "rules.change", version: 2 });
    for (const command of commands) expect(this.do(command).ok).toBe(true);
  }

  do(command: Command, actor = "ann", source = "http"): Outcome {
    return apply(this.state, recordOf(++this.#seq, { command, actor, source, clock: this.clock })).outcome;
  }

  code(command: Command, actor?: string): string {
    const outcome = this.do(command, actor);
    return outcome.ok ? "ok" : outcome.code;
  }

  hold(command: Extract<Command, { type: "budget.reserve" }>): string {
    const outcome = this.do(command);
    if (!outcome.ok) throw new Error(`refused: ${JSON.stringify(outcome)}`);
    return outcome.made.hold!;
  }

  account(task: string) {
    return this.state.budgets.get(task)!.account!;
  }

  alerts() {
    return [...this.state.alerts.values()].map(({ task, kind, threshold }) => [task, kind, threshold]);
  }
}

const open = (task: string, terms: object = {}): Command => ({ type: "budget.open", task, ...terms });
const reserve = (task: string, tokens: number, more: object = {}) =>
  ({ type: "budget.reserve", task, tokens, ttlMs: 1000, ...more }) as const;
const charge = (task: string, tokens: number, more: object = {}): Command => ({
  type: "budget.charge",
  task,
  tokens,
  ...more,
});

describe("a reserve", () => {
  it("check-then-act race: of two that each fit alone and do not fit together, one is refused", () => {
    const bench = new Bench(open("t", { limitTokens: 100 }));
    expect([bench.code(reserve("t", 60), "ann"), bench.code(reserve("t", 60), "bob")]).toEqual(["ok", "over_budget"]);
  });

  it("a refusal that does not say which budget: it names budget, dimension, limit, spent, held, requested, what is left and when it resets", () => {
    const bench = new Bench(
      open("team", {
        limitTokens: 1000,
        limitNanoUsd: 500,
        window: { every: "day", timeZone: "UTC", rollover: false },
      }),
      { type: "budget.reset", resets: [{ task: "team", from: 0, startsAt: 10, endsAt: 20 }] },
      open("t", { limitTokens: 900, parent: "team" }),
      charge("t", 10, { nanoUsd: 200 }),
      reserve("t", 5, { nanoUsd: 100 }),
    );
    expect(bench.do(reserve("t", 1, { nanoUsd: 201 }))).toMatchObject({
      ok: false,
      code: "over_budget",
      detail: {
        budget: "team",
        dimension: "nanoUsd",
        limit: 500,
        spent: 200,
        held: 100,
        requested: 201,
        available: 200,
        resetsAt: 20,
      },
    });
  });

  it("parent and child both counted: a spend below counts once in each budget above it, and once in the board's sum", () => {
    const bench = new Bench(open("top"), open("mid", { parent: "top" }), open("leaf", { parent: "mid" }));
    bench.do(charge("leaf", 7, { nanoUsd: 3 }));
    for (const task of ["top", "mid", "leaf"])
      expect(bench.account(task)).toMatchObject({ everTokens: 7, everNanoUsd: 3 });
  });

  it("is all or nothing: where one budget above refuses, none below has moved", () => {
    const bench = new Bench(open("top", { limitTokens: 5 }), open("leaf", { parent: "top", limitTokens: 100 }));
    const before = [...bench.state.budgets.values()];
    expect(bench.code(reserve("leaf", 6))).toBe("over_budget");
    expect([...bench.state.budgets.values()]).toEqual(before);
  });

  it("what is not stated is not free: a limit asks for its dimension", () => {
    const bench = new Bench(open("money", { limitNanoUsd: 100 }), open("tokens", { limitTokens: 100 }), open("free"));
    expect(bench.code(reserve("money", 5))).toBe("amount_required");
    expect(bench.code({ type: "budget.reserve", task: "tokens", nanoUsd: 5, ttlMs: 9 })).toBe("amount_required");
    expect(bench.code({ type: "budget.reserve", task: "free", ttlMs: 9 })).toBe("amount_required");
    expect(bench.code({ type: "budget.reserve", task: "free", nanoUsd: 5, ttlMs: 9 })).toBe("ok");
  });

  it("an unknown model is refused under a limit of money, or counted in tokens, as the budget says; never silently free", () => {
    const unknown = { model: "acme/none", unpriced: true };
    const bench = new Bench(
      open("deny", { limitNanoUsd: 100 }),
      open("count", { limitNanoUsd: 100, limitTokens: 50, unknownModel: "tokensOnly" }),
    );
    expect(bench.code(reserve("deny", 5, unknown))).toBe("unknown_model");
    const hold = bench.hold(reserve("count", 5, unknown));
    expect(bench.do({ type: "hold.settle", hold, tokens: 4, unpriced: true }).ok).toBe(true);
    expect(bench.account("count")).toMatchObject({ unpricedTokens: 4, everTokens: 4, everNanoUsd: 0 });
    // What happened is recorded also where it would not have been allowed, and is counted as unpriced.
    expect(bench.code(charge("deny", 9, unknown))).toBe("ok");
    expect(bench.account("deny").unpricedTokens).toBe(9);
  });

  it("a late settlement is a charge, shown as debt, and refuses what comes next (rule 6)", () => {
    const bench = new Bench(open("t", { limitTokens: 10 }));
    const hold = bench.hold(reserve("t", 10));
    bench.clock = 1000;
    bench.do({ type: "items.expire", items: dueItems(bench.state, bench.clock, 9) });
    expect(bench.account("t")).toMatchObject({ heldTokens: 0, holds: 0 });
    expect(bench.code(reserve("t", 6))).toBe("ok");
    expect(bench.do({ type: "hold.settle", hold, tokens: 12 })).toMatchObject({ ok: true, made: { late: true } });
    expect(bench.state.budgets.get("t")).toMatchObject({ usedTokens: 12 });
    expect(bench.code(reserve("t", 0))).toBe("over_budget");
    expect(bench.code({ type: "hold.settle", hold, tokens: 1 })).toBe("hold_ended");
  });

  it("leaked hold after a crash: nothing but its time to live is needed to free it, and not before that", () => {
    const bench = new Bench(open("t", { limitTokens: 10 }), reserve("t", 10));
    bench.clock = 999;
    expect(dueItems(bench.state, bench.clock, 9)).toEqual([]);
    bench.clock = 1000;
    expect(bench.do({ type: "items.expire", items: dueItems(bench.state, bench.clock, 9) }).ok).toBe(true);
    expect(bench.code(reserve("t", 10))).toBe("ok");
  });

  it("an extended hold lives on: the expiry that was due before names an earlier version of it", () => {
    const bench = new Bench(open("t", { limitTokens: 10 }));
    const hold = bench.hold(reserve("t", 10));
    bench.clock = 1000;
    const due = dueItems(bench.state, bench.clock, 9);
    // Too late by the record's clock: it counts as ended although no record has ended it.
    expect(bench.code({ type: "hold.extend", hold, ttlMs: 500 })).toBe("hold_ended");
    bench.clock = 999;
    const other = new Bench(open("t", { limitTokens: 10 }));
    const kept = other.hold(reserve("t", 10));
    other.clock = 999;
    expect(other.do({ type: "hold.extend", hold: kept, ttlMs: 500 })).toMatchObject({ made: { expiresAtClock: 1499 } });
    other.clock = 1000;
    expect(other.code({ type: "items.expire", items: due })).toBe("nothing_to_expire");
  });

  it("rule 3: sums stay exact integers; what would leave them is refused and changes nothing", () => {
    const bench = new Bench(open("t"), charge("t", MAX_AMOUNT - 1, { nanoUsd: MAX_AMOUNT }));
    expect(bench.code(charge("t", 2))).toBe("number_too_large");
    expect(bench.code(charge("t", 1, { nanoUsd: 1 }))).toBe("number_too_large");
    expect(bench.code(reserve("t", 2))).toBe("number_too_large");
    expect(bench.code(open("u"))).toBe("ok");
    // The board's sum over its roots is exact too.
    expect(bench.code(charge("u", 2))).toBe("number_too_large");
    expect(bench.code(charge("t", 1))).toBe("ok");
    expect(bench.account("t").everTokens).toBe(MAX_AMOUNT);
  });

  it("stays within what one reserve and how many holds a budget allows, also those above it", () => {
    const bench = new Bench(open("top", { maxHolds: 2, maxReserveTokens: 50 }), open("leaf", { parent: "top" }));
    expect(bench.code(reserve("leaf", 51))).toBe("reserve_too_large");
    expect([1, 2, 3].map((tokens) => bench.code(reserve("leaf", tokens)))).toEqual(["ok", "ok", "too_many_holds"]);
  });
});

describe("a pause", () => {
  it("of board, task, branch or agent refuses reserves, and lets what is held be settled and what happened be charged", () => {
    const bench = new Bench(open("top"), open("leaf", { parent: "top" }));
    const hold = bench.hold(reserve("leaf", 5));
    const scopes = [
      { scope: "board" },
      { scope: "task", name: "leaf" },
      { scope: "task", name: "top" },
      { scope: "agent", name: "ann" },
    ] as const;
    for (const scope of scopes) {
      expect(bench.code({ type: "pause.set", ...scope, reason: "look first" }, "boss")).toBe("ok");
      expect(bench.do(reserve("leaf", 1))).toMatchObject({
        code: "paused",
        detail: { by: "boss", reason: "look first" },
      });
      expect(bench.code(charge("leaf", 1))).toBe("ok");
      expect(bench.code({ type: "pause.clear", ...scope })).toBe("ok");
      expect(bench.code({ type: "pause.clear", ...scope })).toBe("not_paused");
      expect(bench.code(reserve("leaf", 1))).toBe("ok");
    }
    bench.do({ type: "pause.set", scope: "board" });
    expect(bench.code({ type: "hold.settle", hold, tokens: 5 })).toBe("ok");
  });

  it("of an agent stops it whether it spends itself or is spent for, and nobody else", () => {
    const bench = new Bench(open("t"), { type: "pause.set", scope: "agent", name: "rogue" });
    expect(bench.code(reserve("t", 1), "rogue")).toBe("paused");
    expect(bench.code(reserve("t", 1, { agent: "rogue" }), "gateway")).toBe("paused");
    expect(bench.code(reserve("t", 1, { agent: "bob" }), "rogue")).toBe("paused");
    expect(bench.code(reserve("t", 1, { agent: "bob" }), "gateway")).toBe("ok");
  });

  it("comes from a followed workspace that says SYSTEM_PAUSED, too", () => {
    const bench = new Bench(open("t"), { type: "source.report", source: "follow:ws", state: "ok", paused: true });
    expect(bench.do(reserve("t", 1))).toMatchObject({ code: "paused", detail: { by: "follow:ws" } });
    bench.do({ type: "source.report", source: "follow:ws", state: "ok", paused: false });
    expect(bench.code(reserve("t", 1))).toBe("ok");
  });
});

describe("alerts", () => {
  it("are raised once per crossing, for tokens and money, whatever the way up", () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 30 }), { maxLength: 20 }), fc.boolean(), (spends, ofMoney) => {
        const bench = new Bench(open("t", ofMoney ? { limitNanoUsd: 100 } : { limitTokens: 100 }));
        let spent = 0;
        for (const one of spends) {
          bench.do(ofMoney ? charge("t", 0, { nanoUsd: one }) : charge("t", one));
          spent += one;
          const reached = [80, 90, 100].filter((threshold) => spent >= threshold);
          expect(bench.alerts()).toEqual(reached.map((threshold) => ["t", "threshold", threshold]));
        }
      }),
    );
  });

  it("are raised again after a new window, and after a raised limit, not by a repeated charge beyond", () => {
    const window = { every: "day", timeZone: "UTC", rollover: false };
    const bench = new Bench(open("t", { limitTokens: 100, thresholds: [50, 50, 10], window }), {
      type: "budget.reset",
      resets: [{ task: "t", from: 0, startsAt: 10, endsAt: 20 }],
    });
    expect(bench.state.budgets.get("t")?.terms?.thresholds).toEqual([10, 50]);
    bench.do(charge("t", 60));
    bench.do(charge("t", 60));
    expect(bench.alerts()).toHaveLength(2);
    bench.do({ type: "budget.reset", resets: [{ task: "t", from: 10, startsAt: 20, endsAt: 30 }] });
    expect(bench.account("t").raised).toEqual([]);
    bench.do(charge("t", 60));
    expect(bench.alerts()).toHaveLength(4);
    bench.do({ type: "budget.limit", task: "t", limitTokens: 1000 });
    bench.do({ type: "budget.limit", task: "t", limitTokens: 100 });
    expect(bench.alerts()).toHaveLength(6);
  });

  it("are exact where figures are too large for a product of numbers", () => {
    const limitTokens = MAX_AMOUNT - 7;
    const edge = Number((BigInt(limitTokens) * 90n + 99n) / 100n);
    const bench = new Bench(open("t", { limitTokens, thresholds: [90] }), charge("t", edge - 1));
    expect(bench.alerts()).toEqual([]);
    bench.do(charge("t", 1));
    expect(bench.alerts()).toEqual([["t", "threshold", 90]]);
  });

  it("of a projection come when it is first said, and are acknowledged by the first who minds", () => {
    const bench = new Bench(open("t", { limitTokens: 100 }));
    for (const exhaustsAt of [500, 400, null, 300]) bench.do({ type: "budget.project", task: "t", exhaustsAt });
    expect(bench.alerts()).toEqual([
      ["t", "projected", undefined],
      ["t", "projected", undefined],
    ]);
    const [alert] = bench.state.alerts.keys();
    bench.do({ type: "alert.acknowledge", alert: alert!, reason: "seen" }, "eve");
    bench.do({ type: "alert.acknowledge", alert: alert! }, "mallory");
    expect(bench.state.alerts.get(alert!)).toMatchObject({ acknowledgedBy: "eve", reason: "seen" });
    expect(bench.code({ type: "alert.acknowledge", alert: "a0.0" })).toBe("no_such_alert");
  });
});

describe("rates", () => {
  it("let at most a minute's worth through at once, and no more than the rate over any longer time, for each agent apart", () => {
    const steps = fc.array(
      fc.record({ pause: fc.nat({ max: 20_000 }), tokens: fc.nat({ max: 60 }), bob: fc.boolean() }),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(
        steps,
        fc.integer({ min: 1, max: 8 }),
        fc.integer({ min: 60, max: 200 }),
        (all, perMinute, perAgent) => {
          const bench = new Bench(
            open("t", { rate: { reservesPerMinute: perMinute }, ratePerAgent: { tokensPerMinute: perAgent } }),
          );
          const taken: { at: number; tokens: number; agent: string }[] = [];
          for (const { pause, tokens, bob } of all) {
            bench.clock += pause;
            const agent = bob ? "bob" : "ann";
            const outcome = bench.do(reserve("t", tokens, { agent }));
            if (outcome.ok) taken.push({ at: bench.clock, tokens, agent });
            else {
              expect(outcome).toMatchObject({ code: "rate_limited", detail: { budget: "t" } });
              // It tells how long to wait, exactly: one ms before it is still refused, then it is taken.
              const { retryAfterMs } = outcome.detail as { retryAfterMs: number };
              const later = bench.clock + retryAfterMs;
              bench.clock = later - 1;
              expect(bench.code(reserve("t", tokens, { agent }))).toBe("rate_limited");
              bench.clock = later;
              expect(bench.code(reserve("t", tokens, { agent }))).toBe("ok");
              taken.push({ at: later, tokens, agent });
            }
          }
          for (const [i, first] of taken.entries()) {
            let count = 0;
            const tokensOf = new Map<string, number>();
            for (const one of taken.slice(i)) {
              const minutes = 1 + (one.at - first.at) / 60_000;
              expect(++count).toBeLessThanOrEqual(perMinute * minutes + 1e-6);
              const sum = (tokensOf.get(one.agent) ?? 0) + one.tokens;
              tokensOf.set(one.agent, sum);
              expect(sum).toBeLessThanOrEqual(perAgent * minutes + 1e-6);
            }
          }
        },
      ),
    );
  });

  it("say so where one reserve is more than the rate will ever allow", () => {
    const bench = new Bench(open("t", { rate: { tokensPerMinute: 10 } }));
    expect(bench.do(reserve("t", 11))).toMatchObject({ code: "rate_limited", detail: { retryAfterMs: null } });
  });
});

describe("a followed budget", () => {
  it("below a native one counts there by what its file says, up and down, and leaves with what it brought", () => {
    const bench = new Bench(open("team", { limitTokens: 100 }));
    const mirror = (usedTokens: number): Outcome =>
      bench.do({ type: "budget.mirror", task: "f", limitTokens: 50, usedTokens }, "follow:ws", "follow:ws");
    mirror(10);
    expect(bench.code({ type: "budget.move", task: "f", parent: "team" })).toBe("ok");
    for (const used of [40, 5, 30]) {
      mirror(used);
      expect(bench.state.budgets.get("team")?.usedTokens).toBe(used);
    }
    expect(bench.do({ type: "budget.unmirror", task: "f" }, "follow:ws", "follow:ws").ok).toBe(true);
    expect(bench.state.budgets.get("team")?.usedTokens).toBe(0);
  });

  it("that something hangs on is closed, not lost, when its file lets it go", () => {
    const bench = new Bench();
    bench.do({ type: "budget.mirror", task: "f", limitTokens: 50, usedTokens: 0 }, "follow:ws", "follow:ws");
    const hold = bench.hold(reserve("f", 10));
    bench.do({ type: "budget.unmirror", task: "f" }, "follow:ws", "follow:ws");
    expect(bench.state.budgets.get("f")?.closed).toBe(true);
    expect(bench.code({ type: "hold.settle", hold, tokens: 9 })).toBe("ok");
    expect(bench.state.budgets.get("f")?.usedTokens).toBe(9);
  });

  it("that its file calls exhausted grants nothing, however its figures stand, to itself and to what is below it", () => {
    const bench = new Bench();
    const mirror = (exhausted: boolean): Outcome =>
      bench.do(
        { type: "budget.mirror", task: "f", limitTokens: 100, usedTokens: 40, exhausted },
        "follow:ws",
        "follow:ws",
      );
    mirror(false);
    bench.do(open("child", { parent: "f" }));
    expect(bench.code(reserve("child", 5))).toBe("ok");
    mirror(true);
    for (const task of ["f", "child"]) {
      expect(bench.do(reserve(task, 1))).toMatchObject({ code: "over_budget", detail: { budget: "f", available: 0 } });
      expect(bench.code(reserve(task, 1_000_000_000))).toBe("over_budget");
    }
    mirror(false);
    expect(bench.code(reserve("f", 55))).toBe("ok");
  });

  it("that is gone takes no late settlement: a spend that nothing counts is not acknowledged", () => {
    const bench = new Bench();
    bench.do({ type: "budget.mirror", task: "f", limitTokens: 50, usedTokens: 0 }, "follow:ws", "follow:ws");
    const hold = bench.hold(reserve("f", 10));
    bench.clock = 1000;
    bench.do({ type: "items.expire", items: dueItems(bench.state, bench.clock, 9) });
    bench.do({ type: "budget.unmirror", task: "f" }, "follow:ws", "follow:ws");
    expect(bench.code({ type: "hold.settle", hold, tokens: 9 })).toBe("no_such_budget");
  });
});

describe("the sums over all roots", () => {
  it("rule 3: stay exact wherever budgets are put, and whatever windows they lose", () => {
    const half = Math.floor(MAX_AMOUNT / 2);
    const bench = new Bench(
      open("top"),
      ...["a", "b", "c"].map((task) => open(task, { parent: "top", limitTokens: half })),
    );
    const out = (task: string): string => bench.code({ type: "budget.move", task, parent: null });
    expect([out("a"), out("b"), out("c")]).toEqual(["ok", "ok", "number_too_large"]);
    expect(bench.code({ type: "budget.limit", task: "a", limitTokens: 1 })).toBe("ok");
    expect(out("c")).toBe("ok");
    const window = { every: "day", timeZone: "UTC", rollover: false };
    const other = new Bench(open("w", { window }), charge("w", half), open("v", { window }), charge("v", half));
    for (const task of ["w", "v"]) {
      other.do({ type: "budget.reset", resets: [{ task, from: 0, startsAt: 10, endsAt: 20 }] });
      other.do({ type: "budget.reset", resets: [{ task, from: 10, startsAt: 20, endsAt: 30 }] });
    }
    other.do(open("u"));
    expect(other.code(charge("u", half))).toBe("ok");
    expect(other.code({ type: "budget.change", task: "w", window: null })).toBe("ok");
    expect(other.code({ type: "budget.change", task: "v", window: null })).toBe("number_too_large");
  });
});

describe("more of a hold", () => {
  it("is bound as the hold would be: by the most of one reserve together, and by the rate of tokens", () => {
    const bench = new Bench(
      open("t", { maxReserveTokens: 50, ratePerAgent: { tokensPerMinute: 80 } }),
      open("r", { rate: { reservesPerMinute: 1 } }),
    );
    const hold = bench.hold(reserve("t", 40));
    expect(bench.code({ type: "hold.extend", hold, ttlMs: 99, tokens: 11 })).toBe("reserve_too_large");
    expect(bench.code({ type: "hold.extend", hold, ttlMs: 99, tokens: 10 })).toBe("ok");
    expect(bench.code(reserve("t", 31))).toBe("rate_limited");
    expect(bench.code(reserve("t", 30))).toBe("ok");
    // It is no reserve of its own.
    const other = bench.hold(reserve("r", 1));
    expect(bench.code({ type: "hold.extend", hold: other, ttlMs: 99, tokens: 10 })).toBe("ok");
    expect(bench.code(reserve("r", 1))).toBe("rate_limited");
  });
});
