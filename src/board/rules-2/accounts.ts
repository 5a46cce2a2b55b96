// Owns the figures of a budget: how they are read where rules 2 have not touched it, changed, and kept exact (law L8).
// Does not own which budgets a spend moves (tree.ts), nor whether it may (limits.ts).

import {
  type Budget,
  type BudgetAccount,
  type BudgetTerms,
  MAX_AMOUNT,
  type TokenUsage,
} from "../../protocol/index.ts";
import { DEFAULT_THRESHOLDS } from "./bounds.ts";

export const DEFAULT_TERMS: BudgetTerms = Object.freeze({
  parent: undefined,
  limitNanoUsd: undefined,
  policy: "hard",
  overdraftTokens: 0,
  overdraftNanoUsd: 0,
  unknownModel: "deny",
  window: undefined,
  thresholds: DEFAULT_THRESHOLDS,
  maxHolds: undefined,
  maxReserveTokens: undefined,
  maxReserveNanoUsd: undefined,
  rate: undefined,
  ratePerAgent: undefined,
});

const NO_USAGE: BudgetAccount["usage"] = Object.freeze({
  input: 0,
  output: 0,
  cacheRead: 0,
  cacheWrite: 0,
  reasoning: 0,
});

export const termsOf = (budget: Budget): BudgetTerms => budget.terms ?? DEFAULT_TERMS;

export function accountOf(budget: Budget): BudgetAccount {
  return budget.account ?? emptyAccount(budget.usedTokens);
}

export const emptyAccount = (everTokens: number): BudgetAccount => ({
  nanoUsd: 0,
  everTokens,
  everNanoUsd: 0,
  usage: NO_USAGE,
  unpricedTokens: 0,
  heldTokens: 0,
  heldNanoUsd: 0,
  holds: 0,
  carriedTokens: 0,
  carriedNanoUsd: 0,
  window: undefined,
  raised: [],
  exhaustsAt: undefined,
});

/** What one spend, hold or move adds to the figures of every budget on its path. All are integers, and may be negative. */
export interface Movement {
  readonly tokens: number;
  readonly nanoUsd: number;
  readonly usage: TokenUsage | undefined;
  readonly unpricedTokens: number;
  readonly heldTokens: number;
  readonly heldNanoUsd: number;
  readonly holds: number;
}

export const NO_MOVEMENT: Movement = Object.freeze({
  tokens: 0,
  nanoUsd: 0,
  usage: undefined,
  unpricedTokens: 0,
  heldTokens: 0,
  heldNanoUsd: 0,
  holds: 0,
});

/** A budget's figures after a movement. With `past`, the movement is of spends of the past: a running window keeps its own. */
export function moved(budget: Budget, by: Movement, past = false): Budget {
  const before = accountOf(budget);
  const inWindow = !(past && termsOf(budget).window !== undefined);
  const account: BudgetAccount = {
    nanoUsd: before.nanoUsd + (inWindow ? by.nanoUsd : 0),
    everTokens: before.everTokens + by.tokens,
    everNanoUsd: before.everNanoUsd + by.nanoUsd,
    usage: by.usage === undefined ? before.usage : added(before.usage, by.usage),
    unpricedTokens: before.unpricedTokens + by.unpricedTokens,
    heldTokens: before.heldTokens + by.heldTokens,
    heldNanoUsd: before.heldNanoUsd + by.heldNanoUsd,
    holds: before.holds + by.holds,
    carriedTokens: before.carriedTokens,
    carriedNanoUsd: before.carriedNanoUsd,
    window: before.window,
    raised: before.raised,
    exhaustsAt: before.exhaustsAt,
  };
  return {
    ...budget,
    usedTokens: budget.usedTokens + (inWindow ? by.tokens : 0),
    terms: termsOf(budget),
    account,
  };
}

function added(to: BudgetAccount["usage"], by: TokenUsage): BudgetAccount["usage"] {
  return {
    input: to.input + (by.input ?? 0),
    output: to.output + (by.output ?? 0),
    cacheRead: to.cacheRead + (by.cacheRead ?? 0),
    cacheWrite: to.cacheWrite + (by.cacheWrite ?? 0),
    reasoning: to.reasoning + (by.reasoning ?? 0),
  };
}

/** Whether every figure of a budget is an exact integer (rule 3). */
export function isExact(budget: Budget): boolean {
  const account = accountOf(budget);
  const { usage } = account;
  return (
    Math.max(
      budget.usedTokens,
      account.nanoUsd,
      account.everTokens + account.heldTokens,
      account.everNanoUsd + account.heldNanoUsd,
      account.unpricedTokens,
      usage.input,
      usage.output,
      usage.cacheRead,
      usage.cacheWrite,
      usage.reasoning,
    ) <= MAX_AMOUNT
  );
}

// The digest hashes members in the order in which they stand, and a snapshot leaves out those that are undefined. So a
// budget is always saved with all of them in one order, wherever it comes from.

export const orderedTerms = (terms: BudgetTerms): BudgetTerms => ({
  parent: terms.parent,
  limitNanoUsd: terms.limitNanoUsd,
  policy: terms.policy,
  overdraftTokens: terms.overdraftTokens,
  overdraftNanoUsd: terms.overdraftNanoUsd,
  unknownModel: terms.unknownModel,
  window: terms.window && {
    every: terms.window.every,
    timeZone: terms.window.timeZone,
    rollover: terms.window.rollover,
  },
  thresholds: terms.thresholds,
  maxHolds: terms.maxHolds,
  maxReserveTokens: terms.maxReserveTokens,
  maxReserveNanoUsd: terms.maxReserveNanoUsd,
  rate: orderedRate(terms.rate),
  ratePerAgent: orderedRate(terms.ratePerAgent),
});

const orderedRate = (rate: BudgetTerms["rate"]): BudgetTerms["rate"] =>
  rate && { reservesPerMinute: rate.reservesPerMinute, tokensPerMinute: rate.tokensPerMinute };

export const orderedAccount = (account: BudgetAccount): BudgetAccount => ({
  nanoUsd: account.nanoUsd,
  everTokens: account.everTokens,
  everNanoUsd: account.everNanoUsd,
  usage: account.usage,
  unpricedTokens: account.unpricedTokens,
  heldTokens: account.heldTokens,
  heldNanoUsd: account.heldNanoUsd,
  holds: account.holds,
  carriedTokens: account.carriedTokens,
  carriedNanoUsd: account.carriedNanoUsd,
  window: account.window,
  raised: account.raised,
  exhaustsAt: account.exhaustsAt,
});

/**
 * Whether the sums over all roots stay exact when budgets are replaced by what they become: tokens, limits and money (rule 3).
 * A budget that is new has no `before`.
 */
export function keepsTotals(
  totals: { readonly usedTokens: number; readonly limitTokens: number; readonly usedNanoUsd: number },
  changes: readonly { readonly before: Budget | undefined; readonly after: Budget }[],
): boolean {
  const sum = (of: (budget: Budget) => number): number =>
    changes.reduce((by, { before, after }) => by + rootPart(after, of) - rootPart(before, of), 0);
  return (
    sum((budget) => budget.usedTokens) <= MAX_AMOUNT - totals.usedTokens &&
    sum((budget) => budget.limitTokens ?? 0) <= MAX_AMOUNT - totals.limitTokens &&
    sum((budget) => accountOf(budget).everNanoUsd) <= MAX_AMOUNT - totals.usedNanoUsd
  );
}

const rootPart = (budget: Budget | undefined, of: (budget: Budget) => number): number =>
  budget === undefined || termsOf(budget).parent !== undefined ? 0 : of(budget);
