// Owns how a refusal is told over HTTP: a problem document (RFC 9457) that carries our code from the registry.
// Does not own the codes (protocol/codes) or its schema (protocol/problem).
// Invariant: no stack, path or foreign message ever gets into one.

import { CODES, type Code, type Detail, type Problem, type Rejected, usdText } from "../protocol/index.ts";

/** One place in a request that does not have the documented form. */
export interface Issue {
  readonly at: string;
  readonly message: string;
}

export interface RefusalFacts {
  /** This case in one sentence, for people. By default what the registry says to do. */
  readonly detail?: string | undefined;
  /** Facts about this case, such as the current `rev` or `holder`. */
  readonly facts?: Detail | undefined;
  /** At most 20; more are counted by the last one. */
  readonly errors?: readonly Issue[] | undefined;
  /** Position of the record of the refusal, where there is one. */
  readonly seq?: number | undefined;
  /** A status that fits better than the code's own (431 for a head that is too long). */
  readonly status?: number | undefined;
}

/** A refusal on its way up to the one place that turns it into an answer. */
export class Refusal extends Error {
  readonly code: Code;
  readonly told: RefusalFacts;
  constructor(code: Code, told: RefusalFacts = {}) {
    super(told.detail ?? CODES[code].meaning);
    this.name = "Refusal";
    this.code = code;
    this.told = told;
  }
}

export function refusalOf(rejected: Rejected): Refusal {
  return new Refusal(rejected.code, { detail: detailOf(rejected), facts: rejected.detail, seq: rejected.seq });
}

/** Where the registry's advice would not fit the case. */
function detailOf({ code, detail }: Rejected): string | undefined {
  if (code === "rev_mismatch" && detail?.["rev"] === 0)
    return "There is no entry with this key, so it has no revision. To make it, send If-None-Match: * instead.";
  return detail === undefined ? undefined : budgetDetail(code, detail);
}

/** A refused spend in one sentence, which names the budget: callers often show nothing else. */
function budgetDetail(code: Code, detail: Detail): string | undefined {
  const { budget, dimension } = detail;
  if (typeof budget !== "string") return undefined;
  const name = JSON.stringify(budget);
  const much = (fact: string): string => {
    const figure = Number(detail[fact] ?? 0);
    return dimension === "nanoUsd" ? `${usdText(figure)} USD` : `${figure} tokens`;
  };
  const resetsAt = detail["resetsAt"];
  switch (code) {
    case "over_budget": {
      const until = typeof resetsAt === "number" ? ` Its window ends at ${new Date(resetsAt).toISOString()}.` : "";
      return `The budget ${name} has ${much("available")} left of ${much("limit")} (spent ${much("spent")}, held ${much("held")}), and ${much("requested")} are asked for.${until}`;
    }
    case "reserve_too_large":
      return `The budget ${name} allows ${much("max")} in one reserve, and ${much("requested")} are asked for.`;
    case "too_many_holds":
      return `The budget ${name} has ${String(detail["holds"])} open holds, and allows ${String(detail["max"])}.`;
    case "amount_required":
      return `The budget ${name} limits ${String(dimension)}, which the command does not state.`;
    case "budget_closed":
      return `The budget ${name} is closed. Open it again to spend of it.`;
    default:
      return undefined;
  }
}

const MAX_ISSUES = 20;

export function problemOf(code: Code, told: RefusalFacts = {}): Problem {
  const info = CODES[code];
  const errors = told.errors?.slice(0, MAX_ISSUES);
  if (told.errors !== undefined && errors !== undefined && told.errors.length > MAX_ISSUES) {
    errors[MAX_ISSUES - 1] = { at: "", message: `and ${told.errors.length - MAX_ISSUES + 1} more` };
  }
  return {
    type: `urn:swarmboard:code:${code}`,
    title: info.meaning,
    status: told.status ?? info.httpStatus,
    detail: told.detail ?? info.whatToDo,
    code,
    retry: info.retry,
    ...(told.facts === undefined ? {} : { facts: told.facts }),
    ...(errors === undefined ? {} : { errors }),
    ...(told.seq === undefined ? {} : { seq: told.seq }),
  };
}

/** Seconds that a caller should wait before it tries again, or undefined where no pause helps. */
export function retryAfterSeconds(problem: Problem): number | undefined {
  const retryAfterMs = problem.facts?.["retryAfterMs"];
  if (typeof retryAfterMs === "number") return Math.max(1, Math.ceil(retryAfterMs / 1000));
  return problem.status === 503 ? 1 : undefined;
}
