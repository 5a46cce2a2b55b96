import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nanoUsdOf } from "../../protocol/index.ts";
import { carriedTable } from "./price-table.ts";
import { type Kind, KINDS, type Price, type Rates } from "./rates.ts";
import { priceOfTokens, priceOfUsage, tokensOf, type Usage } from "./spend.ts";

const MAX = Number.MAX_SAFE_INTEGER;

/** A rate as its decimal digits, so that the expected sum never meets our conversion. */
const decimal = fc
  .tuple(
    fc.integer({ min: 0, max: 9_000_000 }),
    fc.integer({ min: 0, max: 999_999_999 }),
    fc.integer({ min: 0, max: 9 }),
  )
  .map(([whole, fraction, places]) => {
    const digits = String(fraction).padStart(9, "0").slice(0, places);
    return digits === "" ? String(whole) : `${whole}.${digits}`;
  });
const usageOf = (max: number): fc.Arbitrary<Usage> =>
  fc.record(
    Object.fromEntries(KINDS.map((kind) => [kind, fc.integer({ min: 0, max })])) as Record<Kind, fc.Arbitrary<number>>,
    {
      requiredKeys: [],
    },
  );

/** Rational arithmetic over decimal digits: numerator over 10^15 (nine places, and a million tokens). */
function expected(rates: Readonly<Record<Kind, string>>, usage: Usage): bigint {
  let numerator = 0n;
  for (const kind of KINDS) {
    const [whole = "0", fraction = ""] = rates[kind].split(".");
    // US dollars per million tokens, times 10^9: nano-USD per million tokens.
    const scaled = BigInt(whole) * 10n ** 9n + BigInt(fraction.padEnd(9, "0"));
    numerator += scaled * BigInt(usage[kind] ?? 0);
  }
  const quotient = numerator / 10n ** 6n;
  return quotient * 10n ** 6n === numerator ? quotient : quotient + 1n;
}

describe("what tokens cost", () => {
  it("rule 3: is exact to the nano-dollar, rounded up once for the whole spend; sums beyond 2^53-1 are refused", () => {
    let tooLarge = 0;
    fc.assert(
      fc.property(
        fc.record(Object.fromEntries(KINDS.map((kind) => [kind, decimal])) as Record<Kind, fc.Arbitrary<string>>),
        fc.oneof(usageOf(5), usageOf(2_000_000), usageOf(MAX)),
        (decimals, usage) => {
          const rates = Object.fromEntries(KINDS.map((kind) => [kind, nanoUsdOf(decimals[kind])])) as Rates;
          const spend = priceOfUsage({ rates }, usage);
          const sum = expected(decimals, usage);
          if (sum > BigInt(MAX)) {
            tooLarge++;
            expect(spend).toEqual({ ok: false, why: "tooLarge" });
          } else expect(spend).toMatchObject({ ok: true, nanoUsd: Number(sum) });
        },
      ),
      { numRuns: 2000 },
    );
    expect(tooLarge).toBeGreaterThan(50);
  });

  it("rule 3: rounds once: three kinds of a third of a nano-dollar are one nano-dollar, not three", () => {
    const rates: Rates = { input: 333_333, output: 333_333, cacheRead: 333_333 };
    expect(priceOfUsage({ rates }, { input: 1, output: 1, cacheRead: 1 })).toMatchObject({ nanoUsd: 1 });
    expect(priceOfUsage({ rates }, { input: 3, output: 1 })).toMatchObject({ nanoUsd: 2 });
    expect(priceOfUsage({ rates }, {})).toMatchObject({ ok: true, nanoUsd: 0 });
  });

  it("regression: cached tokens mispriced — what is read from or written to a cache costs its own rate, whatever the model", () => {
    let cached = 0;
    for (const { prices } of carriedTable().models) {
      for (const price of prices) {
        if (price.rates === null) continue;
        const { input, cacheRead, cacheWrite } = price.rates;
        if (input === undefined || cacheRead === undefined || cacheRead === input) continue;
        cached++;
        const plain = priceOfUsage({ rates: price.rates }, { input: 1_000_000 });
        const read = priceOfUsage({ rates: price.rates }, { cacheRead: 1_000_000 });
        const written = priceOfUsage({ rates: price.rates }, { cacheWrite: 1_000_000 });
        expect([plain, read, written]).toMatchObject([
          { nanoUsd: input },
          { nanoUsd: cacheRead },
          { nanoUsd: cacheWrite ?? input },
        ]);
      }
    }
    expect(cached).toBeGreaterThan(400);
    // The published figures of one call: 4735 tokens written to the cache at 3.75, 5 plain at 3, 255 out at 15.
    const sonnet = carriedTable().find("claude-sonnet-4-20250514")?.prices[0] as Price;
    const usage = { input: 5, cacheWrite: 4735, output: 255 };
    expect(priceOfUsage(sonnet, usage)).toMatchObject({ nanoUsd: 5 * 3000 + 4735 * 3750 + 255 * 15_000 });
    // One hour of cache is dearer than five minutes.
    expect(priceOfUsage(sonnet, { cacheWrite1h: 1000 })).toMatchObject({ nanoUsd: 6_000_000 });
  });

  it("prices all tokens of a call at a tier's rates, once its input, cached input too, is above it", () => {
    const price: Price = {
      rates: { input: 1_000_000, output: 2_000_000 },
      above: [{ inputTokens: 100, rates: { input: 3_000_000, output: 4_000_000 } }],
    };
    expect(priceOfUsage(price, { input: 60, cacheRead: 40, output: 10 })).toMatchObject({ nanoUsd: 120 });
    expect(priceOfUsage(price, { input: 60, cacheRead: 41, output: 10 })).toMatchObject({ nanoUsd: 343 });
  });

  it("never free by want of a rate: tokens of a kind without one have no amount", () => {
    const embedding: Price = { rates: { input: 20_000_000 } };
    expect(priceOfUsage(embedding, { input: 5 })).toMatchObject({ ok: true });
    expect(priceOfUsage(embedding, { input: 5, output: 1 })).toEqual({ ok: false, why: "unpriced" });
    expect(priceOfUsage({ rates: null }, { input: 1 })).toEqual({ ok: false, why: "unpriced" });
  });

  it("bare tokens cost at least what any split of them into kinds would", () => {
    const models = carriedTable().models;
    fc.assert(
      fc.property(fc.integer({ min: 0, max: models.length - 1 }), usageOf(300_000), (at, usage) => {
        for (const price of models[at]?.prices ?? []) {
          const split = priceOfUsage(price, usage);
          const bare = priceOfTokens(price, tokensOf(usage) as number);
          if (split.ok && bare.ok) expect(bare.nanoUsd).toBeGreaterThanOrEqual(split.nanoUsd);
          if (split.ok && split.nanoUsd > 0) expect(bare.ok).toBe(true);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
