// Owns what a price is: rates by kind of token, from which input on others hold, and which of several holds when.
// Does not own where prices come from (price-table.ts, price-book.ts) or what a spend comes to (spend.ts).

/**
 * Kinds of tokens that have prices. `cacheWrite1h` is what was written to a cache that is kept for an hour: a caller may
 * state it apart, as it is dearer; what is recorded counts it as `cacheWrite`.
 */
export const KINDS = ["input", "output", "cacheRead", "cacheWrite", "cacheWrite1h", "reasoning"] as const;
export type Kind = (typeof KINDS)[number];

/** Integer nano-USD per million tokens, by kind. A kind that is absent costs what `FALLBACK` says, or is not known. */
export type Rates = { readonly [K in Kind]?: number };

/** Rates that hold for all tokens of a call whose input, cached input too, is above so many tokens. */
export interface Tier {
  readonly inputTokens: number;
  readonly rates: Rates;
}

/** One price of a model. Of several, the last that holds at a moment is taken, as in the source. */
export interface Price {
  /** From this day on (UTC), as YYYY-MM-DD. */
  readonly from?: string | undefined;
  /** Every day from the one time to the other (UTC), as HH:MM:SSZ; perhaps over midnight. */
  readonly daily?: readonly [string, string] | undefined;
  /** Null where the model is paid by other things than tokens. */
  readonly rates: Rates | null;
  /** In ascending order. */
  readonly above?: readonly Tier[] | undefined;
}

/** Where a kind has no rate of its own: cached input is plain input then, and reasoning is output. */
const FALLBACK: { readonly [K in Kind]?: Kind } = {
  cacheRead: "input",
  cacheWrite: "input",
  cacheWrite1h: "cacheWrite",
  reasoning: "output",
};

/** The rate of a kind; undefined where none is known, which does not mean free. */
export function rateOf(rates: Rates, kind: Kind): number | undefined {
  const own = rates[kind];
  if (own !== undefined) return own;
  const other = FALLBACK[kind];
  return other === undefined ? undefined : rateOf(rates, other);
}

/** The rates of a call with so much input, cached input too. */
export function ratesFor(price: Price, inputTokens: number): Rates | null {
  return price.above?.findLast((tier) => inputTokens > tier.inputTokens)?.rates ?? price.rates;
}

/** The price that holds at a moment in ms (UTC); the first where none says so. */
export function priceAt(prices: readonly Price[], atMs: number): Price | undefined {
  return prices.findLast((price) => holdsAt(price, atMs)) ?? prices[0];
}

const DAY_MS = 86_400_000;

function holdsAt({ from, daily }: Price, atMs: number): boolean {
  if (from !== undefined && atMs < Date.parse(`${from}T00:00:00Z`)) return false;
  if (daily === undefined) return true;
  const [start, end] = daily.map((time) => Date.parse(`1970-01-01T${time}`) % DAY_MS) as [number, number];
  const timeMs = atMs % DAY_MS;
  return end < start ? timeMs >= start || timeMs < end : timeMs >= start && timeMs < end;
}
