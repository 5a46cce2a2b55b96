// Owns what may be asked of a budget's spending over time, and how spends are added up for an answer.
// Does not own where they are kept: spend-tables has them for boards on disk, memory-spending for the others.

import type { Spend } from "./spends.ts";

/** What was spent of one budget between given moments. */
export interface SpendingQuestion {
  readonly task: string;
  /** Bounds of the buckets in wall time (ms), ascending whole minutes: n+1 of them for n buckets. The asker bounds them. */
  readonly edges: readonly number[];
}

export interface Sums {
  readonly tokens: number;
  readonly nanoUsd: number;
  readonly unpricedTokens: number;
}

export interface NamedSums extends Sums {
  /** Empty where the spends state none. */
  readonly name: string;
}

export interface SpendingAnswer {
  /** One for each bucket. */
  readonly buckets: readonly Sums[];
  /** All that was spent before the first bucket, as far back as the log goes. */
  readonly before: Sums;
  /** Who and what spent it within the buckets, the dearest first; at most MOST_NAMES, the others under `others`. */
  readonly byAgent: readonly NamedSums[];
  readonly byModel: readonly NamedSums[];
  readonly byOperation: readonly NamedSums[];
  /** Spends up to this position are counted. */
  readonly indexedTo: number;
  /** Position of the first record that could be counted. */
  readonly first: number;
}

export const MOST_NAMES = 50;
export const MINUTE_MS = 60_000;
/** The name of what is not among the dearest. */
export const OTHERS = "others";

/** Rows of one budget, added up by minute and who and what. */
export interface SpendRow extends Sums {
  readonly minute: number;
  readonly agent: string;
  readonly model: string;
  readonly operation: string;
}

export const minuteOf = ({ at }: Pick<Spend, "at">): number => Math.floor(at / MINUTE_MS);

const NOTHING: Sums = { tokens: 0, nanoUsd: 0, unpricedTokens: 0 };

const plus = (a: Sums, b: Sums): Sums => ({
  tokens: a.tokens + b.tokens,
  nanoUsd: a.nanoUsd + b.nanoUsd,
  unpricedTokens: a.unpricedTokens + b.unpricedTokens,
});

/** Add rows up into the buckets of a question. Rows after the last edge do not count. */
export function addUp(
  { edges }: SpendingQuestion,
  rows: Iterable<SpendRow>,
): Omit<SpendingAnswer, "indexedTo" | "first"> {
  const first = edges[0] ?? 0;
  const last = edges.at(-1) ?? 0;
  const buckets: Sums[] = Array.from({ length: Math.max(0, edges.length - 1) }, () => NOTHING);
  let before = NOTHING;
  const by = { agent: new Map<string, Sums>(), model: new Map<string, Sums>(), operation: new Map<string, Sums>() };
  for (const row of rows) {
    const at = row.minute * MINUTE_MS;
    if (at >= last) continue;
    if (at < first) {
      before = plus(before, row);
      continue;
    }
    const bucket = bucketOf(edges, at);
    buckets[bucket] = plus(buckets[bucket] ?? NOTHING, row);
    for (const kind of ["agent", "model", "operation"] as const) {
      by[kind].set(row[kind], plus(by[kind].get(row[kind]) ?? NOTHING, row));
    }
  }
  return {
    buckets,
    before,
    byAgent: dearest(by.agent),
    byModel: dearest(by.model),
    byOperation: dearest(by.operation),
  };
}

/** The last bucket that begins at or before a moment. */
function bucketOf(edges: readonly number[], at: number): number {
  let low = 0;
  let high = edges.length - 2;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((edges[middle] ?? 0) <= at) low = middle;
    else high = middle - 1;
  }
  return low;
}

function dearest(sums: ReadonlyMap<string, Sums>): NamedSums[] {
  const all = [...sums].map(([name, sum]): NamedSums => Object.assign({ name }, sum));
  all.sort((a, b) => b.nanoUsd - a.nanoUsd || b.tokens - a.tokens || (a.name < b.name ? -1 : 1));
  if (all.length <= MOST_NAMES) return all;
  const rest = all.slice(MOST_NAMES).reduce<Sums>(plus, NOTHING);
  return [...all.slice(0, MOST_NAMES), { name: OTHERS, ...rest }];
}
