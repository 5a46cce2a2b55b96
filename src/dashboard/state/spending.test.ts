// Owns the proof that figures, trees, curves and filters of spending come out exactly as they should.
// Does not own drawing (test/e2e).

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Budget } from "../../client/index.ts";
import { money, shortMoney } from "../text/money.ts";
import { addressWith, AUDIT_TEXTS, type AuditFilter, auditFilterIn, recordsQueryOf } from "./audit-filter.ts";
import { moneyOf, tokensOf } from "./budget-figures.ts";
import { budgetLines, pathOf, pauseOfPath } from "./budget-tree.ts";
import { curveOfHistory, type SpendHistory } from "./burn-down.ts";
import { createSpendPoints } from "./spend-points.ts";

const TERMS: NonNullable<Budget["terms"]> = {
  policy: "hard",
  overdraftTokens: 0,
  overdraftNanoUsd: 0,
  unknownModel: "deny",
  thresholds: [80, 90, 100],
};
const ACCOUNT: NonNullable<Budget["account"]> = {
  nanoUsd: 0,
  everTokens: 0,
  everNanoUsd: 0,
  usage: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0, reasoning: 0 },
  unpricedTokens: 0,
  heldTokens: 0,
  heldNanoUsd: 0,
  holds: 0,
  carriedTokens: 0,
  carriedNanoUsd: 0,
  raised: [],
};

const budget = (task: string, more: Partial<Budget> = {}): Budget => ({
  task,
  usedTokens: 0,
  limitTokens: 100,
  percentage: 0,
  status: "active",
  closed: false,
  openedAt: 0,
  description: "",
  terms: TERMS,
  account: ACCOUNT,
  seq: 1,
  at: 0,
  ...more,
});
const below = (task: string, parent: string | undefined, more: Partial<Budget> = {}): Budget =>
  budget(task, { terms: parent === undefined ? TERMS : { ...TERMS, parent }, ...more });

describe("money on the screen", () => {
  it("is every digit of the integer nano-USD, and nothing else (L8)", () => {
    expect(money(1_234_500_000)).toBe("$1.2345");
    expect([money(0), money(1), money(1_000_000_000), money(-1_500_000_000)]).toEqual([
      "$0.00",
      "$0.000000001",
      "$1.00",
      "-$1.50",
    ]);
    expect(money(Number.MAX_SAFE_INTEGER)).toBe("$9,007,199.254740991");
    fc.assert(
      fc.property(fc.maxSafeInteger(), (nanoUsd) => {
        const [whole = "", part = ""] = money(nanoUsd).replace(/[$,]/g, "").split(".");
        expect(BigInt(whole + part.padEnd(9, "0"))).toBe(BigInt(nanoUsd));
      }),
    );
  });

  it("never calls a little nothing, where it is short", () => {
    expect([0, 1, 99_999, 100_000, 1_234_560_000].map(shortMoney)).toEqual([
      "$0.00",
      "<$0.0001",
      "<$0.0001",
      "$0.0001",
      "$1.2346",
    ]);
  });
});

describe("figures of a budget", () => {
  it("are such that spent, held and left are the limit, or debt is what is beyond it", () => {
    const amount = fc.integer({ min: 0, max: 1_000_000 });
    fc.assert(
      fc.property(amount, amount, amount, fc.integer({ min: -1000, max: 1000 }), (limit, spent, held, carried) => {
        const account = {
          ...ACCOUNT,
          heldTokens: held,
          heldNanoUsd: held,
          carriedTokens: carried,
          carriedNanoUsd: carried,
        };
        const one = budget("t", {
          limitTokens: limit,
          usedTokens: spent,
          account: { ...account, nanoUsd: spent },
          terms: { ...TERMS, limitNanoUsd: limit },
        });
        const tokens = tokensOf(one);
        expect(moneyOf(one)).toEqual(tokens);
        expect(tokens.limit).toBe(Math.max(0, limit + carried));
        if (spent + held <= (tokens.limit ?? 0)) expect(spent + held + (tokens.left ?? 0)).toBe(tokens.limit);
        else expect(tokens.left).toBe(0);
        expect(tokens.debt).toBe(Math.max(0, spent - (tokens.limit ?? 0)));
      }),
    );
  });
});

