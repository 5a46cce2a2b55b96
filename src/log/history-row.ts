// Owns what the history index keeps of a record: the words that a question may ask for.
// Does not own the record itself, which is read again from the log (rule 15). A batch gives one row per command.

import type { LogRecord, SingleCommand } from "../protocol/index.ts";

/** One command's searchable words. */
export interface HistoryRow {
  readonly type: SingleCommand["type"];
  /** The key, task, claim, request, agent or source that the command is about. */
  readonly name: string | undefined;
  readonly event: string | undefined;
  /** Who it is about, where that is not the actor. */
  readonly agent: string | undefined;
  readonly granted: boolean | undefined;
  readonly reason: string | undefined;
}

/** Rows of one record, in the order of its commands. */
export function historyRowsOf({ command }: LogRecord): HistoryRow[] {
  return command.type === "batch" ? command.commands.map(rowOf) : [rowOf(command)];
}

function rowOf(command: SingleCommand): HistoryRow {
  const { type } = command;
  const row = (name: string | undefined, words: Partial<HistoryRow> = {}): HistoryRow => ({
    type,
    name,
    event: undefined,
    agent: undefined,
    granted: undefined,
    reason: undefined,
    ...words,
  });
  switch (command.type) {
    case "entry.put":
    case "entry.merge":
    case "entry.delete":
      return row(command.key);
    case "budget.open":
    case "budget.mirror":
      return row(command.task, { reason: command.description });
    case "budget.charge":
      return row(command.task, { agent: command.agent, reason: command.reason });
    case "budget.limit":
    case "budget.close":
    case "budget.unmirror":
      return row(command.task);
    case "claim.acquire":
    case "claim.renew":
    case "claim.release":
      return row(command.claim);
    case "request.open":
      return row(command.request, { event: command.kind, agent: command.agent, reason: command.reason });
    case "request.decide":
      return row(command.request, { granted: command.decision === "granted", reason: command.reason });
    case "request.close":
      return row(command.request, { reason: command.reason });
    case "agent.report":
      return row(command.agent, { agent: command.agent, event: command.state ?? undefined });
    case "task.report":
      return row(command.task, { event: command.status ?? undefined });
    case "audit.note":
      return row(command.resource, {
        event: command.event,
        agent: command.agent,
        granted: command.granted,
        reason: command.reason,
      });
    case "source.report":
      return row(command.source, { event: command.state, reason: command.detail });
    case "source.mark":
      return row(command.source);
    case "rules.change":
    case "items.expire":
      return row(undefined);
    default:
      return command satisfies never;
  }
}
