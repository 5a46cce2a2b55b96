// Owns how budgets and their figures look on a terminal: tokens, dollars, bars, the tree. Does not own what they mean.

import { type BudgetPolicy, usdText } from "../protocol/index.ts";
import { plain } from "./print.ts";

/** A budget as the API tells it, as far as it is shown here. */
export interface ShownBudget {
  readonly task: string;
  readonly limitTokens?: number;
  readonly usedTokens: number;
  readonly percentage: number;
  readonly status: string;
  readonly closed: boolean;
  readonly terms?: {
    readonly parent?: string;
    readonly limitNanoUsd?: number;
    readonly policy: BudgetPolicy;
  };
  readonly account?: {
    readonly nanoUsd: number;
    readonly heldTokens: number;
    readonly heldNanoUsd: number;
    readonly holds: number;
    readonly carriedTokens: number;
    readonly carriedNanoUsd: number;
    readonly window?: { readonly startsAt: number; readonly endsAt: number };
    readonly exhaustsAt?: number;
  };
}

export const usd = (nanoUsd: number): string => `${usdText(nanoUsd)} USD`;

/** `1000 tokens and 0.5 USD`, or what of it is stated. */
export function amountsText(amounts: {
  readonly tokens?: number | null | undefined;
  readonly nanoUsd?: number | null | undefined;
}): string {
  const parts = [
    ...(typeof amounts.tokens === "number" ? [`${amounts.tokens} tokens`] : []),
    ...(typeof amounts.nanoUsd === "number" ? [usd(amounts.nanoUsd)] : []),
  ];
  return parts.length === 0 ? "any amount" : parts.join(" and ");
}

/** One line: what is used of what, what is held, and how it stands. */
export function budgetLine({
  task,
  usedTokens,
  limitTokens,
  terms,
  account,
  percentage,
  status,
  closed,
}: ShownBudget): string {
  const tokens =
    limitTokens === undefined ? `${usedTokens} tokens used` : `${usedTokens} of ${limitTokens} tokens used`;
  const limitNanoUsd = terms?.limitNanoUsd;
  const spent = account?.nanoUsd ?? 0;
  const money =
    limitNanoUsd !== undefined ? `, ${usdText(spent)} of ${usd(limitNanoUsd)}` : spent > 0 ? `, ${usd(spent)}` : "";
  const held = account === undefined || account.holds === 0 ? "" : `, ${heldText(account)}`;
  return `${plain(task)}: ${tokens}${money}${held} (${percentage.toFixed(1)} %, ${closed ? "closed" : status})`;
}

const heldText = ({ heldTokens, heldNanoUsd, holds }: NonNullable<ShownBudget["account"]>): string =>
  `${amountsText({ tokens: heldTokens, ...(heldNanoUsd === 0 ? {} : { nanoUsd: heldNanoUsd }) })} held in ${holds} ${holds === 1 ? "hold" : "holds"}`;

const BAR_CELLS = 20;

/** What is spent, held and left of the dimension that is fuller: `████▒▒▒·············`. Empty where nothing is limited. */
export function bar({ usedTokens, limitTokens, terms, account }: ShownBudget): string {
  const shares = [
    shareOf(usedTokens, account?.heldTokens, limitTokens, account?.carriedTokens),
    shareOf(account?.nanoUsd ?? 0, account?.heldNanoUsd, terms?.limitNanoUsd, account?.carriedNanoUsd),
  ].filter((share) => share !== undefined);
  const fullest = shares.toSorted((a, b) => b.spent + b.held - (a.spent + a.held))[0];
  if (fullest === undefined) return "";
  // Something that is spent shows, and what is not full does not look so.
  const spent = Math.min(BAR_CELLS, fullest.spent > 0 ? Math.max(1, Math.floor(fullest.spent * BAR_CELLS)) : 0);
  const held = Math.min(BAR_CELLS - spent, fullest.held > 0 ? Math.max(1, Math.floor(fullest.held * BAR_CELLS)) : 0);
  return `${"█".repeat(spent)}${"▒".repeat(held)}${"·".repeat(BAR_CELLS - spent - held)}`;
}

function shareOf(spent: number, held = 0, limit: number | undefined, carried = 0) {
  if (limit === undefined) return undefined;
  const whole = Math.max(0, limit + carried);
  return whole === 0 ? { spent: spent > 0 ? 1 : 0, held: 0 } : { spent: spent / whole, held: held / whole };
}

export interface Branch {
  readonly budget: ShownBudget;
  readonly children: readonly Branch[];
}

/** The tree below one budget, or all trees; siblings by name. */
export function branchesOf(budgets: readonly ShownBudget[], root?: string): Branch[] {
  const below = new Map<string | undefined, ShownBudget[]>();
  const known = new Set(budgets.map(({ task }) => task));
  for (const budget of budgets) {
    const parent = budget.terms?.parent;
    // One whose parent is left out (a closed one) is shown at the top.
    const place = parent !== undefined && known.has(parent) ? parent : undefined;
    below.set(place, [...(below.get(place) ?? []), budget]);
  }
  const branch = (budget: ShownBudget): Branch => ({
    budget,
    children: sorted(below.get(budget.task)).map(branch),
  });
  if (root !== undefined) return budgets.filter(({ task }) => task === root).map(branch);
  return sorted(below.get(undefined)).map(branch);
}

const sorted = (budgets: readonly ShownBudget[] = []): ShownBudget[] =>
  budgets.toSorted((a, b) => (a.task < b.task ? -1 : 1));

/** Lines of the trees: the place of each budget, its bar, and its figures, in columns. */
export function treeText(branches: readonly Branch[]): string {
  const rows: { readonly place: string; readonly budget: ShownBudget }[] = [];
  const walk = (branch: Branch, lead: string, rest: string): void => {
    rows.push({ place: `${lead}${plain(branch.budget.task)}`, budget: branch.budget });
    branch.children.forEach((child, n) => {
      const isLast = n === branch.children.length - 1;
      walk(child, `${rest}${isLast ? "└─ " : "├─ "}`, `${rest}${isLast ? "   " : "│  "}`);
    });
  };
  for (const branch of branches) walk(branch, "", "");
  const width = Math.max(0, ...rows.map(({ place }) => place.length));
  return rows
    .map(({ place, budget }) => {
      const line = budgetLine(budget);
      const figures = line.slice(plain(budget.task).length + 2);
      return `${place.padEnd(width)}  ${bar(budget).padEnd(BAR_CELLS)}  ${figures}`;
    })
    .join("\n");
}
