import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type CallerCommand, type Hold, seq, type SingleCommand } from "../../protocol/index.ts";
import { Refusal } from "../problem.ts";
import { createPriceBook, type Prices } from "../prices/price-book.ts";
import { openKeptPrices } from "../prices/kept-prices.ts";
import { carriedTable } from "../prices/price-table.ts";
import { KINDS, type Kind } from "../prices/rates.ts";
import { resolveCommand, timeOfPrice } from "./resolve.ts";

const prices: Prices = createPriceBook(carriedTable(), await openKeptPrices(undefined), undefined);
const AT_MS = Date.parse("2026-11-25T12:00:00Z");
const SONNET = "anthropic/claude-sonnet-4-5";

const holdOf = (more: Partial<Hold>): Hold => ({
  hold: "h1",
  seq: seq(1),
  at: 0,
  task: "t",
  agent: "a",
  by: "a",
  model: undefined,
  operation: undefined,
  tokens: 10,
  nanoUsd: undefined,
  state: "open",
  openedAt: 0,
  expiresAtClock: 1,
  spent: undefined,
  ...more,
});
const resolve = (command: CallerCommand, hold?: Hold) =>
  resolveCommand(command, {
    prices,
    state: { holds: new Map(hold === undefined ? [] : [[hold.hold, hold]]) },
    atMs: AT_MS,
  });
const codeOf = (command: CallerCommand): unknown => {
  try {
    return resolve(command);
  } catch (error) {
    return error instanceof Refusal ? [error.code, error.told.facts] : error;
  }
};

const tokens = fc.integer({ min: 0, max: 1_000_000 });
const usage = fc.record(
  { input: tokens, output: tokens, cacheRead: tokens, cacheWrite: tokens, cacheWrite1h: tokens, reasoning: tokens },
  { requiredKeys: [] },
);

interface Told {
  readonly model: string;
  readonly nanoUsdPerMillion: { readonly [K in Kind]?: number };
  readonly dearest?: true;
  readonly cacheWrite1h?: number;
}