describe("the tree of budgets", () => {
  const ALL = { folded: new Set<string>(), showClosed: true };

  it("gives each budget exactly one line, below its parent, the fullest first, whatever parents say", () => {
    const names = ["a", "b", "c", "d", "e", "f"];
    const any = fc.array(
      fc.record({
        parent: fc.option(fc.constantFrom(...names, "gone"), { nil: undefined }),
        percentage: fc.integer({ min: 0, max: 120 }),
        closed: fc.boolean(),
      }),
      { minLength: names.length, maxLength: names.length },
    );
    fc.assert(
      fc.property(any, fc.boolean(), (rows, showClosed) => {
        // A parent comes from before, as the fold makes no circles.
        const budgets = rows.map(({ parent, ...more }, i) =>
          below(names[i]!, parent !== undefined && names.indexOf(parent) >= i ? undefined : parent, more),
        );
        const lines = budgetLines(budgets, { ...ALL, showClosed });
        const seen = lines.map((line) => line.budget.task);
        expect(new Set(seen).size).toBe(seen.length);
        for (const one of budgets) if (showClosed || !one.closed) expect(seen).toContain(one.task);
        for (const [i, line] of lines.entries()) {
          const parent = line.budget.terms?.parent;
          const above = lines.slice(0, i).findLast((other) => other.level < line.level);
          if (parent !== undefined && seen.includes(parent)) expect(above?.budget.task).toBe(parent);
          else expect(line.level).toBe(1);
          const siblings = lines.filter((other) => other.level === line.level && sameParent(lines, other, line));
          expect([line.siblings, line.place]).toEqual([siblings.length, siblings.indexOf(line) + 1]);
          const full = siblings.map((other) => other.budget.percentage);
          expect(full).toEqual(full.toSorted((x, y) => y - x));
        }
      }),
    );
  });

  it("shows nothing twice and ends, even where parents go in a circle", () => {
    const lines = budgetLines([below("a", "b"), below("b", "a"), below("c", undefined)], ALL);
    expect(lines.map((line) => line.budget.task)).toEqual(["c"]);
    expect(pathOf(new Map([["a", below("a", "a")]]), "a")).toEqual(["a"]);
  });

  it("keeps a closed budget above an open one, hides what is folded, and finds the nearest pause", () => {
    const all = [
      below("team", undefined, { closed: true }),
      below("task", "team"),
      below("old", "team", { closed: true }),
    ];
    const open = budgetLines(all, { folded: new Set(), showClosed: false });
    expect(open.map((line) => [line.budget.task, line.level])).toEqual([
      ["team", 1],
      ["task", 2],
    ]);
    const folded = budgetLines(all, { folded: new Set(["team"]), showClosed: true });
    expect(folded.map((line) => [line.budget.task, line.children, line.isOpen])).toEqual([["team", 2, false]]);
    const pause = { pause: "task:team", scope: "task", name: "team", by: "x", reason: "", seq: 1, at: 0 } as const;
    const byTask = new Map(all.map((one) => [one.task, one]));
    expect(pauseOfPath(new Map([["task:team", pause]]), pathOf(byTask, "task"))).toBe(pause);
    expect(pauseOfPath(new Map([["task:task", pause]]), pathOf(byTask, "team"))).toBe(undefined);
  });
});

type Line = ReturnType<typeof budgetLines>[number];
function sameParent(lines: readonly Line[], a: Line, b: Line): boolean {
  const above = (line: Line) => lines.slice(0, lines.indexOf(line)).findLast((other) => other.level < line.level);
  return above(a) === above(b);
}

