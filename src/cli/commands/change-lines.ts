// Owns how a change of a board looks as a line for people. Does not own what a change is (board-changes.ts). Pure.

import { toJson } from "../../client/index.ts";
import { plain, shorten } from "../print.ts";
import type { BoardChange } from "./board-changes.ts";

export function lineOf(change: BoardChange): string {
  switch (change.type) {
    case "entry.changed": {
      const value = typeof change.value === "string" ? change.value : (toJson(change.value) ?? "");
      return `put     ${plain(change.key)} = ${shorten(plain(value), 160)}  (rev ${change.rev} by ${plain(change.by)})`;
    }
    case "entry.deleted":
      return `delete  ${plain(change.key)}`;
    case "budget.changed":
      return `budget  ${plain(change.task)} ${change.usedTokens}/${change.limitTokens ?? "-"} (${change.percentage.toFixed(1)} %, ${change.status})`;
    case "audit.added": {
      const { event, granted, agent_id, resource_type, reason } = change.note;
      const verdict = granted === true ? " GRANTED" : granted === false ? " DENIED" : "";
      const about = [resource_type, reason].filter((part) => typeof part === "string" && part !== "").join(": ");
      return `audit   ${plain(String(event))}${verdict} ${plain(String(agent_id))}${about === "" ? "" : ` (${shorten(plain(about), 120)})`}`;
    }
    case "audit.missed":
      return `audit   ${change.count} more events; see swarmboard audit list`;
    default:
      return change satisfies never;
  }
}
