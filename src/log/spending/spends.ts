// Owns what was spent, read from accepted records alone: which budgets a charge or a settlement counted in, for whom, on what.
// Does not own verdicts: it is told which records took effect, and needs to know of budgets only their tree, of holds only
// what they state. Past spends stay where they were made when a budget is moved later.

import type { LogRecord, SingleCommand } from "../../protocol/index.ts";

/** One spend in one budget: that which it was made in, or one above it. */
export interface Spend {
  readonly budget: string;
  /** Wall time in ms. */
  readonly at: number;
  readonly agent: string;
  /** Empty where none is stated. */
  readonly model: string;
  readonly operation: string;
  readonly tokens: number;
  readonly nanoUsd: number;
  /** Tokens for which no money is known. */
  readonly unpricedTokens: number;
}

/** What a reserve states that its settlement may leave out. */
export interface HoldFacts {
  readonly task: string;
  readonly agent: string;
  readonly model: string;
  readonly operation: string;
  readonly tokens: number;
  /** Null where none is stated. */
  readonly nanoUsd: number | null;
}

/** Where the facts are kept between records. */
export interface SpendFacts {
  parentOf(task: string): string | undefined;
  setParent(task: string, parent: string | undefined): void;
  /** What a followed file said last that a budget had used; undefined where none ever did. */
  mirroredOf(task: string): number | undefined;
  setMirrored(task: string, usedTokens: number | undefined): void;
  holdOf(hold: string): HoldFacts | undefined;
  setHold(hold: string, facts: HoldFacts | undefined): void;
}

/** Budgets from the root to a leaf, as the rules bound them. */
const MAX_DEPTH = 8;

/** The spends of one record that took effect, and what is to be known for later ones. */
export function spendsOf(record: LogRecord, facts: SpendFacts): Spend[] {
  const { command } = record;
  if (command.type !== "batch") return partSpends(command, record, `h${record.seq}`, facts);
  return command.commands.flatMap((single, i) => partSpends(single, record, `h${record.seq}.${i}`, facts));
}

function partSpends(command: SingleCommand, record: LogRecord, hold: string, facts: SpendFacts): Spend[] {
  switch (command.type) {
    case "budget.open":
      if (command.parent !== undefined) facts.setParent(command.task, command.parent);
      return [];
    case "budget.move":
      facts.setParent(command.task, command.parent ?? undefined);
      return [];
    case "budget.charge": {
      const { task, tokens, model = "", operation = "" } = command;
      const agent = command.agent ?? record.actor;
      const unpriced = command.nanoUsd === undefined && (command.unpriced === true || command.model !== undefined);
      return along(task, facts, {
        at: record.at,
        agent,
        model,
        operation,
        tokens,
        nanoUsd: command.nanoUsd ?? 0,
        unpricedTokens: unpriced ? tokens : 0,
      });
    }
    case "budget.mirror": {
      const tokens = command.usedTokens - (facts.mirroredOf(command.task) ?? 0);
      facts.setMirrored(command.task, facts.mirroredOf(command.task) ?? 0);
      if (tokens === 0) return [];
      const at = command.updatedAt ?? record.at;
      const whose = { at, agent: record.actor, model: "", operation: "", nanoUsd: 0, unpricedTokens: 0 };
      return along(command.task, facts, { ...whose, tokens });
    }
    case "budget.unmirror":
      facts.setMirrored(command.task, undefined);
      return [];
    case "budget.reserve":
      facts.setHold(hold, {
        task: command.task,
        agent: command.agent ?? record.actor,
        model: command.model ?? "",
        operation: command.operation ?? "",
        tokens: command.tokens ?? 0,
        nanoUsd: command.nanoUsd ?? null,
      });
      return [];
    case "hold.extend": {
      const held = facts.holdOf(command.hold);
      if (held === undefined) return [];
      const nanoUsd = command.nanoUsd === undefined ? held.nanoUsd : (held.nanoUsd ?? 0) + command.nanoUsd;
      facts.setHold(command.hold, { ...held, tokens: held.tokens + (command.tokens ?? 0), nanoUsd });
      return [];
    }
    case "hold.settle": {
      const held = facts.holdOf(command.hold);
      if (held === undefined) return [];
      facts.setHold(command.hold, undefined);
      const tokens = command.tokens ?? held.tokens;
      const nanoUsd = command.nanoUsd ?? (command.unpriced === true ? null : held.nanoUsd);
      const model = command.model ?? held.model;
      const unpriced = nanoUsd === null && (command.unpriced === true || model !== "");
      return along(held.task, facts, {
        at: record.at,
        agent: held.agent,
        model,
        operation: command.operation ?? held.operation,
        tokens,
        nanoUsd: nanoUsd ?? 0,
        unpricedTokens: unpriced ? tokens : 0,
      });
    }
    default:
      return [];
  }
}

/** The same spend in its budget and in every one above it. */
function along(task: string, facts: SpendFacts, spend: Omit<Spend, "budget">): Spend[] {
  const spends: Spend[] = [];
  let at: string | undefined = task;
  while (at !== undefined && spends.length < MAX_DEPTH) {
    spends.push({ budget: at, ...spend });
    // What its file says next is told apart from what was charged here meanwhile.
    const mirrored = facts.mirroredOf(at);
    if (mirrored !== undefined) facts.setMirrored(at, mirrored + spend.tokens);
    at = facts.parentOf(at);
  }
  return spends;
}
