// Owns what may be asked of budgets without changing them: a reserve that is only tried, what could be reserved, and where
// in the tree a budget is. Does not own the law: the rules in force answer.

import type { Budget } from "../protocol/index.ts";
import { boardOf } from "./board.ts";
import type { Board } from "./board.ts";
import { accountOf } from "./rules-2/accounts.ts";
import { MAX_OPEN_HOLDS } from "./rules-2/bounds.ts";
import { type Cap, capOf } from "./rules-2/cap.ts";
import { type Ask, type Asked, decideReserve, type Refused } from "./rules-2/holds.ts";
import { type Amounts, leftOf } from "./rules-2/limits.ts";
import { pathOf } from "./rules-2/tree.ts";
import type { BoardState } from "./state.ts";

export type { Ask } from "./rules-2/holds.ts";
export type { Bound, Cap } from "./rules-2/cap.ts";

/** The board at a moment that no record has brought yet: rates are of the board clock. */
function askedAt(board: Board, clock: number): Asked {
  const { budgets, pauses, sources, paces } = board;
  return { budgets, pauses, sources, paces, clock: Math.max(board.clock, clock) };
}

const full = (board: Board): Refused | undefined =>
  board.holds.size - board.endedHolds < MAX_OPEN_HOLDS
    ? undefined
    : { ok: false, code: "board_full", detail: undefined };

/** What a reserve would be told at this board clock, as far as the board is known; it reserves nothing. */
export function tryReserve(state: BoardState, ask: Ask, clock: number): { readonly ok: true } | Refused {
  const board = boardOf(state);
  const decision = decideReserve(askedAt(board, clock), ask, 0);
  return decision.ok ? (full(board) ?? { ok: true }) : decision;
}

/** How much could be reserved at this board clock, by dimension, or what stops any reserve. */
export function capAt(
  state: BoardState,
  who: { readonly task: string; readonly agent: string; readonly actor: string },
  clock: number,
): Cap {
  const board = boardOf(state);
  const cap = capOf(askedAt(board, clock), who);
  return cap.ok ? (full(board) ?? cap) : cap;
}

/** Where a budget stands, and what it has without its children. */
export interface Position {
  /** From the root to the budget itself. */
  readonly path: readonly string[];
  readonly children: readonly string[];
  /** What may still be reserved in this budget; `Infinity` where nothing limits it, negative for debt. */
  readonly left: Amounts;
  /** Spent and held in the budget itself: the figures of its children are taken out. */
  readonly own: {
    readonly everTokens: number;
    readonly everNanoUsd: number;
    readonly heldTokens: number;
    readonly heldNanoUsd: number;
    readonly holds: number;
  };
}

export function positionOf(state: BoardState, budget: Budget): Position {
  const children = [...(state.children.get(budget.task) ?? [])];
  const { everTokens, everNanoUsd, heldTokens, heldNanoUsd, holds } = accountOf(budget);
  const own = { everTokens, everNanoUsd, heldTokens, heldNanoUsd, holds };
  for (const child of children) {
    const one = state.budgets.get(child);
    if (one === undefined) continue;
    const account = accountOf(one);
    for (const figure of Object.keys(own) as (keyof typeof own)[]) own[figure] -= account[figure];
  }
  return {
    path: pathOf(boardOf(state), budget.task)
      .map(({ task }) => task)
      .reverse(),
    children,
    left: leftOf(budget),
    own,
  };
}

/** What may be reserved in a budget and in every one above it, by what is left alone; `Infinity` where nothing limits it. */
export function leftOnPath(state: BoardState, task: string): Amounts {
  let tokens = Number.POSITIVE_INFINITY;
  let nanoUsd = Number.POSITIVE_INFINITY;
  for (const budget of pathOf(boardOf(state), task)) {
    const left = leftOf(budget);
    tokens = Math.min(tokens, left.tokens);
    nanoUsd = Math.min(nanoUsd, left.nanoUsd);
  }
  return { tokens, nanoUsd };
}
