// Owns keeping secrets out of records: what of a caller's command is looked through before there is a record of it (ADR 0010).
// Does not own what a secret is (protocol/secrets). Deterministic: a retry is redacted alike, so its content is the same (law L9).
//
// Looked through always: prose (reasons, descriptions, states), details of notes and requests, and the words of notes. Values of entries
// and details of tasks are what agents work with: only where the operator says so. Other names are identities, and never changed.

import type { Command, JsonText, SingleCommand } from "../protocol/index.ts";
import { redactJson, redactText } from "../protocol/secrets.ts";

export interface Redaction {
  /** Also entries' values and patches, and tasks' details. */
  readonly values: boolean;
}

export const DEFAULT_REDACTION: Redaction = { values: false };

export function redactCommand(command: Command, redaction: Redaction): Command {
  if (command.type !== "batch") return redactOne(command, redaction);
  return { ...command, commands: command.commands.map((single) => redactOne(single, redaction)) };
}

function redactOne(command: SingleCommand, { values }: Redaction): SingleCommand {
  switch (command.type) {
    case "audit.note":
      return clean(command, ["event", "agent", "resource", "reason"], "details");
    case "request.open":
      return clean(command, ["reason"], "details");
    case "request.decide":
    case "request.close":
    case "hold.release":
    case "pause.set":
    case "alert.acknowledge":
      return clean(command, ["reason"]);
    case "budget.charge":
      return clean(command, ["reason", "operation"]);
    case "budget.reserve":
    case "hold.settle":
      return clean(command, ["operation"]);
    case "budget.open":
    case "budget.change":
    case "budget.mirror":
      return clean(command, ["description"]);
    case "agent.report":
      return clean(command, ["state"]);
    case "source.report":
      return clean(command, ["detail"]);
    case "task.report":
      return clean(command, ["status"], values ? "details" : undefined);
    case "entry.put":
      return values ? clean(command, [], "value") : command;
    case "entry.merge":
      return values ? clean(command, [], "patch") : command;
    case "entry.delete":
    case "budget.limit":
    case "budget.move":
    case "hold.extend":
    case "pause.clear":
    case "budget.reset":
    case "budget.project":
    case "budget.close":
    case "budget.unmirror":
    case "claim.acquire":
    case "claim.renew":
    case "claim.release":
    case "source.mark":
    case "rules.change":
    case "items.expire":
      return command;
    default:
      return command satisfies never;
  }
}

function clean<C extends SingleCommand>(command: C, proses: readonly (keyof C)[], json?: keyof C): C {
  let changed = command;
  const set = (member: keyof C, before: unknown, after: string): void => {
    if (after !== before) changed = { ...changed, [member]: after };
  };
  for (const member of proses) {
    const text: unknown = command[member];
    if (typeof text === "string") set(member, text, redactText(text));
  }
  const text: unknown = json === undefined ? undefined : command[json];
  if (json !== undefined && typeof text === "string") set(json, text, redactJson(text as JsonText));
  return changed;
}
