// Owns the commands on budgets by their names: what `swarmboard/client/budgets` exports. A file of its own, so that pages
// that only watch do not load it. Does not own how commands travel (board.ts), nor a whole model call (gateway/).

import type { CommandResult } from "../protocol/wire/down.ts";
import type { Board, SendOptions } from "./board.ts";
import type { Rest } from "./commands.ts";

/** What is paused: everything, a task with all below its budget, or an agent. */
export type PauseScope = "board" | { readonly task: string } | { readonly agent: string };

/** `hold` is the name to settle, extend or release it by. */
export interface Reserved extends CommandResult {
  readonly hold: string;
}

/**
 * Amounts are integers: tokens (or `usage`, tokens by kind) and nano-USD (10^-9 dollars). With a `model`, the server computes the
 * money from its price. Every method rejects with a SwarmboardError when it is refused; over a limit its code is
 * `over_budget`, and `facts` name the budget, the dimension, and what is available.
 */
export interface BudgetCommands {
  openBudget(task: string, terms?: SendOptions & Rest<"budget.open", "task">): Promise<CommandResult>;
  /** What is left out stays, null clears. */
  changeBudget(task: string, terms: SendOptions & Rest<"budget.change", "task">): Promise<CommandResult>;
  /** With everything below it; null: to the top. */
  moveBudget(task: string, parent: string | null, options?: SendOptions): Promise<CommandResult>;
  closeBudget(task: string, options?: SendOptions): Promise<CommandResult>;
  /** Set aside what a call may cost, in the budget and in every one above it, or in none. It ends by itself after `ttlMs`. */
  reserve(task: string, ttlMs: number, what: SendOptions & Rest<"budget.reserve", "task" | "ttlMs">): Promise<Reserved>;
  /** What the call did cost; what is left out counts as held. `made.late`: the hold had ended, and a charge was made of it. */
  settle(hold: string, spent?: SendOptions & Rest<"hold.settle", "hold">): Promise<CommandResult>;
  /** Hold for `ttlMs` from now on and, where stated, so much more. */
  extend(
    hold: string,
    ttlMs: number,
    more?: SendOptions & Rest<"hold.extend", "hold" | "ttlMs">,
  ): Promise<CommandResult>;
  /** Nothing was spent. */
  release(hold: string, options?: SendOptions & Rest<"hold.release", "hold">): Promise<CommandResult>;
  /** What was spent already, also beyond the limit. */
  charge(task: string, spent: SendOptions & Partial<Rest<"budget.charge", "task">>): Promise<CommandResult>;
  /** New reserves are refused from now on. */
  pause(scope: PauseScope, options?: SendOptions & { readonly reason?: string }): Promise<CommandResult>;
  resume(scope: PauseScope, options?: SendOptions): Promise<CommandResult>;
  /** Somebody minds the alert. */
  acknowledge(alert: string, options?: SendOptions & { readonly reason?: string }): Promise<CommandResult>;
}

/** The commands on the budgets of a board. Holds, alerts, pauses and budgets themselves are told by `board.subscribe`. */
export function budgetsOf(board: Pick<Board, "send">): BudgetCommands {
  const send = (
    type: string,
    placed: Readonly<Record<string, unknown>>,
    stated: SendOptions = {},
  ): Promise<CommandResult> => {
    // What is stated besides is the command's.
    const { id, trace, ...members } = stated;
    return board.send({ type, ...placed, ...members } as unknown as Parameters<Board["send"]>[0], { id, trace });
  };

  return {
    openBudget: (task, terms) => send("budget.open", { task }, terms),
    changeBudget: (task, terms) => send("budget.change", { task }, terms),
    moveBudget: (task, parent, options) => send("budget.move", { task, parent }, options),
    closeBudget: (task, options) => send("budget.close", { task }, options),
    async reserve(task, ttlMs, what) {
      const result = await send("budget.reserve", { task, ttlMs }, what);
      if (result.made.hold === undefined) throw new TypeError("the server made no hold");
      return { ...result, hold: result.made.hold };
    },
    settle: (hold, spent) => send("hold.settle", { hold }, spent),
    extend: (hold, ttlMs, more) => send("hold.extend", { hold, ttlMs }, more),
    release: (hold, options) => send("hold.release", { hold }, options),
    charge: (task, spent) => send("budget.charge", { task }, spent),
    pause: (scope, options) => send("pause.set", scoped(scope), options),
    resume: (scope, options) => send("pause.clear", scoped(scope), options),
    acknowledge: (alert, options) => send("alert.acknowledge", { alert }, options),
  };
}

function scoped(scope: PauseScope): Readonly<Record<string, string>> {
  if (scope === "board") return { scope };
  return "task" in scope ? { scope: "task", name: scope.task } : { scope: "agent", name: scope.agent };
}
