// Owns the question how much could be reserved now, so that a caller can ask for less before it is refused.
// Does not own the verdict: what it answers is what a reserve of that much would be told at the same moment (holds.ts).

import type { Budget } from "../../protocol/index.ts";
import { termsOf } from "./accounts.ts";
import { type Asked, decideReserve, type Refused } from "./holds.ts";
import { leftOf } from "./limits.ts";
import { mostAtRate } from "./rates.ts";
import { pathOf } from "./tree.ts";

/** The most of one dimension, and what allows no more. `Infinity` where nothing on the path bounds it. */
export interface Bound {
  readonly most: number;
  readonly budget: string | undefined;
  readonly by: "limit" | "maxReserve" | "rate" | undefined;
}

export type Cap = { readonly ok: true; readonly tokens: Bound; readonly nanoUsd: Bound } | Refused;

const UNBOUND: Bound = { most: Number.POSITIVE_INFINITY, budget: undefined, by: undefined };

/** Each dimension on its own. A refusal where nothing could be reserved at all, whatever its size. */
export function capOf(
  board: Asked,
  { task, agent, actor }: { readonly task: string; readonly agent: string; readonly actor: string },
): Cap {
  const nothing = decideReserve(board, { task, tokens: 0, nanoUsd: 0, unpriced: false, agent, actor }, 0);
  if (!nothing.ok) return nothing;
  let tokens = UNBOUND;
  let nanoUsd = UNBOUND;
  for (const budget of pathOf(board, task)) {
    const { maxReserveTokens, maxReserveNanoUsd, rate, ratePerAgent } = termsOf(budget);
    const left = leftOf(budget);
    tokens = lower(tokens, budget, "limit", left.tokens);
    tokens = lower(tokens, budget, "maxReserve", maxReserveTokens);
    if (rate !== undefined) tokens = lower(tokens, budget, "rate", mostAtRate(board, rate, budget, undefined));
    if (ratePerAgent !== undefined)
      tokens = lower(tokens, budget, "rate", mostAtRate(board, ratePerAgent, budget, agent));
    nanoUsd = lower(nanoUsd, budget, "limit", left.nanoUsd);
    nanoUsd = lower(nanoUsd, budget, "maxReserve", maxReserveNanoUsd);
  }
  return { ok: true, tokens, nanoUsd };
}

/** The nearest budget to the leaf is named where several allow the same. */
const lower = (bound: Bound, budget: Budget, by: Bound["by"], most: number | undefined): Bound =>
  most === undefined || most >= bound.most ? bound : { most, budget: budget.task, by };
