// Owns what a record is to the history: its commands one by one, with the words that a question may ask for.
// Does not own the record itself, which is read again from the log (rule 15).

import type { LogRecord, SingleCommand } from "../protocol/index.ts";
import type { HistoryPlace } from "./history-filter.ts";

/** Commands of one record that the history tells apart. Beyond, the rest is left out; no batch is so long. */
export const MOST_PARTS = 16_384;

/** The number of a command in the index is its place, so that pages go on at the same place in an index that was built again. */
export const rowNumber = ({ seq, part }: HistoryPlace): number => seq * MOST_PARTS + part;

export function placeOfRow(row: number): HistoryPlace {
  const part = row % MOST_PARTS;
  return { seq: (row - part) / MOST_PARTS, part };
}

/** One command's searchable words. */
export interface HistoryRow {
  readonly type: SingleCommand["type"];
  /** Wall time in ms that an imported event states. */
  readonly at: number | undefined;
  /** The key, task, claim, request, agent or source that the command is about. */
  readonly name: string | undefined;
  readonly event: string | undefined;
  /** Who it is about, where that is not the actor. */
  readonly agent: string | undefined;
  readonly granted: boolean | undefined;
  /** The task that the command is about. */
  readonly task: string | undefined;
  readonly reason: string | undefined;
}

/** The commands of a record in order: those of a batch one by one, an expiry item by item, and resets budget by budget. */
export function partsOf({ command }: LogRecord): readonly SingleCommand[] {
  const commands = command.type === "batch" ? command.commands : [command];
  if (!commands.some(({ type }) => type === "items.expire" || type === "budget.reset")) return commands;
  return commands.flatMap(eachOf).slice(0, MOST_PARTS);
}

function eachOf(single: SingleCommand): SingleCommand[] {
  if (single.type === "items.expire") return single.items.map((item) => ({ ...single, items: [item] }));
  if (single.type === "budget.reset") return single.resets.map((reset) => ({ ...single, resets: [reset] }));
  return [single];
}

export function rowOf(command: SingleCommand, actor: string): HistoryRow {
  const { type } = command;
  const row = (name: string | undefined, words: Partial<HistoryRow> = {}): HistoryRow => ({
    type,
    at: "at" in command ? command.at : undefined,
    name,
    event: undefined,
    agent: undefined,
    granted: undefined,
    task: "task" in command ? (command.task ?? undefined) : undefined,
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
    case "budget.project":
      return row(command.task);
    case "budget.change":
      return row(command.task, { reason: command.description });
    case "budget.move":
      return row(command.task, { reason: command.parent ?? undefined });
    case "budget.reserve":
      return row(command.task, { agent: command.agent ?? actor, event: command.operation });
    case "budget.reset":
      return row(command.resets[0]?.task);
    case "hold.settle":
    case "hold.extend":
      return row(command.hold);
    case "hold.release":
      return row(command.hold, { reason: command.reason });
    case "pause.set":
      return row(command.name ?? command.scope, { event: command.scope, reason: command.reason });
    case "pause.clear":
      return row(command.name ?? command.scope, { event: command.scope });
    case "alert.acknowledge":
      return row(command.alert, { reason: command.reason });
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
        agent: command.agent ?? actor,
        granted: command.granted,
        reason: command.reason,
      });
    case "source.report":
      return row(command.source, { event: command.state, reason: command.detail });
    case "source.mark":
      return row(command.source);
    case "items.expire":
      return row(command.items[0]?.name, { event: command.items[0]?.kind });
    case "rules.change":
      return row(undefined);
    default:
      return command satisfies never;
  }
}
