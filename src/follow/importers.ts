// Owns which importer follows which file of a workspace. Does not own when they run.
// Only the names below are ever opened; `.signing_key`, `.wal.jsonl`, locks and the archive are not among them.

import { createHash } from "node:crypto";
import { basename, join, relative, sep } from "node:path";
import { utf8Bytes } from "../protocol/index.ts";
import { parseAuditLine } from "./formats/audit-line.ts";
import { parseBlackboard } from "./formats/blackboard.ts";
import { parseBudgets } from "./formats/budgets.ts";
import { FEDERATED_BUDGET_KEY, federatedBudgetItem } from "./formats/federated-budget.ts";
import { parseHookLine } from "./formats/hook-line.ts";
import type { Parsed } from "./formats/parsed.ts";
import { parseActiveGrants, parsePendingChange } from "./formats/requests.ts";
import { parseAgentHealth, parseTasks, parseTrustLevels } from "./formats/tables.ts";
import { createLogTail } from "./import/log-tail.ts";
import { createProposalFolder } from "./import/proposal-folder.ts";
import type { ImportContext, Importer } from "./import/step.ts";
import { createWholeFile } from "./import/whole-file.ts";

export interface FollowedPath {
  /** Path below the base, with `/`. */
  readonly file: string;
  readonly path: string;
  readonly importer: Importer;
  /** True if a change of this path is (or may be) a change of the followed thing. */
  concerns(path: string): boolean;
}

/**
 * In the order in which they are imported: what people look at first comes first, long logs last. Budgets come before
 * the blackboard, because whether there is a budget file decides on the federated budget.
 */
const NAMES = [
  "budget_tracking.json",
  "swarm-blackboard.md",
  "blackboard.md",
  "agent_health.json",
  "trust_levels.json",
  "task_tracking.json",
  "active_grants.json",
  "pending_changes",
  "audit_log.jsonl",
  "security-audit.log",
  "hooks_audit.jsonl",
] as const;
type Name = (typeof NAMES)[number];

/**
 * All that may lie in the folders of a workspace, whether it exists or not.
 * @param hasBudgetFile whether some file of the workspace states budgets
 */
export function followedPaths(
  base: string,
  folders: readonly string[],
  label: string,
  context: ImportContext,
  hasBudgetFile: () => boolean,
): FollowedPath[] {
  return NAMES.flatMap((name) => folders.map((folder) => followedPath(base, join(folder, name), name)));

  function followedPath(from: string, path: string, name: Name): FollowedPath {
    const file = relative(from, path).split(sep).join("/");
    const source = sourceId(label, file);
    const isLog = name.endsWith(".jsonl") || name.endsWith(".log");
    const stem = path.slice(0, path.lastIndexOf("."));
    return {
      file,
      path,
      importer: importerOf(name, path, source),
      concerns: (changed) => changed === path || (isLog && changed.startsWith(stem)) || changed.startsWith(path + sep),
    };
  }

  function importerOf(name: Name, path: string, source: string): Importer {
    switch (name) {
      case "swarm-blackboard.md":
      case "blackboard.md": {
        const parse = (text: string, nowMs: number): Parsed =>
          withFederatedBudget(parseBlackboard(text, nowMs, basename(path) === "blackboard.md"), !hasBudgetFile());
        return createWholeFile(path, source, parse, context, () => String(hasBudgetFile()));
      }
      case "budget_tracking.json":
        return createWholeFile(path, source, parseBudgets, context);
      case "agent_health.json":
        return createWholeFile(path, source, parseAgentHealth, context);
      case "trust_levels.json":
        return createWholeFile(path, source, parseTrustLevels, context);
      case "task_tracking.json":
        return createWholeFile(path, source, parseTasks, context);
      case "active_grants.json":
        return createWholeFile(path, source, parseActiveGrants, context);
      case "pending_changes":
        return createProposalFolder(path, source, parsePendingChange, context);
      case "audit_log.jsonl":
      case "security-audit.log":
        return createLogTail(
          path,
          source,
          (line) => {
            const audit = parseAuditLine(line);
            return audit === undefined ? undefined : { eventId: audit.eventId, command: audit.note };
          },
          context,
        );
      case "hooks_audit.jsonl":
        return createLogTail(
          path,
          source,
          (line) => {
            const command = parseHookLine(line);
            return command === undefined ? undefined : { eventId: undefined, command };
          },
          context,
        );
      default:
        return name satisfies never;
    }
  }
}

/** A federated budget counts the tokens that a budget file counts too: shown only where there is no such file. */
function withFederatedBudget(parsed: Parsed, wanted: boolean): Parsed {
  if (!parsed.ok || !wanted) return parsed;
  const entry = parsed.items.find((item) => item.name === FEDERATED_BUDGET_KEY)?.commands[0];
  if (entry?.type !== "entry.put") return parsed;
  const budget = federatedBudgetItem(entry.value, entry.at);
  return budget === undefined ? parsed : { ...parsed, items: [...parsed.items, budget] };
}

/** `follow:<label>/<file>`, at most 512 bytes: a longer one ends in a hash. */
function sourceId(label: string, file: string): string {
  const id = `follow:${label}/${file}`;
  return utf8Bytes(id) <= 512 ? id : `follow:${label}/${createHash("sha256").update(file).digest("hex")}`;
}
