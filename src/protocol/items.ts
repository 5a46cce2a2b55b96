// Owns the items that a board is made of, as the fold keeps them and as every view shows them.
// Item objects are immutable: a change replaces the object, so that holding one is holding a moment.

import type { BudgetRate, BudgetWindow, TokenUsage } from "./commands/budget.ts";
import type { JsonText } from "./json-text.ts";
import type { Seq } from "./names.ts";

/** Everything an item carries besides its own members: where and when it last changed. */
interface Stamped {
  /** Record that changed it last. */
  readonly seq: Seq;
  /** Wall time of that change in ms, or the time that an imported file states. */
  readonly at: number;
}

export interface Entry extends Stamped {
  readonly key: string;
  readonly value: JsonText;
  /** Per-key version; grows with every change of the key, also over a delete. */
  readonly rev: number;
  /** Who wrote it. */
  readonly by: string;
  /** Board clock in ms at which it expires; `Infinity` for never. */
  readonly expiresAtClock: number;
  /** The followed source that owns it, or undefined for entries written directly (rule 20). */
  readonly source: string | undefined;
  /** Commitment to the value: the record's salted hash, chained over merges. Goes into the digest (rule 16). */
  readonly hash: string;
}

export type BudgetStatus = "active" | "warning" | "critical" | "exhausted";

export interface Budget extends Stamped {
  readonly task: string;
  /** Undefined: tokens are counted, not limited (rules 2). */
  readonly limitTokens: number | undefined;
  /** Tokens spent since its window began, or ever where it has none; those of its children too. */
  readonly usedTokens: number;
  readonly openedAt: number;
  readonly closed: boolean;
  readonly description: string;
  /** A followed file calls it exhausted although its figures do not. */
  readonly saidExhausted: boolean;
  readonly source: string | undefined;
  /** The latest charge or settlement that was made through the board. */
  readonly lastCharge:
    | {
        readonly tokens: number;
        readonly agent: string;
        readonly reason: string;
        readonly nanoUsd?: number | undefined;
        readonly model?: string | undefined;
      }
    | undefined;
  /** What its owner set. Undefined on a budget that rules 2 have not touched yet: the defaults hold. */
  readonly terms: BudgetTerms | undefined;
  /** What has moved besides `usedTokens`. Undefined likewise: nothing has. */
  readonly account: BudgetAccount | undefined;
}

export interface BudgetTerms {
  /** The budget above it: everything spent or held here is spent or held there too. */
  readonly parent: string | undefined;
  readonly limitNanoUsd: number | undefined;
  readonly policy: "hard" | "soft" | "overdraft";
  readonly overdraftTokens: number;
  readonly overdraftNanoUsd: number;
  readonly unknownModel: "deny" | "tokensOnly";
  readonly window: BudgetWindow | undefined;
  /** Percentages of the limit, ascending. */
  readonly thresholds: readonly number[];
  readonly maxHolds: number | undefined;
  readonly maxReserveTokens: number | undefined;
  readonly maxReserveNanoUsd: number | undefined;
  readonly rate: BudgetRate | undefined;
  readonly ratePerAgent: BudgetRate | undefined;
}

/** Figures of a budget, those of its children too. "Ever" figures know no windows, so that parents equal sums. */
export interface BudgetAccount {
  /** Spent since the window began. */
  readonly nanoUsd: number;
  readonly everTokens: number;
  readonly everNanoUsd: number;
  /** Ever, by kind; charges that state no kinds are in none. */
  readonly usage: Required<{ readonly [K in keyof TokenUsage]: number }>;
  /** Ever: tokens for which no money was counted although a model was named or money is limited. Not free: unknown. */
  readonly unpricedTokens: number;
  readonly heldTokens: number;
  readonly heldNanoUsd: number;
  /** Open holds. */
  readonly holds: number;
  /** Brought over from the window before: added to the limit, negative for debt. */
  readonly carriedTokens: number;
  readonly carriedNanoUsd: number;
  /** The window that runs, in wall time; undefined without one, and until the first one began. */
  readonly window: { readonly startsAt: number; readonly endsAt: number } | undefined;
  /** Thresholds that are reached and were told of. */
  readonly raised: readonly number[];
  /** At the present rate it will be spent by then. */
  readonly exhaustsAt: number | undefined;
}

export interface Hold extends Stamped {
  readonly hold: string;
  /** The budget that it was reserved in; it counts in those above too. */
  readonly task: string;
  readonly agent: string;
  /** The actor that reserved. */
  readonly by: string;
  readonly model: string | undefined;
  readonly operation: string | undefined;
  readonly tokens: number;
  /** Undefined where no money was stated and none is limited, or no price is known. */
  readonly nanoUsd: number | undefined;
  readonly state: "open" | "settled" | "released" | "expired";
  readonly openedAt: number;
  /** Board clock in ms; `Infinity` once it has ended. */
  readonly expiresAtClock: number;
  /** What it came to, once settled. */
  readonly spent: { readonly tokens: number; readonly nanoUsd: number | undefined } | undefined;
}

