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
  if (!json.ok) {
    const message = json.code === "bad_json" ? `is not JSON: ${json.message}` : json.message;
    throw new Refusal("bad_request", { errors: [{ at: "filter", message }] });
  }
  const parsed = filterSchema.safeParse(JSON.parse(json.text), { error: issueText });
  if (parsed.success) return parsed.data;
  // One sentence per place: of two, that a member is misspelt says more than that none is there.
  const said = parsed.error.issues.flatMap(nearest);
  const isUnknown = ({ code }: z.core.$ZodIssue): boolean => code === "unrecognized_keys";
  const inOrder = [...said.filter((one) => !isUnknown(one)), ...said.filter(isUnknown)];
  const issues = issuesOf({ issues: inOrder } as z.ZodError);
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
