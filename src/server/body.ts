// Owns how a request's body becomes a command's members: parsed by its schema, with JSON values kept as text (rule 19).
// Does not own the schemas. Invariant: a value's tokens leave here byte for byte as they came in.

import { z } from "zod";
import { text as jsonText } from "../protocol/commands/parts.ts";
import { elementsOf, type JsonText, type Limits, membersOf, toJsonText, utf8Bytes } from "../protocol/index.ts";
import { issuesOf, issueText } from "./issue-text.ts";
import { type Issue, Refusal } from "./problem.ts";

/** Levels that a body may nest around a value: a batch's own object, its array, and the command. */
const AROUND_DEPTH = 4;
const MAX_ISSUES = 20;

/**
 * Read a body by its schema. Members whose schema is the protocol's `text` stay text; all others are parsed.
 * Members that the schema does not name are refused: a misspelt `ttlMs` must not be lost silently.
 */
export function readBody<S extends z.ZodType>(
  schema: S,
  body: string,
  limits: Limits,
): { readonly value: z.output<S> } | { readonly refusal: Refusal } {
  const whole = toJsonText(body, limits.maxValueDepth + AROUND_DEPTH);
  if (!whole.ok)
    return {
      refusal:
        whole.code === "value_too_deep"
          ? tooDeep("", limits)
          : new Refusal(whole.code, { detail: `The body: ${whole.message}.` }),
    };
  const reading: Reading = { limits, issues: [] };
  try {
    const cut = cutBy(schema, whole.text, "", reading);
    const parsed = schema.safeParse(cut, { error: issueText });
    if (!parsed.success) reading.issues.push(...issuesOf(parsed.error));
    if (reading.issues.length > 0 || !parsed.success)
      return { refusal: new Refusal("bad_request", { errors: reading.issues }) };
    return { value: parsed.data };
  } catch (error) {
    if (error instanceof Refusal) return { refusal: error };
    throw error;
  }
}

interface Reading {
  readonly limits: Limits;
  readonly issues: Issue[];
}

function cutBy(schema: z.ZodType, text: JsonText, at: string, reading: Reading): unknown {
  if (schema === jsonText) return checkedValue(text, at, reading.limits);
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable) {
    return schema instanceof z.ZodNullable && text === "null"
      ? null
      : cutBy(schema.unwrap() as z.ZodType, text, at, reading);
  }
  if (schema instanceof z.ZodDiscriminatedUnion) {
    const type = membersOf(text)?.get("type");
    const option = schema.options.find((one) => one instanceof z.ZodObject && typeOf(one) === type);
    return option === undefined ? JSON.parse(text) : cutBy(option as z.ZodType, text, at, reading);
  }
  if (schema instanceof z.ZodArray) {
    const elements = elementsOf(text);
    if (elements === undefined) return JSON.parse(text);
    if (elements.length > reading.limits.maxBatchCommands) {
      throw new Refusal("batch_too_large", {
        facts: { commands: elements.length, max: reading.limits.maxBatchCommands },
      });
    }
    return elements.map((element, i) =>
      cutBy(schema.element as z.ZodType, element, `${at}${at === "" ? "" : "."}${i}`, reading),
    );
  }
  if (schema instanceof z.ZodObject) return cutObject(schema, text, at, reading);
  return JSON.parse(text);
}

/** The JSON text of an option's `type` literal. */
function typeOf(option: z.ZodObject): string | undefined {
  const type = (option.shape as Record<string, z.ZodType>)["type"];
  return type instanceof z.ZodLiteral ? JSON.stringify(type.value) : undefined;
}

function cutObject(schema: z.ZodObject, text: JsonText, at: string, reading: Reading): unknown {
  const members = membersOf(text);
  if (members === undefined) return JSON.parse(text);
  const shape = schema.shape as Record<string, z.ZodType>;
  const object: Record<string, unknown> = {};
  for (const [name, member] of members) {
    const place = at === "" ? name : `${at}.${name}`;
    const own = Object.hasOwn(shape, name) ? shape[name] : undefined;
    if (own !== undefined) object[name] = cutBy(own, member, place, reading);
    else if (reading.issues.length < MAX_ISSUES)
      reading.issues.push({ at: place.slice(0, 200), message: "is not a member of this request" });
  }
  return object;
}

function checkedValue(text: JsonText, at: string, limits: Limits): JsonText {
  const bytes = utf8Bytes(text);
  if (bytes > limits.maxValueBytes)
    throw new Refusal("value_too_large", { facts: { at, bytes, max: limits.maxValueBytes } });
  // White space is gone already; this looks at the depth of the value alone.
  const value = toJsonText(text, limits.maxValueDepth);
  if (!value.ok)
    throw value.code === "value_too_deep"
      ? tooDeep(at, limits)
      : new Refusal(value.code, { detail: `${at}: ${value.message}` });
  return value.text;
}

function tooDeep(at: string, { maxValueDepth: max }: Limits): Refusal {
  return new Refusal("value_too_deep", {
    detail: `A value may nest ${max} levels deep. Flatten it.`,
    facts: { ...(at === "" ? {} : { at }), max },
  });
}
