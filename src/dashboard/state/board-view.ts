// Owns what the screen shows of a board, made from a frame and the view before it.
// Does not own the frame's arrival. Invariant: what did not change stays the same object, so a change of one key redraws one row.

import type { AgentView, FullFrame, RequestView, SourceView, TaskView } from "../../protocol/index.ts";
import { type AuditRow, auditRows } from "./audit-rows.ts";
import { type EntryGroup, entryGroups } from "./entry-groups.ts";
import { keepSame, keepSameList } from "./keep-same.ts";

export type BudgetStatus = "active" | "warning" | "critical" | "exhausted";
export interface BudgetRow {
  readonly task: string;
  readonly used: number;
  readonly limit: number;
  readonly percentage: number;
  readonly status: BudgetStatus;
  readonly updatedAt: string;
}
export interface Budgets {
  readonly rows: readonly BudgetRow[];
  readonly used: number;
  readonly limit: number;
  readonly percentage: number;
}
export interface Audit {
  /** Newest first. */
  readonly rows: readonly AuditRow[];
  /** Events on the board; `rows` holds the newest of them. */
  readonly total: number;
}

export interface BoardView {
  readonly board: string;
  readonly epoch: string;
  readonly seq: number;
  readonly unwritable: string | undefined;
  readonly groups: readonly EntryGroup[];
  readonly keyCount: number;
  readonly budgets: Budgets;
  readonly audit: Audit;
  readonly agents: readonly AgentView[];
  readonly requests: readonly RequestView[];
  readonly tasks: readonly TaskView[];
  readonly sources: readonly SourceView[];
  /** Parts that the server could not give this time, with its words. Their older data stays. */
  readonly failedParts: readonly string[];
}

const NO_BUDGETS: Budgets = { rows: [], used: 0, limit: 0, percentage: 0 };
const NO_AUDIT: Audit = { rows: [], total: 0 };

function budgetsOf(part: Extract<FullFrame["budget"], { success: true }>, before: Budgets): Budgets {
  const rows = part.tasks.map((task): BudgetRow => ({
    task: task.task_id,
    used: task.tokens_used,
    limit: task.budget_limit,
    percentage: task.percentage,
    status: task.status,
    updatedAt: task.last_updated,
  }));
  return keepSame(before, {
    rows: keepSameList(before.rows, rows, (row) => row.task),
    used: part.total_used,
    limit: part.total_limit,
    percentage: part.global_percentage,
  });
}

/** The view after a frame. `before` may be of another history of the board, then nothing of it is highlighted as changed. */
export function nextView(before: BoardView | undefined, frame: FullFrame, nowMs: number): BoardView {
  const { board } = frame;
  const failedParts: string[] = [];
  const sameHistory = before !== undefined && before.epoch === board.epoch && before.board === board.name;
  const old = sameHistory ? before : undefined;

  let groups = old?.groups ?? [];
  if (frame.blackboard.success) groups = entryGroups(old?.groups, frame.blackboard.entries, board.entries, nowMs);
  else failedParts.push(`Blackboard: ${frame.blackboard.error}`);

  let budgets = old?.budgets ?? NO_BUDGETS;
  if (frame.budget.success) budgets = budgetsOf(frame.budget, budgets);
  else failedParts.push(`Budgets: ${frame.budget.error}`);

  let audit = old?.audit ?? NO_AUDIT;
  if (frame.audit.success) {
    audit = keepSame(audit, {
      rows: auditRows(old?.audit.rows ?? [], frame.audit.entries),
      total: frame.audit.total_count,
    });
  } else failedParts.push(`Audit log: ${frame.audit.error}`);

  return {
    board: board.name,
    epoch: board.epoch,
    seq: board.seq,
    unwritable: board.unwritable,
    groups,
    keyCount: groups.reduce((sum, group) => sum + group.rows.length, 0),
    budgets,
    audit,
    agents: keepSameList(old?.agents ?? [], board.agents, (agent) => agent.agent),
    requests: keepSameList(old?.requests ?? [], board.requests, (request) => request.request),
    tasks: keepSameList(old?.tasks ?? [], board.tasks, (task) => task.task),
    sources: keepSameList(old?.sources ?? [], board.sources, (source) => source.source),
    failedParts: keepSameList(old?.failedParts ?? [], failedParts, (part) => part),
  };
}

/** True when there is nothing on the board that anybody put there. */
export function isEmptyBoard(view: BoardView): boolean {
  return (
    view.keyCount === 0 &&
    view.budgets.rows.length === 0 &&
    view.audit.total === 0 &&
    view.agents.length === 0 &&
    view.requests.length === 0 &&
    view.tasks.length === 0
  );
}
