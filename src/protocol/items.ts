// Owns the items that a board is made of, as the fold keeps them and as every view shows them.
// Item objects are immutable: a change replaces the object, so that holding one is holding a moment.

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
  /** True where the value was erased (rule 17): it reads as null until the key is written anew. */
  readonly erased?: boolean;
}

export type BudgetStatus = "active" | "warning" | "critical" | "exhausted";

export interface Budget extends Stamped {
  readonly task: string;
  readonly limitTokens: number;
  readonly usedTokens: number;
  readonly openedAt: number;
  readonly closed: boolean;
  readonly description: string;
  /** A followed file calls it exhausted although its figures do not. */
  readonly saidExhausted: boolean;
  readonly source: string | undefined;
  /** The latest charge that was made through the board. */
  readonly lastCharge: { readonly tokens: number; readonly agent: string; readonly reason: string } | undefined;
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

/** Share of the limit that is used, in percent. Without a limit it is 0 until something is used, then 100. */
export function budgetPercentage(usedTokens: number, limitTokens: number): number {
  if (limitTokens === 0) return usedTokens === 0 ? 0 : 100;
  return (usedTokens / limitTokens) * 100;
}

/**
 * The seed's thresholds: warning from 80 %, critical from 90 %, exhausted from 100 %. A budget without a single token
 * allowed is exhausted from the start.
 */
export function budgetStatus(budget: Pick<Budget, "usedTokens" | "limitTokens" | "saidExhausted">): BudgetStatus {
  const percentage = budgetPercentage(budget.usedTokens, budget.limitTokens);
  if (budget.saidExhausted || budget.limitTokens === 0 || percentage >= 100) return "exhausted";
  if (percentage >= 90) return "critical";
  if (percentage >= 80) return "warning";
  return "active";
}
