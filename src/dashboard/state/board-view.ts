// Owns what the screen shows of a board, made from the client's collections and the view before it.
// Does not own their arrival. Invariant: what did not change stays the same object, so a change of one key redraws one row.

import type { Agent, AuditNotes, Budget, Claim, Request, Source, Subscription, Task } from "../../client/index.ts";
import { type AuditRow, auditRows } from "./audit-rows.ts";
import { type EntryGroup, entryGroups } from "./entry-groups.ts";
import { keepSameList } from "./keep-same.ts";

export type BudgetStatus = Budget["status"];
/** Open budgets, the fullest first, with the seed's figures over all of them. */
export interface Budgets {
  readonly rows: readonly Budget[];
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
export interface AgentView extends Agent {
  /** What the agent holds. */
  readonly claims: readonly string[];
}

export interface BoardView {
  readonly board: string;
  readonly epoch: string;
  readonly seq: number;
  readonly unwritable: string | undefined;
  readonly groups: readonly EntryGroup[];
  /** Undefined while a large board was not counted yet. */
  readonly keyCount: number | undefined;
  readonly budgets: Budgets;
  readonly audit: Audit;
  readonly agents: readonly AgentView[];
  readonly requests: readonly Request[];
  readonly tasks: readonly Task[];
  readonly sources: readonly Source[];
}

/** What a view is made of. A subscription fits. */
export type Told = Pick<
  Subscription,
  "board" | "position" | "entries" | "budgets" | "agents" | "tasks" | "requests" | "claims" | "sources" | "clock"
> & {
  readonly audit: { readonly current: AuditNotes };
  readonly condition: { readonly unwritable: string | undefined };
};

/** The same result for the same object: lists of the client are other objects when they say something else. */
function perObject<From extends object, To>(make: (from: From) => To): (from: From) => To {
  const made = new WeakMap<From, { readonly to: To }>();
  return (from) => {
    let known = made.get(from);
    if (known === undefined) made.set(from, (known = { to: make(from) }));
    return known.to;
  };
}

const by =
  <T>(...reads: readonly ((item: T) => string | number)[]) =>
  (a: T, b: T): number => {
    for (const read of reads) if (read(a) !== read(b)) return read(a) < read(b) ? -1 : 1;
    return 0;
  };

/** Without a limit any use is too much, and none is none (as in protocol/items.ts). */
const percentageOf = (used: number, limit: number): number => (limit > 0 ? (used / limit) * 100 : used > 0 ? 100 : 0);

const budgetsOf = perObject((all: readonly Budget[]): Budgets => {
  const rows = all
    .filter((budget) => !budget.closed)
    .toSorted(
      by(
        (budget) => -budget.percentage,
        (budget) => budget.task,
      ),
    );
  // What a child spends its parent spends too.
  const roots = rows.filter((budget) => budget.terms?.parent === undefined);
  const used = roots.reduce((sum, budget) => sum + budget.usedTokens, 0);
  const limit = roots.reduce((sum, budget) => sum + (budget.limitTokens ?? 0), 0);
  return { rows, used, limit, percentage: percentageOf(used, limit) };
});
const auditOf = perObject((notes: AuditNotes): Audit => ({ rows: auditRows(notes), total: notes.total }));
const requestsOf = perObject((all: readonly Request[]) =>
  all.toSorted(
    by(
      (one) => one.openedAt,
      (one) => one.request,
    ),
  ),
);
const tasksOf = perObject((all: readonly Task[]) => all.toSorted(by((one) => one.task)));
const sourcesOf = perObject((all: readonly Source[]) => all.toSorted(by((one) => one.source)));
const heldOf = perObject((claims: readonly Claim[]): ReadonlyMap<string, readonly string[]> => {
  const held = new Map<string, string[]>();
  for (const { claim, holder } of claims.toSorted(by((one) => one.claim))) {
    if (holder === undefined) continue;
    const list = held.get(holder);
    if (list === undefined) held.set(holder, [claim]);
    else list.push(claim);
  }
  return held;
});
const NOTHING_HELD: readonly string[] = [];

/** Everyone who is known, and everyone who holds a claim. */
function agentsOf(agents: readonly Agent[], claims: readonly Claim[]): readonly AgentView[] {
  const held = heldOf(claims);
  const known = new Set(agents.map(({ agent }) => agent));
  const others = [...held.keys()].filter((agent) => !known.has(agent)).map((agent) => ({ agent, writes: 0, seq: 0 }));
  const withClaims = (agent: Omit<AgentView, "claims">): AgentView =>
    Object.assign({ claims: held.get(agent.agent) ?? NOTHING_HELD }, agent);
  return [...agents, ...others].map(withClaims).toSorted(by((one) => one.agent));
}

/**
 * The view after a sync. `before` may be of another history of the board, then nothing of it is highlighted as changed.
 * `changed` are the entries that differ from `before`; left out, all may. `largeCount` of a large board, whose entries are elsewhere.
 */
export function nextView(
  before: BoardView | undefined,
  told: Told,
  changed: ReadonlySet<string> | undefined,
  nowMs: number,
  large?: { readonly boardTotal: number | undefined },
): BoardView {
  const { board, position } = told;
  const old = before?.epoch === position.epoch && before.board === board ? before : undefined;
  const groups = large
    ? []
    : entryGroups(old?.groups, told.entries, old === undefined ? undefined : changed, told.clock(), nowMs);
  return {
    board,
    epoch: position.epoch,
    seq: position.seq,
    unwritable: told.condition.unwritable,
    groups,
    keyCount: large ? large.boardTotal : groups.reduce((sum, group) => sum + group.rows.length, 0),
    budgets: budgetsOf(told.budgets.items()),
    audit: auditOf(told.audit.current),
    agents: keepSameList(old?.agents ?? [], agentsOf(told.agents.items(), told.claims.items()), (agent) => agent.agent),
    requests: requestsOf(told.requests.items()),
    tasks: tasksOf(told.tasks.items()),
    sources: sourcesOf(told.sources.items()),
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
