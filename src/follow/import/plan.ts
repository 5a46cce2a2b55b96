// Owns what follows from a file's new content: which items to import, and which vanished and are taken back.
// Invariant (rule 20): compares with what this file last said, never with the board, and takes back only its own.

import type { SingleCommand } from "../../protocol/index.ts";
import type { FollowedState } from "../contract.ts";
import type { Item, ItemName, Parsed } from "../formats/parsed.ts";
import { shortHash } from "../formats/short-hash.ts";
import { importedMark, markName, refusedMark, rememberedItems } from "./item-marks.ts";
import type { Work } from "./work.ts";

export interface Plan {
  readonly changed: readonly Work[];
  /** Takes back what the file does not state any more. */
  readonly vanished: readonly Work[];
  /** Keys of other writers that the changes take over. */
  readonly conflicts: readonly string[];
}

export function planImport(source: string, parsed: Extract<Parsed, { ok: true }>, state: FollowedState): Plan {
  const remembered = rememberedItems(state.marks.get(source));
  const changed: Work[] = [];
  const conflicts: string[] = [];
  const stated = new Map<string, Item>();
  // A file that states a name twice means the last one.
  for (const item of parsed.items) stated.set(markName(item), item);
  for (const [mark, item] of stated) {
    const hash = shortHash(item.stated);
    const known = remembered.get(mark);
    if (known?.hash === hash) continue;
    if (isOthers(source, item, state)) conflicts.push(item.name);
    changed.push({
      label: `${item.kind} "${item.name.slice(0, 80)}"`,
      commands: commandsFor(source, item, state),
      marks: [importedMark(item, hash)],
      marksIfRefused: [refusedMark(item, hash)],
    });
  }
  const kept = new Set([...stated.keys(), ...parsed.unreadable.map(markName)]);
  const vanished: Work[] = [];
  for (const item of remembered.values()) {
    if (kept.has(item.mark)) continue;
    vanished.push({
      label: `end of ${item.kind} "${item.name.slice(0, 80)}"`,
      commands: item.refused ? [] : takeBack(source, item, state),
      marks: [[item.mark, null]],
      marksIfRefused: [[item.mark, null]],
    });
  }
  return { changed, vanished, conflicts };
}

function isOthers(source: string, item: Item, state: FollowedState): boolean {
  if (item.kind === "entry") {
    const entry = state.entries.get(item.name);
    return entry !== undefined && entry.source !== source;
  }
  if (item.kind !== "budget") return false;
  const budget = state.budgets.get(item.name);
  return budget !== undefined && budget.source !== source;
}

/** A request that is open already, and ours, gives way to its new version. */
function commandsFor(source: string, item: Item, state: FollowedState): readonly SingleCommand[] {
  if (item.kind !== "request") return item.commands;
  const present = state.requests.get(item.name);
  if (present === undefined || present.source !== source || !isPending(present.state)) return item.commands;
  return [{ type: "request.close", request: item.name, reason: "changed in the workspace" }, ...item.commands];
}

const isPending = (state: string): boolean => state === "open" || state === "granted";

function takeBack(source: string, item: ItemName, state: FollowedState): SingleCommand[] {
  switch (item.kind) {
    case "entry":
      return state.entries.get(item.name)?.source === source
        ? [{ type: "entry.delete", key: item.name, owned: true }]
        : [];
    case "budget": {
      const budget = state.budgets.get(item.name);
      return budget?.source === source && !budget.closed ? [{ type: "budget.unmirror", task: item.name }] : [];
    }
    case "request": {
      const request = state.requests.get(item.name);
      return request?.source === source && isPending(request.state)
        ? [{ type: "request.close", request: item.name, reason: "not in the workspace any more" }]
        : [];
    }
    case "task":
      // Tasks are only ever reported on; the board keeps the last word on each.
      return [{ type: "task.report", task: item.name, status: "removed" }];
    case "health":
      return [{ type: "agent.report", agent: item.name, state: null, task: null }];
    case "trust":
      return [{ type: "agent.report", agent: item.name, trust: null, namespaces: [], resources: [] }];
    case "seen":
      return [];
    default:
      return item.kind satisfies never;
  }
}