export interface Alert extends Stamped {
  readonly alert: string;
  readonly task: string;
  readonly kind: "threshold" | "projected";
  /** threshold: the percentage that was crossed. */
  readonly threshold: number | undefined;
  /** projected: when the budget will be spent at the rate of that moment, in wall time. */
  readonly exhaustsAt: number | undefined;
  /** Figures of the budget at that moment. */
  readonly usedTokens: number;
  readonly limitTokens: number | undefined;
  readonly usedNanoUsd: number;
  readonly limitNanoUsd: number | undefined;
  readonly raisedAt: number;
  readonly acknowledgedBy: string | undefined;
  readonly acknowledgedAt: number | undefined;
  readonly reason: string | undefined;
}

export interface Pause extends Stamped {
  /** `board`, `task:<name>` or `agent:<name>`. */
  readonly pause: string;
  readonly scope: "board" | "task" | "agent";
  readonly name: string | undefined;
  readonly by: string;
  readonly reason: string;
}

export interface Claim extends Stamped {
  readonly claim: string;
  /** The actor that holds it, or undefined once released or expired (kept for its fence). */
  readonly holder: string | undefined;
  /** Fencing number: the position of the record that acquired it, so it only grows. */
  readonly fence: number;
  readonly expiresAtClock: number;
}

export interface Request extends Stamped {
  readonly request: string;
  readonly kind: "permission" | "change";
  readonly subject: string;
  readonly agent: string;
  readonly reason: string;
  readonly state: "open" | "granted" | "denied" | "closed" | "expired";
  readonly openedAt: number;
  readonly decidedBy: string | undefined;
  readonly decisionReason: string | undefined;
  readonly grantedUntil: number | undefined;
  readonly expiresAtClock: number;
  readonly source: string | undefined;
  readonly details: JsonText | undefined;
}

export interface Agent extends Stamped {
  readonly agent: string;
  readonly firstSeenAt: number | undefined;
  readonly lastSeenAt: number | undefined;
  readonly state: string | undefined;
  readonly task: string | undefined;
  readonly trust: number | undefined;
  readonly namespaces: readonly string[] | undefined;
  readonly resources: readonly string[] | undefined;
}

export interface Task extends Stamped {
  readonly task: string;
  readonly status: string | undefined;
  readonly details: JsonText | undefined;
  readonly source: string | undefined;
}

export interface AuditNote extends Stamped {
  readonly event: string;
  readonly agent: string;
  readonly resource: string | undefined;
  readonly granted: boolean | undefined;
  readonly reason: string | undefined;
  /** The actor that noted it. */
  readonly by: string;
  readonly source: string;
  readonly details: JsonText | undefined;
}

export interface Source extends Stamped {
  readonly source: string;
  readonly state: "ok" | "stale" | "missing" | "error";
  readonly paused: boolean;
  readonly detail: string;
}

/** Share of the limit that is used, in percent. Without a limit it is 0; with a limit of 0, 0 until something is used, then 100. */
export function budgetPercentage(used: number, limit: number | undefined): number {
  if (limit === undefined) return 0;
  if (limit === 0) return used === 0 ? 0 : 100;
  return (used / limit) * 100;
}

type Figures = Pick<Budget, "usedTokens" | "limitTokens" | "saidExhausted"> &
  Partial<Pick<Budget, "terms" | "account">>;

/** The fuller of tokens and money, in percent. What a window brought over counts as part of its limit. */
export function budgetFullness({ usedTokens, limitTokens, terms, account }: Figures): number {
  const tokens = budgetPercentage(usedTokens, withCarried(limitTokens, account?.carriedTokens));
  return Math.max(
    tokens,
    budgetPercentage(account?.nanoUsd ?? 0, withCarried(terms?.limitNanoUsd, account?.carriedNanoUsd)),
  );
}

/** A limit with what the window before brought over, never below 0. */
export function withCarried(limit: number | undefined, carried: number | undefined): number | undefined {
  return limit === undefined ? undefined : Math.max(0, limit + (carried ?? 0));
}

/**
 * The seed's thresholds: warning from 80 %, critical from 90 %, exhausted from 100 %. A budget without a single token
 * allowed is exhausted from the start.
 */
export function budgetStatus(budget: Figures): BudgetStatus {
  const percentage = budgetFullness(budget);
  if (budget.saidExhausted || budget.limitTokens === 0 || budget.terms?.limitNanoUsd === 0) return "exhausted";
  if (percentage >= 100) return "exhausted";
  if (percentage >= 90) return "critical";
  if (percentage >= 80) return "warning";
  return "active";
}
