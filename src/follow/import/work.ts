// Owns the unit of import: commands and the marks that account for them, which travel in one batch (rule 21).

import { singleCommandSchema, toJsonText, utf8Bytes } from "../../protocol/index.ts";
import type { Limits, SingleCommand } from "../../protocol/index.ts";

/** A mark's name and value; null forgets it. */
export type Mark = readonly [name: string, value: string | null];

export interface Work {
  /** What it is, for a report of its refusal. */
  readonly label: string;
  readonly commands: readonly SingleCommand[];
  readonly marks: readonly Mark[];
  /** Marks to set instead when the board refuses one of the commands for what it is. */
  readonly marksIfRefused: readonly Mark[];
}

/** Rough size of a command in a record, in bytes: never less than its texts. */
export function commandBytes(command: SingleCommand): number {
  let bytes = 200;
  for (const member of Object.values(command) as unknown[]) {
    if (typeof member === "string") bytes += utf8Bytes(member);
    else if (Array.isArray(member)) bytes += JSON.stringify(member).length * 3;
  }
  return bytes;
}

/** Why the board would refuse a command whatever its state, or undefined. Asked first, so that no batch fails for it. */
export function flawOf(command: SingleCommand, limits: Limits): string | undefined {
  const checked = singleCommandSchema.safeParse(command);
  if (!checked.success) {
    const issue = checked.error.issues[0];
    return issue === undefined ? "bad_request" : `${issue.path.join(".")}: ${issue.message}`;
  }
  const named = [nameOf(command), "by" in command ? command.by : undefined];
  if (named.some((name) => name !== undefined && utf8Bytes(name) > limits.maxKeyBytes)) return "key_too_long";
  const text = "value" in command ? command.value : "details" in command ? command.details : undefined;
  if (text === undefined) return undefined;
  if (utf8Bytes(text) > limits.maxValueBytes) return "value_too_large";
  const form = toJsonText(text, limits.maxValueDepth);
  return form.ok ? undefined : form.code;
}

function nameOf(command: SingleCommand): string | undefined {
  switch (command.type) {
    case "entry.put":
    case "entry.merge":
    case "entry.delete":
      return command.key;
    case "agent.report":
      return command.agent;
    case "request.open":
      return command.request;
    default:
      return "task" in command && typeof command.task === "string" ? command.task : undefined;
  }
}
