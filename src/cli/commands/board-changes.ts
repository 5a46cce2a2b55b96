// Owns what a watcher is told: the changes of a subscription, one by one, each once. Does not own how they are printed (change-lines.ts).
// State conflates (law L5): only the latest value of a key is told. After a reset the replica has compared, so only what differs comes.

import { type AuditNotes, type Budget, type Note, type Subscription, toJson } from "../../client/index.ts";

export type BoardChange =
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
      readonly limitTokens?: number;
      readonly percentage: number;
      readonly status: string;
    }
  | { readonly type: "audit.added"; readonly note: Note["note"] }
  | { readonly type: "audit.missed"; readonly count: number };

interface Heard extends AuditNotes {
  readonly epoch: string;
  /** Everything up to here has been told. */
  readonly seq: number;
}

/** `initial`: what is there at the start counts as changed; but no old audit note is told. */
export function tellChanges(
  subscription: Subscription,
  initial: boolean,
  tell: (change: BoardChange) => void,
): Promise<void> {
  const { entries, budgets, audit } = subscription;
  // As many as there are budgets.
  const shown = new Map<string, string>();
  let heard: Heard | undefined;
  let begun = initial;

  entries.onChange((keys) => {
    if (!begun) return;
    for (const key of keys) {
      const entry = entries.get(key);
      if (entry === undefined) tell({ type: "entry.deleted", key });
      else {
        const { value, rev, by, at } = entry;
        tell({ type: "entry.changed", key, value, rev, by, at });
      }
    }
  });
  budgets.onChange((tasks) => {
    for (const task of tasks) {
      const budget = budgets.get(task);
      const text = budget && figuresOf(budget);
      const isNew = text !== undefined && shown.get(task) !== text;
      if (text === undefined) shown.delete(task);
      else shown.set(task, text);
      if (budget === undefined || !isNew || !begun) continue;
      const { usedTokens, limitTokens, percentage, status } = budget;
      tell({
        type: "budget.changed",
        task,
        usedTokens,
        ...(limitTokens === undefined ? {} : { limitTokens }),
        percentage,
        status,
      });
    }
  });
  audit.onChange(() => {
    if (heard === undefined) return;
    const now = { ...audit.current, ...subscription.position };
    const { missed, notes } = since(heard, now);
    heard = now;
    // What is not told is counted, never silently missing (law L5).
    if (missed > 0) tell({ type: "audit.missed", count: missed });
    for (const { note } of notes) tell({ type: "audit.added", note });
  });

  return subscription.ready.then(() => {
    begun = true;
    heard = { ...audit.current, ...subscription.position };
  });
}

/** What of a budget is printed; its other members change without a line. */
const figuresOf = ({ usedTokens, limitTokens, status }: Budget): string => `${usedTokens} ${limitTokens} ${status}`;

function since(before: Heard, now: Heard): { readonly missed: number; readonly notes: readonly Note[] } {
  if (now.epoch === before.epoch) {
    const notes = now.notes.filter((note) => note.seq > before.seq);
    return { notes, missed: Math.max(0, now.total - before.total - notes.length) };
  }
  // Another history, whose beginning may be the same: what follows the newest note that both have is new.
  const known = new Set(before.notes.map(toJson));
  const common = now.notes.findLastIndex((note) => known.has(toJson(note)));
  return { notes: now.notes.slice(common + 1), missed: common < 0 ? now.total - now.notes.length : 0 };
}
