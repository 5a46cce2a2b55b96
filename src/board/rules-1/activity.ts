// Owns signs of life: which writer's accepted record, imported entry or noted event was the latest, and how many.
// Does not own agents' own reports. Runs after a record was accepted, so nothing here is ever taken back.

import type { Command, LogRecord } from "../../protocol/index.ts";
import type { Board } from "../board.ts";

export function noteActivity(board: Board, record: LogRecord): void {
  eachSignOfLife(record, (name, at) => bump(board, name, at, record.seq));
}

/**
 * Visit everyone of whom an accepted record is a sign of life, and when. The engine and followers act for others: their
 * own writes are no sign of anybody's life. An imported entry or event counts for the agent that it names, at the time
 * that it states. The feed asks the same, to know whose row has changed.
 */
export function eachSignOfLife(record: LogRecord, visit: (name: string, at: number) => void): void {
  const { command, actor, at } = record;
  if (record.source !== "system" && !actor.startsWith("follow:")) visit(actor, at);
  if (command.type !== "batch") imported(command, record, visit);
  else for (const single of command.commands) imported(single, record, visit);
}

function imported(command: Command, { actor, at }: LogRecord, visit: (name: string, at: number) => void): void {
  if (command.type !== "entry.put" && command.type !== "audit.note") return;
  const name = command.type === "entry.put" ? command.by : command.agent;
  if (name !== undefined && name !== actor) visit(name, command.at ?? at);
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
