// Owns a second, naive account of budgets, to hold rules 2 against: it keeps every spend and every hold, and adds them up
// anew for every question. Does not own the rules' way of doing it, and shares no code with them.

/** An outcome as the model foresees it: `undefined` for accepted, else the code of the refusal. */
export type Foreseen = string | undefined;

interface Spend {
  readonly leaf: string;
  readonly tokens: number;
  readonly nanoUsd: number;
  /** Where it counted when it was made: budget and that budget's window then. */
  readonly windows: ReadonlyMap<string, number>;
}

interface ModelHold {
  readonly leaf: string;
  tokens: number;
  nanoUsd: number;
  endsAt: number;
  state: "open" | "settled" | "ended";
}

interface ModelBudget {
  parent: string | undefined;
  limitTokens: number | undefined;
  limitNanoUsd: number | undefined;
  readonly policy: "hard" | "soft" | "overdraft";
  readonly overdraft: number;
  readonly isWindowed: boolean;
  readonly rollover: boolean;
  readonly maxHolds: number | undefined;
  carriedTokens: number;
  carriedNanoUsd: number;
  /** Counts up with every window that begins; 0 before the first. */
  window: number;
}

export interface Figures {
  readonly usedTokens: number;
  readonly usedNanoUsd: number;
  readonly everTokens: number;
  readonly everNanoUsd: number;
  readonly heldTokens: number;
  readonly heldNanoUsd: number;
  readonly holds: number;
}

export interface NewBudget {
  readonly parent: string | undefined;
  readonly limitTokens: number | undefined;
  readonly limitNanoUsd: number | undefined;
  readonly policy: "hard" | "soft" | "overdraft";
  readonly overdraft: number;
  readonly window: { readonly rollover: boolean } | undefined;
  readonly maxHolds: number | undefined;
}

const DEEPEST = 8;

export class BudgetModel {
  readonly budgets = new Map<string, ModelBudget>();
  readonly holds = new Map<string, ModelHold>();
  readonly spends: Spend[] = [];

  open(task: string, { window, ...terms }: NewBudget): Foreseen {
    if (this.budgets.has(task)) return "budget_exists";
    if (terms.parent !== undefined) {
      if (!this.budgets.has(terms.parent)) return "no_such_parent";
      if (this.path(terms.parent).length + 1 > DEEPEST) return "budget_too_deep";
    }
    this.budgets.set(task, {
      ...terms,
      isWindowed: window !== undefined,
      rollover: window?.rollover ?? false,
      carriedTokens: 0,
      carriedNanoUsd: 0,
      window: 0,
    });
    return undefined;
  }

  path(task: string | undefined): string[] {
    const path: string[] = [];
    for (let at = task; at !== undefined; at = this.budgets.get(at)?.parent) path.push(at);
    return path;
  }

  figures(task: string): Figures {
    const budget = this.#of(task);
    const inside = (leaf: string): boolean => this.path(leaf).includes(task);
    const ever = this.spends.filter(({ leaf }) => inside(leaf));
    const used = budget.isWindowed ? this.spends.filter(({ windows }) => windows.get(task) === budget.window) : ever;
    const held = [...this.holds.values()].filter(({ leaf, state }) => state === "open" && inside(leaf));
    const sum = <T>(all: readonly T[], of: (one: T) => number): number => all.reduce((to, one) => to + of(one), 0);
    return {
      usedTokens: sum(used, (one) => one.tokens),
      usedNanoUsd: sum(used, (one) => one.nanoUsd),
      everTokens: sum(ever, (one) => one.tokens),
      everNanoUsd: sum(ever, (one) => one.nanoUsd),
      heldTokens: sum(held, (one) => one.tokens),
      heldNanoUsd: sum(held, (one) => one.nanoUsd),
      holds: held.length,
    };
  }

