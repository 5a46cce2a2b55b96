// Owns the JSON files that list tasks and agents: task_tracking, agent_health, trust_levels.
// Each is a map by name or an array of objects that hold their name; what cannot be read is kept, never taken for deleted.

import { jsonTextOf, toJsonText } from "../../protocol/index.ts";
import type { JsonText, SingleCommand } from "../../protocol/index.ts";
import { instantOf } from "./instant.ts";
import type { JsonObject } from "./json-object.ts";
import { clip, isObject, member, numberMember, parseJson, textMember } from "./json-object.ts";
import type { Item, ItemKind, ItemName, Parsed } from "./parsed.ts";
import { unbelievable } from "./parsed.ts";
import { redactJson } from "../../protocol/secrets.ts";

function parseTable(
  text: string,
  kind: ItemKind,
  nameMembers: readonly string[],
  commandOf: (name: string, row: JsonObject) => SingleCommand,
): Parsed {
  const root = parseJson(text);
  if (root === undefined || root === null || typeof root !== "object") {
    return unbelievable(text.trim() === "" ? "the file is empty" : "neither a JSON object nor an array");
  }
  const rows: readonly [string | undefined, unknown][] = Array.isArray(root)
    ? root.map((row: unknown) => [isObject(row) ? textMember(row, ...nameMembers) : undefined, row])
    : Object.entries(root);
  const items: Item[] = [];
  const unreadable: ItemName[] = [];
  const problems: string[] = [];
  for (const [name, row] of rows) {
    if (name !== undefined && isObject(row)) {
      items.push({ kind, name, stated: JSON.stringify(row), commands: [commandOf(name, row)] });
      continue;
    }
    if (name !== undefined) unreadable.push({ kind, name });
    problems.push(`${kind} "${(name ?? "?").slice(0, 80)}" is not readable`);
  }
  return { ok: true, items, unreadable, problems, endMarked: true };
}

export const parseTasks = (text: string): Parsed =>
  parseTable(text, "task", ["task_id", "taskId", "id"], (task, row) => {
    const handoffs = member(row, "handoffs");
    const last: unknown = Array.isArray(handoffs) ? handoffs.at(-1) : undefined;
    const at =
      (isObject(last) ? instantOf(last["timestamp"]) : undefined) ??
      instantOf(member(row, "updated_at", "updatedAt", "created_at", "createdAt"));
    const status = textMember(row, "status")?.slice(0, 200).toWellFormed();
    const details = safeDetails(row);
    return {
      type: "task.report",
      task,
      ...(status === undefined ? {} : { status }),
      ...(details === undefined ? {} : { details }),
      ...(at === undefined ? {} : { at }),
    };
  });

export const parseAgentHealth = (text: string): Parsed =>
  parseTable(text, "health", ["agent_id", "agentId", "agent", "id"], (agent, row) => {
    const seenAt = instantOf(member(row, "last_heartbeat", "lastHeartbeat", "first_seen"));
    return {
      type: "agent.report",
      agent,
      state: textMember(row, "status")?.slice(0, 200).toWellFormed() ?? null,
      task: clip(textMember(row, "current_task", "currentTask")) ?? null,
      ...(seenAt === undefined ? {} : { seenAt }),
    };
  });

export const parseTrustLevels = (text: string): Parsed =>
  parseTable(text, "trust", ["agentId", "agent_id", "agent", "id"], (agent, row) => {
    const trust = numberMember(row, "trustLevel", "trust_level", "trust");
    return {
      type: "agent.report",
      agent,
      trust: trust === undefined ? null : Math.min(Math.max(trust, 0), 1),
      namespaces: names(member(row, "allowedNamespaces", "allowed_namespaces")),
      resources: names(member(row, "allowedResources", "allowed_resources")),
    };
  });

/** At most 256 names; what is no name is left out. */
function names(value: unknown): string[] {
  if (!Array.isArray(value)) return [];
  return value
    .map((name: unknown) => (typeof name === "string" ? clip(name) : undefined))
    .filter((name) => name !== undefined)
    .slice(0, 256);
}

/** An object's JSON without secrets, or undefined where it cannot be kept (too deep, half a surrogate pair). */
export function safeDetails(row: JsonObject): JsonText | undefined {
  const text = toJsonText(jsonTextOf(row));
  return text.ok ? redactJson(text.text) : undefined;
}
