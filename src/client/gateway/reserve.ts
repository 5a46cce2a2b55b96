// Owns asking for a hold: as much as is estimated, or, where the caller allows it, the most that fits.
// Does not own the hold (hold.ts). What fits is learned from the refusal, so no other agent comes between the question and
// the reserve.

import type { Board } from "../board.ts";
import { sendSurely, type Surroundings } from "./hold.ts";
import { BudgetRefused, refusalOf } from "./refusals.ts";
import { totalOf, type Usage } from "./usage.ts";

/** How often less is asked for. Two refusals tell how money goes with tokens; the rest is for those who come between. */
const MAX_ASKS = 5;

export interface Wanted {
  readonly task: string;
  readonly agent: string | undefined;
  readonly model: string | undefined;
  readonly operation: string | undefined;
  readonly ttlMs: number;
  readonly estimate: number | Usage;
  readonly nanoUsd: number | undefined;
  /** Fewer output tokens than this are not worth a call; undefined: all or nothing. */
  readonly minTokens: number | undefined;
}

export interface Reserved {
  readonly hold: string;
  /** All tokens that are held. */
  readonly tokens: number;
  /** Tokens of it that may be output, reasoning too. */
  readonly maxTokens: number;
  readonly estimate: number | Usage;
}

/** @throws BudgetRefused, PausedError, SwarmboardError (as a rejection) */
export async function reserve(
  board: Pick<Board, "send">,
  surroundings: Surroundings,
  wanted: Wanted,
): Promise<Reserved> {
  const { task, agent, model, operation, ttlMs, nanoUsd, minTokens } = wanted;
  let { estimate } = wanted;
  let before: Ask | undefined;
  for (let asks = 1; ; asks++) {
    const command = {
      type: "budget.reserve",
      task,
      ttlMs,
      ...(typeof estimate === "number" ? { tokens: estimate } : { usage: estimate }),
      ...(nanoUsd === undefined ? {} : { nanoUsd }),
      ...(agent === undefined ? {} : { agent }),
      ...(model === undefined ? {} : { model }),
      ...(operation === undefined ? {} : { operation }),
    } as const;
    try {
      const { made } = await sendSurely(board, surroundings, command);
      if (made.hold === undefined) throw new TypeError("the server made no hold");
      return { hold: made.hold, tokens: tokensOf(estimate), maxTokens: outputOf(estimate), estimate };
    } catch (error) {
      const refusal = refusalOf(error);
      if (!(refusal instanceof BudgetRefused) || minTokens === undefined || asks === MAX_ASKS) throw refusal;
      const fits = fitting(estimate, refusal, before);
      if (fits === undefined || fits < minTokens || fits >= outputOf(estimate)) throw refusal;
      before = { output: outputOf(estimate), refusal };
      estimate = withOutput(estimate, fits);
    }
  }
}

interface Ask {
  readonly output: number;
  readonly refusal: BudgetRefused;
}

/** How many output tokens would fit; undefined where that is no question of how many. */
function fitting(estimate: number | Usage, refusal: BudgetRefused, before: Ask | undefined): number | undefined {
  const { available, requested, dimension, budget } = refusal;
  if (available === undefined || requested === undefined || requested === 0) return undefined;
  const output = outputOf(estimate);
  if (dimension === "tokens") return output - (requested - available);
  // Money: what the input costs is not known at first, so the first guess is a share of the whole. From two asks it is known.
  const same = before?.refusal.dimension === "nanoUsd" && before.refusal.budget === budget ? before : undefined;
  const perToken = same === undefined ? 0 : ((same.refusal.requested ?? 0) - requested) / (same.output - output);
  return perToken > 0
    ? Math.floor(output - (requested - available) / perToken)
    : Math.floor(output * (available / requested));
}

const tokensOf = (estimate: number | Usage): number => (typeof estimate === "number" ? estimate : totalOf(estimate));

export const outputOf = (estimate: number | Usage): number =>
  typeof estimate === "number" ? estimate : (estimate.output ?? 0) + (estimate.reasoning ?? 0);

/** The same input, with so many output tokens in all. */
const withOutput = (estimate: number | Usage, output: number): number | Usage =>
  typeof estimate === "number" ? output : { ...estimate, output, reasoning: 0 };
