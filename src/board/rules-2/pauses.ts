// Owns pauses: what is paused, by whom, and whether a reserve may go on.
// A pause stops new reserves only. What is held may be settled, extended in time, and released; charges tell of what was.

import { type Budget, type CommandOf, type Detail } from "../../protocol/index.ts";
import type { Board } from "../board.ts";
import { accepted, refused, type Step, type Verdict } from "../rules-1/verdict.ts";
import { MAX_PAUSES } from "./bounds.ts";

type Scope = CommandOf<"pause.set">["scope"];

/** The name of a scope's pause. */
export const pauseName = (scope: Scope, name: string | undefined): string =>
  scope === "board" ? "board" : `${scope}:${name ?? ""}`;

/** Pausing what is paused changes who says so, and why. */
export function setPause(board: Board, command: CommandOf<"pause.set">, step: Step): Verdict {
  const { scope, name } = command;
  if (scope !== "board" && name === undefined) return refused("bad_request", { errors: `a ${scope} needs its name` });
  const pause = pauseName(scope, name);
  if (!board.pauses.has(pause) && board.pauses.size >= MAX_PAUSES) return refused("board_full");
  const { seq, at, actor } = step.record;
  board.setPause(pause, {
    pause,
    seq,
    at,
    scope,
    name: scope === "board" ? undefined : name,
    by: actor,
    reason: command.reason ?? "",
  });
  step.changes.push({ type: "pause.changed", name: pause });
  return accepted();
}

export function clearPause(board: Board, command: CommandOf<"pause.clear">, step: Step): Verdict {
  const pause = pauseName(command.scope, command.name);
  if (!board.pauses.has(pause)) return refused("not_paused");
  board.setPause(pause, undefined);
  step.changes.push({ type: "pause.changed", name: pause });
  return accepted();
}

/** What stops a reserve on this path by these agents; the widest scope is named. */
export function pausedBy(board: Board, path: readonly Budget[], agents: readonly string[]): Detail | undefined {
  if (board.pauses.size > 0) {
    const names = [
      "board",
      ...agents.map((agent) => `agent:${agent}`),
      ...path.map(({ task }) => `task:${task}`).reverse(),
    ];
    for (const name of names) {
      const pause = board.pauses.get(name);
      if (pause !== undefined) return { paused: name, by: pause.by, reason: pause.reason.slice(0, 1000) };
    }
  }
  for (const source of board.sources.values()) {
    // A followed workspace's own switch, SYSTEM_PAUSED: its swarm is this board's.
    if (source.paused) return { paused: "board", by: source.source, reason: "the followed workspace is paused" };
  }
  return undefined;
}
