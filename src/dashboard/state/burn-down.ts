// Owns the points of a burn-down: what was left of a budget over time, from the server's history or from what the page saw.
// Does not own fetching or drawing. Pure. Where there is no limit, what was spent instead.

import type { Budget } from "../../client/index.ts";
import { moneyOf, tokensOf } from "./budget-figures.ts";
import type { SpendPoint } from "./spend-points.ts";

export type Unit = "tokens" | "nanoUsd";
export const BUCKETS = ["minute", "hour", "day"] as const;
export type Bucket = (typeof BUCKETS)[number];

/** Length of a bucket in ms. */
const BUCKET_MS: Record<Bucket, number> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

/** Who or what spent it; the name is empty where none was stated. */
export interface NamedSpend {
  readonly name: string;
  readonly tokens: number;
  readonly nanoUsd: number;
}
export const SPENDERS = ["byAgent", "byModel", "byOperation"] as const;
export type Spenders = (typeof SPENDERS)[number];

/** As `GET …/budgets/{task}/history` tells it. Times are wall times in ms. */
export interface SpendHistory extends Readonly<Record<Spenders, readonly NamedSpend[]>> {
  readonly bucket: Bucket;
  readonly from: number;
  readonly to: number;
  readonly points: readonly {
    /** When the bucket begins. */
    readonly at: number;
    /** Spent in it. */
    readonly tokens: number;
    readonly nanoUsd: number;
    /** Spent up to its end, ever. */
    readonly cumTokens: number;
    readonly cumNanoUsd: number;
  }[];
  /** When windows began. */
  readonly resets: readonly number[];
}

export interface Curve {
  readonly unit: Unit;
  /** Left of the limit; spent, where there is none. */
  readonly shows: "left" | "spent";
  readonly limit: number | undefined;
  readonly points: readonly { readonly at: number; readonly value: number }[];
  /** When it will be spent at the present rate. */
  readonly exhaustsAt: number | undefined;
}

const limitOf = (budget: Budget, unit: Unit): number | undefined =>
  (unit === "tokens" ? tokensOf(budget) : moneyOf(budget)).limit;

function curve(budget: Budget, unit: Unit, spent: readonly { at: number; value: number }[]): Curve {
  const limit = limitOf(budget, unit);
  return {
    unit,
    limit,
    shows: limit === undefined ? "spent" : "left",
    points: limit === undefined ? spent : spent.map(({ at, value }) => ({ at, value: limit - value })),
    exhaustsAt: limit === undefined ? undefined : budget.account?.exhaustsAt,
  };
}

export function curveOfPoints(budget: Budget, unit: Unit, points: readonly SpendPoint[]): Curve {
  return curve(
    budget,
    unit,
    points.map((point) => ({ at: point.at, value: point[unit] })),
  );
}

/**
 * The present limit over the whole time, as it stood at the end of each bucket. The last window ends at what is spent now; earlier
 * ones begin at 0 with their reset, as exactly as buckets tell. `nowMs`: no bucket ends later than now.
 */
export function curveOfHistory(budget: Budget, unit: Unit, history: SpendHistory, nowMs: number): Curve {
  const isTokens = unit === "tokens";
  const ends = history.points.map((point) => ({
    at: Math.min(nowMs, point.at + BUCKET_MS[history.bucket]),
    own: isTokens ? point.tokens : point.nanoUsd,
    sum: isTokens ? point.cumTokens : point.cumNanoUsd,
  }));
  const resets = history.resets.toSorted((a, b) => a - b);
  const lastReset = resets.at(-1) ?? Number.NEGATIVE_INFINITY;
  const now = (isTokens ? tokensOf(budget) : moneyOf(budget)).spent;
  const total = ends.at(-1)?.sum ?? 0;
  const before = ends[0] === undefined ? 0 : ends[0].sum - ends[0].own;
  // What came before the first spend says nothing, but for its last bucket: the beginning.
  const firstSpend = ends.findIndex(({ sum }) => sum > 0);
  const spent = ends.slice(Math.max(0, firstSpend - 1)).map(({ at, sum }) => {
    if (at > lastReset) return { at, value: Math.max(0, now - (total - sum)) };
    const reset = resets.findLast((each) => each < at);
    const base = reset === undefined ? before : (ends.findLast((each) => each.at <= reset)?.sum ?? before);
    return { at, value: sum - base };
  });
  return curve(budget, unit, spent);
}

/** At most so many points are told as text. */
const MOST_TOLD = 12;

/** Points evenly picked, the first and the last among them. */
export function toldPoints({ points }: Curve): Curve["points"] {
  if (points.length <= MOST_TOLD) return points;
  const step = (points.length - 1) / (MOST_TOLD - 1);
  return Array.from({ length: MOST_TOLD }, (_, i) => points[Math.round(i * step)]).filter((one) => one !== undefined);
}
