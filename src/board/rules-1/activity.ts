// Owns signs of life: which writer's accepted record, imported entry or noted event was the latest, and how many.
// Does not own agents' own reports. Runs after a record was accepted, so nothing here is ever taken back.

import type { Command, LogRecord } from "../../protocol/index.ts";
import type { Board } from "../board.ts";

/** The engine and followers act for others: their own writes are no sign of anybody's life. */
export function noteActivity(board: Board, record: LogRecord): void {
  const speaksForItself = record.source !== "system" && !record.actor.startsWith("follow:");
  if (speaksForItself) bump(board, record.actor, record.at, record.seq);
  const { command } = record;
  if (command.type !== "batch") noteImported(board, command, record);
  else for (const single of command.commands) noteImported(board, single, record);
}

/** An imported entry or event counts for the agent that it names, at the time that it states. */
function noteImported(board: Board, command: Command, record: LogRecord): void {
  if (command.type === "entry.put") {
    if (command.by !== undefined && command.by !== record.actor)
      bump(board, command.by, command.at ?? record.at, record.seq);
  } else if (command.type === "audit.note") {
    if (command.agent !== undefined && command.agent !== record.actor) {
      bump(board, command.agent, command.at ?? record.at, record.seq);
    }
  }
}

function bump(board: Board, name: string, at: number, seq: number): void {
  const known = board.activity.get(name);
  if (known === undefined) {
    board.activity.set(name, { name, lastAt: at, writes: 1, seq });
    return;
  }
  if (at > known.lastAt) known.lastAt = at;
  known.writes++;
  known.seq = seq;
}
