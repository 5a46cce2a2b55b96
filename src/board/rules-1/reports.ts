// Owns the verdicts on what is reported and noted: agents, tasks, sources with their marks, audit events.
// Does not own signs of life: see activity.ts.

import type { CommandOf } from "../../protocol/index.ts";
import type { Board } from "../board.ts";
import { MAX_ITEMS } from "./bounds.ts";
import { accepted, followedSource, refused, type Step, type Verdict } from "./verdict.ts";

/** A member left out stays, null clears. */
const told = <T>(next: T | null | undefined, before: T | undefined): T | undefined =>
  next === undefined ? before : (next ?? undefined);

export function reportAgent(board: Board, command: CommandOf<"agent.report">, step: Step): Verdict {
  const before = board.agents.get(command.agent);
  if (before === undefined && board.agents.size >= MAX_ITEMS) return refused("board_full");
  const { seenAt } = command;
  board.setAgent(command.agent, {
    agent: command.agent,
    seq: step.record.seq,
    at: step.record.at,
    firstSeenAt: seenAt === undefined ? before?.firstSeenAt : Math.min(seenAt, before?.firstSeenAt ?? seenAt),
    lastSeenAt: seenAt === undefined ? before?.lastSeenAt : Math.max(seenAt, before?.lastSeenAt ?? seenAt),
    state: told(command.state, before?.state),
    task: told(command.task, before?.task),
    trust: told(command.trust, before?.trust),
    namespaces: command.namespaces ?? before?.namespaces,
    resources: command.resources ?? before?.resources,
  });
  step.changes.push({ type: "agent.changed", name: command.agent });
  return accepted();
}

export function reportTask(board: Board, command: CommandOf<"task.report">, step: Step): Verdict {
  const before = board.tasks.get(command.task);
  if (before === undefined && board.tasks.size >= MAX_ITEMS) return refused("board_full");
  board.setTask(command.task, {
    task: command.task,
    seq: step.record.seq,
    at: command.at ?? step.record.at,
    status: told(command.status, before?.status),
    details: command.details ?? before?.details,
    source: followedSource(step.record),
  });
  step.changes.push({ type: "task.changed", name: command.task });
  return accepted();
}

export function reportSource(board: Board, command: CommandOf<"source.report">, step: Step): Verdict {
  const before = board.sources.get(command.source);
  if (before === undefined && board.sources.size >= MAX_ITEMS) return refused("board_full");
  board.setSource(command.source, {
    source: command.source,
    seq: step.record.seq,
    at: step.record.at,
    state: command.state,
    paused: command.paused ?? before?.paused ?? false,
    detail: command.detail ?? "",
  });
  step.changes.push({ type: "source.changed", name: command.source });
  return accepted();
}

/** Marks are the follower's own; nobody is told of them. */
export function markSource(board: Board, command: CommandOf<"source.mark">, step: Step): Verdict {
  if (!board.marks.has(command.source) && board.marks.size >= MAX_ITEMS) return refused("board_full");
  for (const [name, value] of command.marks) {
    board.setMark(command.source, name, value === null ? undefined : { value, seq: step.record.seq });
  }
  return accepted();
}

/** The change is named by the note's place among all notes ever, counted from 1. */
export function noteAudit(board: Board, command: CommandOf<"audit.note">, step: Step): Verdict {
  const { record } = step;
  board.addNote({
    seq: record.seq,
    at: command.at ?? record.at,
    event: command.event,
    agent: command.agent ?? record.actor,
    resource: command.resource,
    granted: command.granted,
    reason: command.reason,
    by: record.actor,
    source: record.source,
    details: command.details,
  });
  step.changes.push({ type: "audit.added", name: String(board.audit.total) });
  return accepted();
}
