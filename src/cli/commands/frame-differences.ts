// Owns what changed between two frames of a board, as lines for people and objects for programs. Pure.
// Does not own the frames (protocol/views). State conflates (law L5): only the latest value of a key is told.

import type { ClassicAudit, FullFrame } from "../../protocol/index.ts";
import { plain, shorten } from "../print.ts";

export type Difference =
  | {
      readonly type: "entry.changed";
      readonly key: string;
      readonly value: unknown;
      readonly rev: number;
      readonly by: string;
      readonly at: number;
    }
  | { readonly type: "entry.deleted"; readonly key: string }
  | {
      readonly type: "budget.changed";
      readonly task: string;
      readonly usedTokens: number;
      readonly limitTokens: number;
      readonly percentage: number;
      readonly status: string;
    }
  | { readonly type: "audit.added"; readonly note: ClassicAudit }
  | { readonly type: "audit.missed"; readonly count: number };

/** `before` undefined: everything that is there counts as changed, but no old audit event is told. */
export function differences(before: FullFrame | undefined, after: FullFrame, prefix: string | undefined): Difference[] {
  const found = entryDifferences(before, after, prefix ?? "");
  return prefix === undefined
    ? [...found, ...budgetDifferences(before, after), ...auditDifferences(before, after)]
    : found;
}

function entryDifferences(before: FullFrame | undefined, after: FullFrame, prefix: string): Difference[] {
  // A part that could not be sent says nothing about what is there.
  if (!after.blackboard.success) return [];
  const found: Difference[] = [];
  const was = before?.board.entries ?? {};
  for (const [key, facts] of Object.entries(after.board.entries)) {
    if (!key.startsWith(prefix) || (Object.hasOwn(was, key) && was[key]?.seq === facts.seq)) continue;
    found.push({
      type: "entry.changed",
      key,
      value: after.blackboard.entries[key],
      rev: facts.rev,
      by: facts.by,
      at: facts.at,
    });
  }
  for (const key of Object.keys(was)) {
    if (key.startsWith(prefix) && !Object.hasOwn(after.board.entries, key)) found.push({ type: "entry.deleted", key });
  }
  return found;
}

function budgetDifferences(before: FullFrame | undefined, after: FullFrame): Difference[] {
  if (!after.budget.success) return [];
  const was = new Map(before?.budget.success === true ? before.budget.tasks.map((task) => [task.task_id, task]) : []);
  const found: Difference[] = [];
  for (const { task_id, tokens_used, budget_limit, percentage, status } of after.budget.tasks) {
    const old = was.get(task_id);
    if (old?.tokens_used === tokens_used && old.budget_limit === budget_limit && old.status === status) continue;
    found.push({
      type: "budget.changed",
      task: task_id,
      usedTokens: tokens_used,
      limitTokens: budget_limit,
      percentage,
      status,
    });
  }
  return found;
}

function auditDifferences(before: FullFrame | undefined, after: FullFrame): Difference[] {
  if (before?.audit.success !== true || !after.audit.success) return [];
  const added = Math.max(0, after.audit.total_count - before.audit.total_count);
  const notes = after.audit.entries.slice(0, added).toReversed();
  const found: Difference[] = notes.map((note) => ({ type: "audit.added", note }));
  // A frame holds the newest 20; what does not fit is told, never silently missing (law L5).
  if (added > notes.length) found.unshift({ type: "audit.missed", count: added - notes.length });
  return found;
}

export function lineOf(difference: Difference): string {
  switch (difference.type) {
    case "entry.changed": {
      const value = typeof difference.value === "string" ? difference.value : JSON.stringify(difference.value);
      return `put     ${plain(difference.key)} = ${shorten(plain(value), 160)}  (rev ${difference.rev} by ${plain(difference.by)})`;
    }
    case "entry.deleted":
      return `delete  ${plain(difference.key)}`;
    case "budget.changed":
      return `budget  ${plain(difference.task)} ${difference.usedTokens}/${difference.limitTokens} (${difference.percentage.toFixed(1)} %, ${difference.status})`;
    case "audit.added": {
      const { event, granted, agent_id, resource_type, reason } = difference.note;
      const verdict = granted === null ? "" : granted ? " GRANTED" : " DENIED";
      const about = [resource_type, reason].filter((part) => part !== null && part !== "").join(": ");
      return `audit   ${plain(event)}${verdict} ${plain(agent_id)}${about === "" ? "" : ` (${shorten(plain(about), 120)})`}`;
    }
    case "audit.missed":
      return `audit   ${difference.count} more events; see swarmboard audit list`;
    default:
      return difference satisfies never;
  }
}
