// Owns what a budget has left, and why one refuses more. Does not own the path that is asked (holds.ts).

import { type Budget, type Detail, withCarried } from "../../protocol/index.ts";
import { accountOf, termsOf } from "./accounts.ts";

/** What is asked for, or left: integer tokens and nano-USD. */
export interface Amounts {
  readonly tokens: number;
  readonly nanoUsd: number;
}

/** What may still be reserved, by kind; `Infinity` where nothing limits it. Negative where the budget is in debt. */
export function leftOf(budget: Budget): Amounts {
  const { policy, limitNanoUsd, overdraftTokens, overdraftNanoUsd } = termsOf(budget);
  if (policy === "soft") return { tokens: Number.POSITIVE_INFINITY, nanoUsd: Number.POSITIVE_INFINITY };
  const account = accountOf(budget);
  const beyond = policy === "overdraft";
  const tokens = bound(budget.limitTokens, account.carriedTokens, beyond ? overdraftTokens : 0);
  const nanoUsd = bound(limitNanoUsd, account.carriedNanoUsd, beyond ? overdraftNanoUsd : 0);
  // A followed file that calls its budget exhausted knows better than its figures: nothing is left to be held.
  const most = budget.saidExhausted ? 0 : Number.POSITIVE_INFINITY;
  return {
    tokens: Math.min(most, tokens - budget.usedTokens) - account.heldTokens,
    nanoUsd: Math.min(most, nanoUsd - account.nanoUsd) - account.heldNanoUsd,
  };
}

const bound = (limit: number | undefined, carried: number, overdraft: number): number =>
  limit === undefined ? Number.POSITIVE_INFINITY : (withCarried(limit, carried) ?? 0) + overdraft;

/** Why a budget that `asked` was added to is over its limit; undefined where it is not. Tokens are looked at first. */
export function overLimit(after: Budget, asked: Amounts): Detail | undefined {
  const left = leftOf(after);
  if (left.tokens < 0) return overDetail(after, "tokens", asked.tokens, left.tokens);
  if (left.nanoUsd < 0) return overDetail(after, "nanoUsd", asked.nanoUsd, left.nanoUsd);
  return undefined;
}

/** `spent` and `held` without what is asked for; `available` is what could be reserved now. */
export function overDetail(after: Budget, dimension: keyof Amounts, requested: number, leftAfter: number): Detail {
  const terms = termsOf(after);
  const account = accountOf(after);
  const ofTokens = dimension === "tokens";
  const limit = ofTokens ? after.limitTokens : terms.limitNanoUsd;
  const carried = ofTokens ? account.carriedTokens : account.carriedNanoUsd;
  const overdraft = ofTokens ? terms.overdraftTokens : terms.overdraftNanoUsd;
  return {
    budget: after.task,
    dimension,
    limit: limit ?? null,
    spent: ofTokens ? after.usedTokens : account.nanoUsd,
    held: (ofTokens ? account.heldTokens : account.heldNanoUsd) - requested,
    requested,
    available: Math.max(0, leftAfter + requested),
    ...(carried === 0 ? {} : { carried }),
    ...(terms.policy === "overdraft" ? { overdraft } : {}),
    resetsAt: account.window?.endsAt ?? null,
  };
}
