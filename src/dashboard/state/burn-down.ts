// Owns the points of a burn-down: what was left of a budget over time, from the server's history or from what the page saw.
// Does not own fetching or drawing. Pure. Where there is no limit, what was spent instead.

import type { Budget } from "../../client/index.ts";
import { moneyOf, tokensOf } from "./budget-figures.ts";
import type { SpendPoint } from "./spend-points.ts";

export type Unit = "tokens" | "nanoUsd";
export const BUCKETS = ["minute", "hour", "day"] as const;
export type Bucket = (typeof BUCKETS)[number];

/** As `GET …/budgets/{task}/history` tells it. Times are wall times in ms; `cum…` counts from `from` on. */
export interface SpendHistory {
  readonly bucket: Bucket;
  readonly from: number;
  readonly to: number;
  readonly points: readonly {
    readonly at: number;
    readonly tokens: number;
    readonly nanoUsd: number;
    readonly cumTokens: number;
    readonly cumNanoUsd: number;
  }[];
  /** When windows began. */
  readonly resets: readonly number[];
  readonly indexedTo?: number;
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
 * The present limit over the whole time. What was spent before the history begins is known from the present figures: they end where
 * the history ends. Behind a reset, spending begins at 0 again.
 */
export function curveOfHistory(budget: Budget, unit: Unit, history: SpendHistory): Curve {
  const isTokens = unit === "tokens";
  const cumulative = history.points.map((point) => ({
    at: point.at,
    own: isTokens ? point.tokens : point.nanoUsd,
    value: isTokens ? point.cumTokens : point.cumNanoUsd,
  }));
  const lastReset = Math.max(...history.resets, Number.NEGATIVE_INFINITY);
  const now = (isTokens ? tokensOf(budget) : moneyOf(budget)).spent;
  const end = cumulative.at(-1)?.value ?? 0;
  const spent = cumulative.map(({ at, own, value }, index) => {
    if (at >= lastReset) return { at, value: Math.max(0, now - (end - value)) };
    const reset = Math.max(...history.resets.filter((each) => each <= at), Number.NEGATIVE_INFINITY);
    const first = cumulative.findIndex((each) => each.at >= reset);
    const base = cumulative[first === -1 ? index : first];
    return { at, value: value - (base === undefined ? value - own : base.value - base.own) };
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
