// Owns the budget that Network-AI's FederatedBudget keeps on a blackboard, as a JSON string under one key.
// It counts the same tokens as the workspace's budget file: shown only where there is no such file (see follower).

import type { JsonText } from "../../protocol/index.ts";
import { isObject, objectMember, parseJson, tokensMember } from "./json-object.ts";
import type { Item } from "./parsed.ts";

export const FEDERATED_BUDGET_KEY = "federated-budget";

/** The budget that an entry's value states, or undefined. */
export function federatedBudgetItem(value: JsonText, at: number | undefined): Item | undefined {
  let stated = parseJson(value);
  if (typeof stated === "string") stated = parseJson(stated);
  if (!isObject(stated)) return undefined;
  const limitTokens = tokensMember(stated, "ceiling");
  if (limitTokens === undefined) return undefined;
  const usedTokens = tokensMember(stated, "totalSpent") ?? 0;
  const spent = Object.entries(objectMember(stated, "spent") ?? {}).slice(0, 50);
  const description = `Shared by all agents. Spent: ${spent.map(([agent, tokens]) => `${agent} ${String(tokens)}`).join(", ")}`;
  return {
    kind: "budget",
    name: FEDERATED_BUDGET_KEY,
    stated: value,
    commands: [
      {
        type: "budget.mirror",
        task: FEDERATED_BUDGET_KEY,
        limitTokens,
        usedTokens,
        description: description.slice(0, 2048),
        ...(at === undefined ? {} : { updatedAt: at }),
      },
    ],
  };
}
