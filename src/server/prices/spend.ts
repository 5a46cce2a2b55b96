// Owns what tokens come to at a price: products in BigInt, rounded up once for the whole spend (rule 3).
// Does not own which price it is (price-book.ts). Invariant: tokens of a kind without a known rate have no amount at all.

import { MAX_AMOUNT } from "../../protocol/index.ts";
import { type Kind, KINDS, type Price, rateOf, type Rates, ratesFor } from "./rates.ts";

/** Disjoint tokens by kind, as a caller states them. */
export type Usage = { readonly [K in Kind]?: number | undefined };

const MILLION = 1_000_000n;

/** `unpriced`: a rate is missing. `tooLarge`: beyond 2^53-1 nano-USD. */
export type Spend =
  | { readonly ok: true; readonly nanoUsd: number; readonly used: Rates }
  | { readonly ok: false; readonly why: "unpriced" | "tooLarge" };

/** All kinds together; undefined beyond 2^53-1. */
export function tokensOf(usage: Usage): number | undefined {
  const sum = KINDS.reduce((tokens, kind) => tokens + BigInt(usage[kind] ?? 0), 0n);
  return sum > BigInt(MAX_AMOUNT) ? undefined : Number(sum);
}

/** What a call with this usage costs. `used` are the rates that were taken, for whoever computes it again. */
export function priceOfUsage(price: Price, usage: Usage): Spend {
  const inputs = (usage.input ?? 0) + (usage.cacheRead ?? 0) + (usage.cacheWrite ?? 0) + (usage.cacheWrite1h ?? 0);
  const rates = ratesFor(price, inputs);
  const used: { [K in Kind]?: number } = {};
  let sum = 0n;
  for (const kind of KINDS) {
    const tokens = usage[kind] ?? 0;
    if (tokens === 0) continue;
    const rate = rates === null ? undefined : rateOf(rates, kind);
    if (rate === undefined) return { ok: false, why: "unpriced" };
    used[kind] = rate;
    sum += BigInt(tokens) * BigInt(rate);
  }
  return rounded(sum, used);
}

/**
 * What so many tokens cost at most, where their kinds are not known: each at the dearest rate of any kind, and of any tier
 * that so many tokens could reach. Never too little.
 */
export function priceOfTokens(price: Price, tokens: number): Spend {
  const reached = [
    price.rates,
    ...(price.above ?? []).filter((tier) => tokens > tier.inputTokens).map(({ rates }) => rates),
  ];
  let dearest: { readonly kind: Kind; readonly rate: number } | undefined;
  for (const rates of reached) {
    for (const kind of KINDS) {
      const rate = rates === null ? undefined : rateOf(rates, kind);
      if (rate !== undefined && (dearest === undefined || rate > dearest.rate)) dearest = { kind, rate };
    }
  }
  if (dearest === undefined) return { ok: false, why: "unpriced" };
  return rounded(BigInt(tokens) * BigInt(dearest.rate), { [dearest.kind]: dearest.rate });
}

function rounded(sum: bigint, used: Rates): Spend {
  const nanoUsd = (sum + MILLION - 1n) / MILLION;
  return nanoUsd > BigInt(MAX_AMOUNT) ? { ok: false, why: "tooLarge" } : { ok: true, nanoUsd: Number(nanoUsd), used };
}
