// Owns the look ahead: how fast each budget is spent of late, and whether it will last until its window ends.
// It sends `budget.project` when it changes its mind, and the fold raises the alert. Does not own thresholds (board/rules-2).
// The rate is an exponentially weighted mean over ten minutes, so that a burst counts while it is news and fades when it
// is over; it begins at nothing, so the first spends are not taken for a habit.
// Bounded: MOST_WATCHED budgets are watched, those that were spent of longest ago are let go first; one record per budget
// and MIN_PAUSE_MS.

import type { BoardState } from "../board/index.ts";
import { type Budget, type Change, withCarried } from "../protocol/index.ts";
import type { Timepieces } from "./board-clock.ts";

/** After so long without a spend, the rate has fallen to 37 %. */
const MEAN_MS = 600_000;
/** How far a budget without a window is looked ahead. */
const HORIZON_MS = 24 * 3_600_000;
/** How often all that are watched are looked at. */
const LOOK_MS = 15_000;
/** Between two records of one budget. */
const MIN_PAUSE_MS = 60_000;
/** Spends and time that a rate has to rest on. */
const LEAST_SPENDS = 3;
const LEAST_MS = 30_000;
/** It is said to last again only where it would last so much longer than needed: no to and fro at the edge. */
const SLACK = 1.25;
const MOST_WATCHED = 10_000;

interface Watched {
  /** Since when spends are seen. */
  readonly since: number;
  spends: number;
  tokens: number;
  nanoUsd: number;
  /** Per ms, at `at`. */
  tokenRate: number;
  nanoUsdRate: number;
  at: number;
  saidAt: number;
}

export interface BurnWatch {
  /** Budgets have changed. */
  changed(changes: readonly Change[]): void;
  /** When a budget will be spent at the present rate, in wall time; undefined where nothing can be said, or never. */
  exhaustsAt(task: string): number | undefined;
  /** Tokens and nano-USD an hour, of late. */
  rateOf(task: string): { readonly tokensPerHour: number; readonly nanoUsdPerHour: number };
  close(): void;
}

export function createBurnWatch(options: {
  readonly state: BoardState;
  readonly timepieces: Timepieces;
  readonly project: (task: string, exhaustsAt: number | null) => void;
}): BurnWatch {
  const { state, timepieces, project } = options;
  const watched = new Map<string, Watched>();
  let cancel: (() => void) | undefined;
  let closed = false;

  const see = (task: string, budget: Budget | undefined): void => {
    const now = timepieces.monotonicMs();
    const tokens = budget?.account?.everTokens ?? budget?.usedTokens ?? 0;
    const nanoUsd = budget?.account?.everNanoUsd ?? 0;
    const one = watched.get(task);
    if (budget === undefined || budget.closed || !isLimited(budget)) {
      watched.delete(task);
      return;
    }
    if (one === undefined) {
      const fresh = { tokens, nanoUsd, tokenRate: 0, nanoUsdRate: 0, at: now, since: now, spends: 0 };
      watched.set(task, { ...fresh, saidAt: Number.NEGATIVE_INFINITY });
      if (watched.size > MOST_WATCHED) watched.delete(watched.keys().next().value ?? task);
      return;
    }
    // Moves of branches are no spends; they only ever come with a jump of both ways, and fade.
    const spentTokens = Math.max(0, tokens - one.tokens);
    const spentNanoUsd = Math.max(0, nanoUsd - one.nanoUsd);
    one.tokens = tokens;
    one.nanoUsd = nanoUsd;
    if (spentTokens === 0 && spentNanoUsd === 0) return;
    fade(one, now);
    one.tokenRate += spentTokens / MEAN_MS;
    one.nanoUsdRate += spentNanoUsd / MEAN_MS;
    one.spends++;
    // To the end of the order: it is the news.
    watched.delete(task);
    watched.set(task, one);
    arm();
  };

  const look = (): void => {
    cancel = undefined;
    const now = timepieces.monotonicMs();
    for (const [task, one] of watched) {
      const budget = state.budgets.get(task);
      if (budget === undefined) continue;
      const said = budget.account?.exhaustsAt;
      const is = projected(budget, one, now, said === undefined ? 1 : SLACK);
      const isNews = said === undefined ? is !== undefined : is === undefined || isFar(said, is, timepieces.wallMs());
      if (!isNews || now - one.saidAt < MIN_PAUSE_MS) continue;
      one.saidAt = now;
      project(task, is === undefined ? null : Math.round(is));
    }
    arm();
  };

  const projected = (budget: Budget, one: Watched, now: number, slack: number): number | undefined => {
    if (one.spends < LEAST_SPENDS || now - one.since < LEAST_MS) return undefined;
    fade(one, now);
    const ms = lastsMs(budget, one);
    const wall = timepieces.wallMs();
    const horizon = (budget.account?.window?.endsAt ?? wall + HORIZON_MS) - wall;
    return ms <= 0 || ms > horizon * slack ? undefined : wall + ms;
  };

  const arm = (): void => {
    if (closed || cancel !== undefined || watched.size === 0) return;
    cancel = timepieces.after(LOOK_MS, look, true);
  };

  return {
    changed(changes) {
      for (const { type, name } of changes) if (type === "budget.changed") see(name, state.budgets.get(name));
    },
    exhaustsAt(task) {
      const one = watched.get(task);
      const budget = state.budgets.get(task);
      if (one === undefined || budget === undefined) return undefined;
      return projected(budget, one, timepieces.monotonicMs(), Number.POSITIVE_INFINITY);
    },
    rateOf(task) {
      const one = watched.get(task);
      if (one === undefined) return { tokensPerHour: 0, nanoUsdPerHour: 0 };
      fade(one, timepieces.monotonicMs());
      return {
        tokensPerHour: Math.round(one.tokenRate * 3_600_000),
        nanoUsdPerHour: Math.round(one.nanoUsdRate * 3_600_000),
      };
    },
    close() {
      closed = true;
      cancel?.();
    },
  };
}

const isLimited = ({ limitTokens, terms }: Budget): boolean =>
  limitTokens !== undefined || terms?.limitNanoUsd !== undefined;

function fade(one: Watched, now: number): void {
  const kept = Math.exp(-Math.max(0, now - one.at) / MEAN_MS);
  one.tokenRate *= kept;
  one.nanoUsdRate *= kept;
  one.at = now;
}

/** How long what is left will do, in ms: the shorter of tokens and money. Infinity at no rate. */
function lastsMs(budget: Budget, { tokenRate, nanoUsdRate }: Watched): number {
  const { account, terms } = budget;
  const tokens = withCarried(budget.limitTokens, account?.carriedTokens);
  const nanoUsd = withCarried(terms?.limitNanoUsd, account?.carriedNanoUsd);
  const ms = (limit: number | undefined, used: number, rate: number): number =>
    limit === undefined || rate <= 0 ? Number.POSITIVE_INFINITY : (limit - used) / rate;
  return Math.min(ms(tokens, budget.usedTokens, tokenRate), ms(nanoUsd, account?.nanoUsd ?? 0, nanoUsdRate));
}

/** Whether a new estimate differs by more than a quarter of the time that is left. */
const isFar = (said: number, is: number, wall: number): boolean =>
  Math.abs(is - said) > Math.max(60_000, 0.25 * Math.max(said - wall, is - wall));
