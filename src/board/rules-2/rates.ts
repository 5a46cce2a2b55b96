// Owns how fast reserves may come: the generic cell rate algorithm (ITU-T I.371), over the board clock.
// A pace is one number per budget (and agent): when all that was taken will be paid off at the allowed rate. A burst may
// run at most one minute ahead. All figures are integers: microseconds, rounded up.

import type { Budget, BudgetRate } from "../../protocol/index.ts";
import type { Board } from "../board.ts";
import type { Pace } from "../paces.ts";

const MINUTE_US = 60_000_000;

const paceName = (budget: Budget, agent: string | undefined): string =>
  JSON.stringify(agent === undefined ? [budget.task] : [budget.task, agent]);

/** One pace that a reserve would move, and how far it runs ahead. */
export interface NextPace {
  readonly pace: Pace;
  /** How long to wait in ms until the rate allows it; 0 for now; Infinity where it never will. */
  readonly waitMs: number;
}

/** What is taken: of a budget, or of one agent within it. */
export interface Taken {
  readonly budget: Budget;
  readonly agent: string | undefined;
  /** 1 for a reserve, 0 for more of one. */
  readonly reserves: number;
  readonly tokens: number;
  readonly seq: number;
}

/** The pace after so much was taken. */
export function nextPace(
  board: Pick<Board, "paces" | "clock">,
  rate: BudgetRate,
  { budget, agent, tokens, seq, ...taken }: Taken,
): NextPace {
  const name = paceName(budget, agent);
  const before = board.paces.get(name);
  const now = board.clock * 1000;
  const { reservesPerMinute, tokensPerMinute } = rate;
  const reserves =
    reservesPerMinute === undefined ? 0 : after(before?.reserves, now, taken.reserves, reservesPerMinute);
  const ofTokens = tokensPerMinute === undefined ? 0 : after(before?.tokens, now, tokens, tokensPerMinute);
  const ahead = Math.max(reserves, ofTokens) - now - MINUTE_US;
  const never = tokensPerMinute !== undefined && tokens > tokensPerMinute;
  return {
    pace: { pace: name, seq, reserves, tokens: ofTokens },
    waitMs: never ? Number.POSITIVE_INFINITY : Math.max(0, Math.ceil(ahead / 1000)),
  };
}

/** The most tokens that a reserve may state now, at a rate of tokens; Infinity without one. */
export function mostAtRate(
  board: Pick<Board, "paces" | "clock">,
  { tokensPerMinute }: BudgetRate,
  budget: Budget,
  agent: string | undefined,
): number {
  if (tokensPerMinute === undefined) return Number.POSITIVE_INFINITY;
  const now = board.clock * 1000;
  const room = now + MINUTE_US - Math.max(board.paces.get(paceName(budget, agent))?.tokens ?? 0, now);
  return room <= 0 ? 0 : Number((BigInt(room) * BigInt(tokensPerMinute)) / BigInt(MINUTE_US));
}

function after(before: number | undefined, now: number, count: number, perMinute: number): number {
  const step = Number((BigInt(count) * BigInt(MINUTE_US) + BigInt(perMinute) - 1n) / BigInt(perMinute));
  return Math.max(before ?? 0, now) + step;
}
