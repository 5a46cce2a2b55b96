// Owns how a refusal is told over HTTP: a problem document (RFC 9457) that carries our code from the registry.
// Does not own the codes (protocol/codes) or its schema (protocol/problem).
// Invariant: no stack, path or foreign message ever gets into one.

import { CODES, type Code, type Detail, type Problem, type Rejected } from "../protocol/index.ts";

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
  return undefined;
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
  return problem.status === 503 ? 1 : undefined;
}
