// Owns the question what is due when. Does not end anything: the engine asks, then writes `items.expire` (rule 6).

import { boardOf } from "./board.ts";
import type { BoardState } from "./state.ts";
import type { Timer } from "./timers.ts";

/** One item that is due, as `items.expire` names it. */
export interface DueItem {
  readonly kind: Timer["kind"];
  readonly name: string;
  readonly rev: number;
}

/** Board clock in ms at which the next item expires, or undefined if none ever does. */
export function nextExpiry(state: BoardState): number | undefined {
  const board = boardOf(state);
  for (let first = board.timers.first; first !== undefined; first = board.timers.first) {
    if (board.stands(first)) return first.clock;
    board.timers.pop();
  }
  return undefined;
}

/** Items that are due at `clock`, at most `max` of them, in no particular order. Asking again gives the same again. */
export function dueItems(state: BoardState, clock: number, max: number): DueItem[] {
  const board = boardOf(state);
  const due = new Map<string, DueItem>();
  if (max <= 0 || nextExpiry(state) === undefined) return [];
  board.timers.due(clock, (timer) => {
    const { kind, name, rev } = timer;
    if (board.stands(timer)) due.set(`${kind} ${name}`, { kind, name, rev });
    return due.size < max;
  });
  return [...due.values()];
}
