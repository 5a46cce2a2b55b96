// Owns the difference of two values as an RFC 7396 merge patch, made on their texts: what did not change is never parsed.
// Does not own applying it (merge-value.ts at a client, the fold's own merge for a writer's patch).

import { type JsonText, membersOf } from "../protocol/index.ts";

const OPEN_BRACE = 0x7b;

const isObject = (text: JsonText): boolean => text.charCodeAt(0) === OPEN_BRACE;

/**
 * The patch that turns `before` into `after`, `{}` where both say the same. Undefined where a merge patch cannot say it
 * (both have to be objects; `null` in a patch removes a member, so it can neither set one nor stand in a new object) or
 * would need more than `maxLength` UTF-16 units. The order of members does not count; numbers and strings count as
 * equal only if their texts are (rule 19).
 */
export function mergeDiff(before: JsonText, after: JsonText, maxLength: number): JsonText | undefined {
  if (!isObject(before) || !isObject(after) || maxLength < 2) return undefined;
  if (before === after) return "{}" as JsonText;
  return diffOfObjects(before, after, maxLength);
}

function diffOfObjects(before: JsonText, after: JsonText, maxLength: number): JsonText | undefined {
  const old = membersOf(before) ?? new Map<string, JsonText>();
  const wanted = membersOf(after) ?? new Map<string, JsonText>();
  let patch = "{";
  /** False if the member does not fit in any more; the closing brace always has to. */
  const say = (name: string, value: string): boolean => {
    patch += `${patch === "{" ? "" : ","}${JSON.stringify(name)}:${value}`;
    return patch.length < maxLength;
  };

  for (const name of old.keys()) {
    if (!wanted.has(name) && !say(name, "null")) return undefined;
  }
  for (const [name, value] of wanted) {
    const oldValue = old.get(name);
    if (oldValue === value) continue;
    const change = diffOfMember(oldValue, value, maxLength - patch.length);
    if (change === undefined) return undefined;
    // An object that differs in the order of its members alone.
    if (change === "{}" && oldValue !== undefined && isObject(oldValue)) continue;
    if (!say(name, change)) return undefined;
  }
  return `${patch}}` as JsonText;
}

/** What the patch says of a member whose text differs. */
function diffOfMember(before: JsonText | undefined, after: JsonText, maxLength: number): JsonText | undefined {
  if (before !== undefined && isObject(before) && isObject(after)) return diffOfObjects(before, after, maxLength);
  if (after.length > maxLength || after === "null" || hasNullMember(after)) return undefined;
  return after;
}

/** True if a merge would drop a member of this value, at any depth of objects. What an array holds, it keeps. */
function hasNullMember(text: JsonText): boolean {
  if (!isObject(text) || !text.includes("null")) return false;
  for (const value of membersOf(text)?.values() ?? []) {
    if (value === "null" || hasNullMember(value)) return true;
  }
  return false;
}
