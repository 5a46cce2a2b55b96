// Owns reading a filter that came as text in an address (docs/protocol.md, W-SUB-2), and saying what is wrong with it.
// Does not own the filter's shape (protocol/wire/filter).

import type { z } from "zod";
import { type Filter, filterSchema, toJsonText } from "../../protocol/index.ts";
import { issuesOf, issueText } from "../issue-text.ts";
import { Refusal } from "../problem.ts";

const MAX_DEPTH = 8;

/** @throws Refusal `bad_request`, whose errors say where */
export function readFilter(text: string): Filter {
  const json = toJsonText(text, MAX_DEPTH);
  if (!json.ok)
    throw new Refusal("bad_request", { errors: [{ at: "filter", message: `is not JSON: ${json.message}` }] });
  const parsed = filterSchema.safeParse(JSON.parse(json.text), { error: issueText });
  if (parsed.success) return parsed.data;
  const issues = issuesOf({ issues: parsed.error.issues.flatMap(nearest) } as z.ZodError);
  throw new Refusal("bad_request", {
    errors: issues.map(({ at, message }) => ({ at: at === "" ? "filter" : `filter.${at}`, message })),
  });
}

/** Of the forms that something may have, the one that was meant is the one whose members it has. */
function nearest(issue: z.core.$ZodIssue): readonly z.core.$ZodIssue[] {
  if (issue.code !== "invalid_union") return [issue];
  const meant = issue.errors.find((issues) => issues.every(({ code }) => code !== "unrecognized_keys"));
  return meant?.map((inner) => Object.assign(inner, { path: [...issue.path, ...inner.path] })) ?? [issue];
}
