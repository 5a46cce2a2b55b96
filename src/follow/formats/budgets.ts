// Owns budget_tracking.json in its three shapes: Network-AI's flat map, zejzlAI's flat map, the seed page's {tasks}.

import { MAX_AMOUNT } from "../../protocol/index.ts";
import { instantOf } from "./instant.ts";
import type { JsonObject } from "./json-object.ts";
import { clip, isObject, member, numberMember, parseJson, textMember, tokensMember } from "./json-object.ts";
import type { Item, ItemName, Parsed } from "./parsed.ts";
import { unbelievable } from "./parsed.ts";

const LIMIT = ["max_tokens", "budget_limit", "limit_tokens", "limit"] as const;
const USED = ["used_tokens", "tokens_used", "used"] as const;

export function parseBudgets(text: string): Parsed {
  const root = parseJson(text);
  if (!isObject(root)) return unbelievable(text.trim() === "" ? "the file is empty" : "not a JSON object");
  const nested = member(root, "tasks");
  // A flat map may have a task called `tasks`: that one has a limit itself.
  const tasks = isObject(nested) && numberMember(nested, ...LIMIT) === undefined ? nested : root;
  const items: Item[] = [];
  const unreadable: ItemName[] = [];
  const problems: string[] = [];
  for (const [task, budget] of Object.entries(tasks)) {
    const item = isObject(budget) ? budgetItem(task, budget) : undefined;
    if (item !== undefined) items.push(item);
    else {
      unreadable.push({ kind: "budget", name: task });
      problems.push(`budget "${task.slice(0, 80)}" is not readable`);
    }
  }
  return { ok: true, items, unreadable, problems, endMarked: true };
}

function budgetItem(task: string, budget: JsonObject): Item | undefined {
  const limitTokens = tokensMember(budget, ...LIMIT);
  if (limitTokens === undefined) return undefined;
  const usedTokens = tokensMember(budget, ...USED) ?? 0;
  const status = textMember(budget, "status")?.toLowerCase();
  const openedAt = instantOf(member(budget, "created_at", "createdAt"));
  const updatedAt = instantOf(member(budget, "updated_at", "last_updated", "updatedAt")) ?? lastSpendAt(budget);
  const description = clip(textMember(budget, "description"), 2048);
  return {
    kind: "budget",
    name: task,
    stated: JSON.stringify([limitTokens, usedTokens, status, openedAt, updatedAt, description]),
    commands: [
      {
        type: "budget.mirror",
        task,
        limitTokens: Math.min(limitTokens, MAX_AMOUNT),
        usedTokens,
        ...(status === "exhausted" && usedTokens < limitTokens ? { exhausted: true } : {}),
        ...(description === undefined ? {} : { description }),
        ...(openedAt === undefined ? {} : { openedAt }),
        ...(updatedAt === undefined ? {} : { updatedAt }),
      },
    ],
  };
}

function lastSpendAt(budget: JsonObject): number | undefined {
  const log = member(budget, "spending_log");
  const last: unknown = Array.isArray(log) ? log.at(-1) : undefined;
  return isObject(last) ? instantOf(last["timestamp"]) : undefined;
}