describe("what the edge adds to a spend (rule 2)", () => {
  it("records a price from which anybody can compute the amount again, with the record alone", () => {
    const models = carriedTable().models;
    let priced = 0;
    fc.assert(
      fc.property(fc.integer({ min: 0, max: models.length - 1 }), fc.oneof(usage, tokens), (at, spent) => {
        const model = models[at]?.name ?? "";
        const amount = typeof spent === "number" ? { tokens: spent } : { usage: spent };
        const made = resolve({ type: "budget.reserve", task: "t", ttlMs: 1, model, ...amount }) as Extract<
          SingleCommand,
          { type: "budget.reserve" }
        >;
        // Money, or the word that there is none: never silence.
        expect((made.nanoUsd === undefined) === (made.unpriced === true)).toBe(true);
        if (made.nanoUsd === undefined) return;
        priced++;
        const told = JSON.parse(made.price ?? "") as Told;
        const rates = told.nanoUsdPerMillion;
        let sum = 0n;
        if (told.dearest === true) sum = BigInt(made.tokens ?? 0) * BigInt(Math.max(0, ...Object.values(rates)));
        else {
          const { cacheWrite1h = 0 } = told;
          const recorded = { ...made.usage, cacheWrite1h, cacheWrite: (made.usage?.cacheWrite ?? 0) - cacheWrite1h };
          for (const kind of KINDS) sum += BigInt(recorded[kind] ?? 0) * BigInt(rates[kind] ?? 0);
        }
        expect(BigInt(made.nanoUsd)).toBe((sum + 999_999n) / 1_000_000n);
      }),
      { numRuns: 3000 },
    );
    expect(priced).toBeGreaterThan(1500);
  });

  it("adds up tokens by kind, and refuses a sum that says otherwise or is too large", () => {
    const charge = { type: "budget.charge", task: "t" } as const;
    expect(resolve({ ...charge, usage: { input: 1, reasoning: 2 } })).toMatchObject({ tokens: 3 });
    expect(codeOf({ ...charge, tokens: 4, usage: { input: 1, reasoning: 2 } })).toEqual([
      "usage_mismatch",
      { tokens: 4, sum: 3 },
    ]);
    expect(codeOf({ ...charge, usage: { input: Number.MAX_SAFE_INTEGER, output: 1 } })).toEqual([
      "number_too_large",
      {},
    ]);
    expect(
      codeOf({ type: "batch", commands: [charge, { ...charge, model: SONNET, tokens: Number.MAX_SAFE_INTEGER }] }),
    ).toEqual(["number_too_large", { index: 1, model: SONNET }]);
  });

  it("records what an hour's cache was written as cache writes, at its own price", () => {
    const made = resolve({
      type: "budget.charge",
      task: "t",
      model: SONNET,
      usage: { cacheWrite: 1000, cacheWrite1h: 1000 },
    });
    expect(made).toMatchObject({ tokens: 2000, usage: { cacheWrite: 2000 }, nanoUsd: 3_750_000 + 6_000_000 });
    expect(made).not.toHaveProperty("usage.cacheWrite1h");
  });

  it("unknown model: never free, in any command", () => {
    const model = "nobody/knows-this";
    const unpriced = { unpriced: true };
    expect(resolve({ type: "budget.charge", task: "t", tokens: 5, model })).toMatchObject(unpriced);
    expect(resolve({ type: "budget.reserve", task: "t", tokens: 5, ttlMs: 1, model })).toMatchObject(unpriced);
    expect(resolve({ type: "hold.extend", hold: "h1", tokens: 5, ttlMs: 1 }, holdOf({ model }))).toMatchObject(
      unpriced,
    );
    expect(resolve({ type: "hold.settle", hold: "h1", tokens: 5 }, holdOf({ model }))).toMatchObject(unpriced);
    // The holder stated money itself: it stays, as what is not stated counts as held.
    const settled = resolve({ type: "hold.settle", hold: "h1", tokens: 5 }, holdOf({ model, nanoUsd: 7 }));
    expect(settled).not.toHaveProperty("unpriced");
    expect(settled).not.toHaveProperty("nanoUsd");
  });

  it("settles and extends at the price of the hold's model, unless the settlement names another", () => {
    const hold = holdOf({ model: SONNET });
    const settle = { type: "hold.settle", hold: "h1", usage: { output: 1_000_000 } } as const;
    expect(resolve(settle, hold)).toMatchObject({ nanoUsd: 15_000_000_000 });
    expect(resolve({ ...settle, model: "openai/gpt-4o-mini" }, hold)).toMatchObject({ nanoUsd: 600_000_000 });
    expect(resolve({ type: "hold.extend", hold: "h1", ttlMs: 1, usage: { output: 1_000_000 } }, hold)).toMatchObject({
      nanoUsd: 15_000_000_000,
    });
    // Nothing stated: nothing added. It counts as held.
    expect(resolve({ type: "hold.settle", hold: "h1" }, hold)).toEqual({ type: "hold.settle", hold: "h1" });
    expect(resolve({ type: "hold.extend", hold: "h1", ttlMs: 1 }, hold)).toEqual({
      type: "hold.extend",
      hold: "h1",
      ttlMs: 1,
    });
  });

  it("takes money that the caller states as it is", () => {
    const made = resolve({ type: "budget.charge", task: "t", model: SONNET, usage: { output: 5 }, nanoUsd: 1 });
    expect(made).toEqual({
      type: "budget.charge",
      task: "t",
      model: SONNET,
      tokens: 5,
      usage: { output: 5 },
      nanoUsd: 1,
    });
  });

  it("L9: a retry is priced as of the moment when its id was issued, on whichever side of a change of price it comes", () => {
    const command = {
      type: "budget.charge",
      task: "t",
      model: "deepseek/deepseek-chat",
      usage: { input: 1_000_000 },
    } as const;
    const at = (iso: string) =>
      resolveCommand(command, { prices, state: { holds: new Map() }, atMs: timeOfPrice(id(iso), Date.now()) });
    const id = (iso: string) => {
      const hex = Date.parse(iso).toString(16).padStart(12, "0");
      return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`;
    };
    const [day, night] = [at("2026-11-25T12:00:00Z"), at("2026-11-25T20:00:00Z")] as const;
    expect(day).not.toEqual(night);
    expect(at("2026-11-25T12:00:00Z")).toEqual(day);
    expect(timeOfPrice("any id", 5)).toBe(5);
    expect(timeOfPrice(undefined, 5)).toBe(5);
  });
});
