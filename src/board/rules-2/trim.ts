// Owns what is dropped when holds, alerts or paces are too many (law L6): the oldest tenth, after the record.

import type { Change } from "../../protocol/index.ts";
import type { Board } from "../board.ts";
import { oldest } from "../rules-1/trim.ts";
import { MAX_ALERTS, MAX_ENDED_HOLDS, MAX_PACES } from "./bounds.ts";

/** Holds that have ended. */
export function trimHolds(board: Board, changes: Change[]): void {
  if (board.endedHolds <= MAX_ENDED_HOLDS) return;
  const ended = [...board.holds.values()].filter((hold) => hold.state !== "open");
  for (const name of oldest(
    ended.map(({ hold, seq }) => [hold, seq] as const),
    MAX_ENDED_HOLDS,
  )) {
    board.setHold(name, undefined);
    changes.push({ type: "hold.changed", name });
  }
}

export function trimAlerts(board: Board, changes: Change[]): void {
  if (board.alerts.size <= MAX_ALERTS) return;
  const rows = [...board.alerts.values()].map(({ alert, seq }) => [alert, seq] as const);
  for (const name of oldest(rows, MAX_ALERTS)) {
    board.setAlert(name, undefined);
    changes.push({ type: "alert.changed", name });
  }
}

/** Paces that are paid off go first: they mean the same as none. Of the others the oldest, which errs for the agents. */
export function trimPaces(board: Board): void {
  if (board.paces.size <= MAX_PACES) return;
  const now = board.clock * 1000;
  for (const pace of board.paces.values()) {
    if (Math.max(pace.reserves, pace.tokens) <= now) board.setPace(pace.pace, undefined);
  }
  const rows = [...board.paces.values()].map(({ pace, seq }) => [pace, seq] as const);
  for (const name of oldest(rows, MAX_PACES)) board.setPace(name, undefined);
}
