// Owns the flags that say which records of the audit are meant, and what the server is asked by them.
// Does not own what they mean (server/views/audit-filter).

import { type Command, Option } from "commander";
import { parseMoment } from "../parse-values.ts";

export interface AuditFilterFlags {
  readonly by?: string;
  readonly action?: string;
  readonly outcome?: string;
  readonly key?: string;
  readonly prefix?: string;
  readonly task?: string;
  readonly of?: string;
  readonly granted?: boolean;
  readonly denied?: boolean;
  readonly trace?: string;
  readonly since?: string;
  readonly until?: string;
  readonly search?: string;
}

export function addAuditFilter(command: Command): Command {
  return command
    .option("--by <writer>", "only what this one sent")
    .option("--action <name>", "only commands of this type (entry.put), or events of this name")
    .option("--outcome <word>", "only ok, refused, repeat, or a code such as rev_mismatch")
    .option("--key <name>", "only what is about this key, task, claim, request, resource or source")
    .option("--prefix <text>", "only where that name begins so")
    .option("--task <task>", "only what is about this task, or was done for it")
    .option("--of <agent>", "only what is about this agent")
    .addOption(new Option("--granted", "only grants").conflicts("denied"))
    .option("--denied", "only denials")
    .option("--trace <id>", "only what belongs to this W3C trace")
    .addOption(
      new Option("--since <when>", "only from then on: 2h ago, or 2026-11-22T20:30:00Z").argParser(parseMoment),
    )
    .addOption(new Option("--until <when>", "only up to then").argParser(parseMoment))
    .option("--search <words>", "only where names or the reason hold these words");
}

export const auditQueryOf = (flags: AuditFilterFlags): Readonly<Record<string, string | undefined>> => ({
  actor: flags.by,
  action: flags.action,
  outcome: flags.outcome,
  key: flags.key,
  prefix: flags.prefix,
  task: flags.task,
  agent: flags.of,
  granted: flags.granted === true ? "true" : flags.denied === true ? "false" : undefined,
  trace: flags.trace,
  from: flags.since,
  to: flags.until,
  q: flags.search,
});