  /** Of the first budget on the path that has not so much left, and what it has. */
  #over(path: readonly string[], tokens: number, nanoUsd: number): string | undefined {
    return path.find((task) => {
      const left = this.left(task);
      return left.tokens < tokens || left.nanoUsd < nanoUsd;
    });
  }

  left(task: string): { readonly tokens: number; readonly nanoUsd: number } {
    const budget = this.#of(task);
    const { usedTokens, usedNanoUsd, heldTokens, heldNanoUsd } = this.figures(task);
    const beyond = budget.policy === "overdraft" ? budget.overdraft : 0;
    const most = (limit: number | undefined, carried: number): number =>
      limit === undefined || budget.policy === "soft" ? Number.POSITIVE_INFINITY : limit + carried + beyond;
    return {
      tokens: most(budget.limitTokens, budget.carriedTokens) - usedTokens - heldTokens,
      nanoUsd: most(budget.limitNanoUsd, budget.carriedNanoUsd) - usedNanoUsd - heldNanoUsd,
    };
  }

  /** Both amounts are stated. `accept` names the hold that the rules made. */
  reserve(task: string, tokens: number, nanoUsd: number, endsAt: number, accept: () => string): Foreseen {
    if (!this.budgets.has(task)) return "no_such_budget";
    for (const one of this.path(task)) {
      const { maxHolds } = this.#of(one);
      if (maxHolds !== undefined && this.figures(one).holds >= maxHolds) return "too_many_holds";
      if (this.#over([one], tokens, nanoUsd) !== undefined) return "over_budget";
    }
    this.holds.set(accept(), { leaf: task, tokens, nanoUsd, endsAt, state: "open" });
    return undefined;
  }

  extend(name: string, tokens: number, nanoUsd: number, endsAt: number): Foreseen {
    const hold = this.holds.get(name);
    if (hold === undefined) return "no_such_hold";
    if (hold.state !== "open") return "hold_ended";
    if (tokens + nanoUsd > 0 && this.#over(this.path(hold.leaf), tokens, nanoUsd) !== undefined) return "over_budget";
    hold.tokens += tokens;
    hold.nanoUsd += nanoUsd;
    hold.endsAt = endsAt;
    return undefined;
  }

  settle(name: string, tokens: number, nanoUsd: number): Foreseen {
    const hold = this.holds.get(name);
    if (hold === undefined) return "no_such_hold";
    if (hold.state === "settled") return "hold_ended";
    hold.state = "settled";
    this.#spend(hold.leaf, tokens, nanoUsd);
    return undefined;
  }

  release(name: string): Foreseen {
    const hold = this.holds.get(name);
    if (hold === undefined) return "no_such_hold";
    if (hold.state !== "open") return "hold_ended";
    hold.state = "ended";
    return undefined;
  }

  charge(task: string, tokens: number, nanoUsd: number): Foreseen {
    if (!this.budgets.has(task)) return "no_such_budget";
    this.#spend(task, tokens, nanoUsd);
    return undefined;
  }

  move(task: string, parent: string | undefined): Foreseen {
    const budget = this.budgets.get(task);
    if (budget === undefined) return "no_such_budget";
    if (budget.parent === parent) return undefined;
    if (parent !== undefined) {
      if (!this.budgets.has(parent)) return "no_such_parent";
      const above = this.path(parent);
      if (above.includes(task)) return "budget_cycle";
      const depths = [...this.budgets.keys()]
        .map((one) => this.path(one))
        .filter((path) => path.includes(task))
        .map((path) => path.indexOf(task) + 1);
      if (above.length + Math.max(...depths) > DEEPEST) return "budget_too_deep";
    }
    const before = budget.parent;
    const already = this.path(before);
    budget.parent = parent;
    const joined = this.path(parent).filter((one) => !already.includes(one));
    // A gain of nothing leads nobody over its limit who is not over it already; the rules refuse there too.
    if (joined.some((one) => this.#over([one], 0, 0) !== undefined)) {
      budget.parent = before;
      return "over_budget";
    }
    return undefined;
  }

  limit(task: string, limitTokens: number): Foreseen {
    const budget = this.budgets.get(task);
    if (budget === undefined) return "no_such_budget";
    budget.limitTokens = limitTokens;
    return undefined;
  }

  beginWindow(task: string): void {
    const budget = this.#of(task);
    if (budget.window > 0) {
      const { usedTokens, usedNanoUsd } = this.figures(task);
      const carry = (limit: number | undefined, carried: number, used: number): number =>
        limit === undefined || !budget.rollover ? 0 : Math.max(-limit, Math.min(limit, limit + carried - used));
      budget.carriedTokens = carry(budget.limitTokens, budget.carriedTokens, usedTokens);
      budget.carriedNanoUsd = carry(budget.limitNanoUsd, budget.carriedNanoUsd, usedNanoUsd);
      budget.window++;
      return;
    }
    // The first window takes in what was spent before it.
    this.spends.forEach(({ windows }) => {
      if (windows.get(task) === 0) (windows as Map<string, number>).set(task, 1);
    });
    budget.window = 1;
  }

  expire(clock: number): string[] {
    const ended: string[] = [];
    for (const [name, hold] of this.holds) {
      if (hold.state !== "open" || hold.endsAt > clock) continue;
      hold.state = "ended";
      ended.push(name);
    }
    return ended;
  }

  #spend(leaf: string, tokens: number, nanoUsd: number): void {
    const windows = new Map(this.path(leaf).map((task) => [task, this.#of(task).window]));
    this.spends.push({ leaf, tokens, nanoUsd, windows });
  }

  #of(task: string): ModelBudget {
    const budget = this.budgets.get(task);
    if (budget === undefined) throw new Error(`the model has no budget ${task}`);
    return budget;
  }
}
