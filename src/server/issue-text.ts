// Owns the sentence for each way in which a request misses its schema, in place of the validator's own words.
// Does not own the schemas; a sentence that a schema brings itself comes first.

import type { z } from "zod";
import type { Issue } from "./problem.ts";

const KINDS: Readonly<Record<string, string>> = {
  string: "a text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  object: "an object",
  record: "an object",
  array: "a list",
  null: "null",
};

/** What is wrong with one member, to be read after its name. */
export const issueText: z.core.$ZodErrorMap = (issue) => {
  if (issue.input === undefined) return "is missing";
  switch (issue.code) {
    case "invalid_type":
      return `must be ${KINDS[issue.expected] ?? issue.expected}`;
    case "too_small":
      return issue.origin === "string" || issue.origin === "array"
        ? `is too short: at least ${issue.minimum}`
        : `must be at least ${issue.minimum}`;
    case "too_big":
      return issue.origin === "string" || issue.origin === "array"
        ? `is too long: at most ${issue.maximum}`
        : `must be a whole number of at most ${issue.maximum}`;
    case "invalid_value":
      return `must be one of ${issue.values.map(String).join(", ")}`;
    case "unrecognized_keys":
      return `has members that are not known: ${issue.keys.join(", ").slice(0, 200)}`;
    case "invalid_union":
      return issue.discriminator === undefined ? "has none of the documented forms" : "is no known type";
    default:
      return "does not have the documented form";
  }
};

/** One issue per place: of two bounds that a number misses, the later is the nearer one. */
export function issuesOf(error: z.ZodError): readonly Issue[] {
  const issues = new Map<string, Issue>();
  for (const { path, message } of error.issues) {
    const at = path.join(".");
    issues.set(at, { at, message });
  }
  return [...issues.values()];
}