describe("a burn-down", () => {
  const HOUR = 3_600_000;
  const history = (points: readonly number[], resets: readonly number[] = []): SpendHistory => {
    let cumTokens = 1000;
    return {
      bucket: "hour",
      from: 0,
      to: points.length * HOUR,
      resets,
      points: points.map((tokens, hour) => {
        cumTokens += tokens;
        return { at: hour * HOUR, tokens, nanoUsd: 0, cumTokens, cumNanoUsd: 0 };
      }),
      byAgent: [],
      byModel: [],
      byOperation: [],
    };
  };
  const leftOf = (used: number, told: SpendHistory, nowMs = Number.MAX_SAFE_INTEGER) =>
    curveOfHistory(budget("t", { usedTokens: used }), "tokens", told, nowMs).points;

  it("ends at what is left now, also where the history begins after the budget did", () => {
    expect(leftOf(60, history([10, 0, 20])).map(({ value }) => value)).toEqual([60, 60, 40]);
  });

  it("stands at the ends of buckets, none of them later than now", () => {
    expect(leftOf(60, history([10, 0, 20]), 2.5 * HOUR).map(({ at }) => at)).toEqual([HOUR, 2 * HOUR, 2.5 * HOUR]);
  });

  it("begins anew behind each reset", () => {
    const left = leftOf(5, history([30, 10, 50, 5], [2 * HOUR, 3 * HOUR])).map(({ value }) => value);
    expect(left).toEqual([70, 60, 50, 95]);
  });

  it("stays between the limit and 0 where no window was overspent, wherever the resets fall", () => {
    const spend = fc.array(fc.integer({ min: 0, max: 10 }), { minLength: 1, maxLength: 9 });
    fc.assert(
      fc.property(spend, fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 5 }), (points, resets) => {
        const last = Math.max(0, ...resets);
        const used = points.slice(last).reduce((sum, one) => sum + one, 0);
        for (const { value } of leftOf(
          used,
          history(
            points,
            resets.map((hour) => hour * HOUR),
          ),
        )) {
          expect(value).toBeLessThanOrEqual(100);
          expect(value).toBeGreaterThanOrEqual(0);
        }
      }),
    );
  });

  it("keeps a bounded number of points that the page saw, the first and the last among them", () => {
    const points = createSpendPoints();
    for (let n = 0; n < 5000; n++) points.note([budget("t", { usedTokens: n })], n);
    const kept = points.of("t");
    expect(kept.length).toBeLessThanOrEqual(240);
    expect([kept[0]?.tokens, kept.at(-1)?.tokens]).toEqual([0, 4999]);
    for (let n = 0; n < 600; n++) points.note([budget(`t${n}`)], n);
    expect([points.of("t"), points.of("t99"), points.of("t599").length]).toEqual([[], [], 1]);
  });
});

describe("the filter of the audit", () => {
  it("comes back from the address as it went in, and leaves the rest of the address alone", () => {
    const text = fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 });
    const filter = fc.record(
      {
        kind: fc.constantFrom<AuditFilter["kind"]>("events", "granted", "denied", "refused", "all"),
        ...Object.fromEntries(AUDIT_TEXTS.map((name) => [name, text])),
      },
      { requiredKeys: ["kind"] },
    );
    fc.assert(
      fc.property(filter, (given) => {
        const address = new URL(addressWith(given, "http://h/blackboard?board=b&q=old#audit"));
        expect(auditFilterIn(address.search)).toEqual(given);
        expect([address.searchParams.get("board"), address.hash]).toEqual(["b", "#audit"]);
      }),
    );
  });

  it("asks the server in its own words, with moments that have a zone", () => {
    const at = new Date(2026, 10, 25, 7, 30).getTime();
    expect(recordsQueryOf({ kind: "events", about: "task:", q: "x", from: "2026-11-25T07:30", to: "1" })).toEqual({
      action: "audit.note",
      prefix: "task:",
      q: "x",
      from: String(at),
      to: "1",
    });
    expect(recordsQueryOf({ kind: "refused", outcome: "paused" })).toEqual({ outcome: "paused" });
    expect(recordsQueryOf({ kind: "events", action: "permission_denied" })).toEqual({ action: "permission_denied" });
  });
});
