// Owns one line of hooks_audit.jsonl: what a coding agent's hook saw it do. It tells that the agent is alive and at what;
// it is no permission event, and the audit log of a workspace is audit_log.jsonl alone.

import type { CommandOf } from "../../protocol/index.ts";
import { instantOf } from "./instant.ts";
import { clip, isObject, parseJson, textMember } from "./json-object.ts";
import { redactText } from "../../protocol/secrets.ts";

export function parseHookLine(line: string): CommandOf<"agent.report"> | undefined {
  const hook = parseJson(line);
  if (!isObject(hook)) return undefined;
  const agent = clip(textMember(hook, "agentId", "agent_id"));
  if (agent === undefined) return undefined;
  const doing = [textMember(hook, "event"), textMember(hook, "toolName", "tool_name"), textMember(hook, "decision")]
    .filter((part) => part !== undefined)
    .join(" ");
  const seenAt = instantOf(hook["timestamp"]);
  return {
    type: "agent.report",
    agent,
    ...(doing === "" ? {} : { state: redactText(doing).slice(0, 200).toWellFormed() }),
    ...(seenAt === undefined ? {} : { seenAt }),
  };
}
