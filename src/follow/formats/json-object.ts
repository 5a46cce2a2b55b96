// Owns looking into JSON that others wrote, without trusting any of it.
// Member access goes through own properties only, so that `__proto__` is a plain name.

import { utf8Bytes } from "../../protocol/index.ts";

export type JsonObject = Readonly<Record<string, unknown>>;

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The parsed text, or undefined where it is not JSON (`undefined` is no JSON value). */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text.startsWith("\uFEFF") ? text.slice(1) : text) as unknown;
  } catch {
    return undefined;
  }
}

/** The first of these members that the object has itself and that is not null. */
export function member(object: JsonObject, ...names: readonly string[]): unknown {
  for (const name of names) {
    if (!Object.hasOwn(object, name)) continue;
    const value = object[name];
    if (value !== null && value !== undefined) return value;
  }
  return undefined;
}

export function objectMember(object: JsonObject, ...names: readonly string[]): JsonObject | undefined {
  const value = member(object, ...names);
  return isObject(value) ? value : undefined;
}

/** A text member; numbers and booleans count as their text, empty texts as none. */
export function textMember(object: JsonObject, ...names: readonly string[]): string | undefined {
  const value = member(object, ...names);
  if (typeof value === "string") return value === "" ? undefined : value;
  return typeof value === "number" || typeof value === "boolean" ? String(value) : undefined;
}

export function numberMember(object: JsonObject, ...names: readonly string[]): number | undefined {
  const value = member(object, ...names);
  if (typeof value === "number") return Number.isFinite(value) ? value : undefined;
  if (typeof value !== "string" || value.trim() === "") return undefined;
  const number = Number(value);
  return Number.isFinite(number) ? number : undefined;
}

/** Whole tokens in the range that the board takes: rounded, and cut off at both ends. */
export function tokensMember(object: JsonObject, ...names: readonly string[]): number | undefined {
  const number = numberMember(object, ...names);
  return number === undefined ? undefined : Math.min(Math.max(Math.round(number), 0), Number.MAX_SAFE_INTEGER);
}

/** Shortened to at most `maxBytes` of UTF-8 and made well-formed; undefined where nothing is left. */
export function clip(text: string | undefined, maxBytes = 512): string | undefined {
  if (text === undefined || text === "") return undefined;
  let kept = text.slice(0, maxBytes).toWellFormed();
  while (utf8Bytes(kept) > maxBytes) kept = kept.slice(0, Math.max(kept.length - 16, 0)).toWellFormed();
  return kept === "" ? undefined : kept;
}
