// Owns the figures of a budget as a reader asks for them: spent, held, left, debt, of tokens and of money.
// Does not own verdicts (board/rules-2), which the server alone gives. Pure; integers stay integers.

import { withCarried } from "../../protocol/items.ts";
import type { Budget } from "../../client/index.ts";

export interface Figures {
  /** Undefined: counted, not limited. With what the window before brought over. */
  readonly limit: number | undefined;
  readonly carried: number;
  readonly spent: number;
  readonly held: number;
  /** What is neither spent nor held, never below 0; undefined without a limit. */
  readonly left: number | undefined;
  /** Spent beyond the limit. */
  readonly debt: number;
}

function figures(stated: number | undefined, carried: number, spent: number, held: number): Figures {
  const limit = withCarried(stated, carried);
  return {
    limit,
    carried,
    spent,
    held,
    left: limit === undefined ? undefined : Math.max(0, limit - spent - held),
    debt: limit === undefined ? 0 : Math.max(0, spent - limit),
  };
}

export const tokensOf = ({ limitTokens, usedTokens, account }: Budget): Figures =>
  figures(limitTokens, account?.carriedTokens ?? 0, usedTokens, account?.heldTokens ?? 0);

export const moneyOf = ({ terms, account }: Budget): Figures =>
  figures(terms?.limitNanoUsd, account?.carriedNanoUsd ?? 0, account?.nanoUsd ?? 0, account?.heldNanoUsd ?? 0);

/** True where money plays a part: it is limited, spent or held. */
export function hasMoney({ limit, spent, held }: Figures): boolean {
  return limit !== undefined || spent > 0 || held > 0;
}

const share = (part: number, limit: number | undefined): number =>
  limit === undefined || part === 0 ? 0 : limit === 0 ? 100 : (part / limit) * 100;

/** What is held, in percent of the limit, of the dimension that is the fuller. */
export function heldPercentage(budget: Budget): number {
  const tokens = tokensOf(budget);
  const usd = moneyOf(budget);
  const fuller = share(usd.spent, usd.limit) > share(tokens.spent, tokens.limit) ? usd : tokens;
  return share(fuller.held, fuller.limit);
}
