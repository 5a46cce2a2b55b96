// Owns RFC 7396 (JSON Merge Patch) on JSON text: members that the patch does not name keep the bytes of their values.
// Does not own limits on the result. Names are plain text in a Map, so `__proto__` is a member like any other.

import { type JsonText, membersOf } from "../../protocol/index.ts";
import { MAX_PATCH_DEPTH } from "./bounds.ts";

export type Merged =
  | { readonly ok: true; readonly text: JsonText }
  | { readonly ok: false; readonly code: "bad_json" | "value_too_deep" };

/** An absent target and one that is not an object count as `{}`. Total: text that is not JSON is refused. */
export function mergePatch(target: JsonText | undefined, patch: JsonText): Merged {
  try {
    const text = merge(target, patch, MAX_PATCH_DEPTH);
    return text === undefined ? { ok: false, code: "value_too_deep" } : { ok: true, text };
  } catch {
    // A member's name that is not a JSON string; the edge lets no such text in.
    return { ok: false, code: "bad_json" };
  }
}

function merge(target: JsonText | undefined, patch: JsonText, depth: number): JsonText | undefined {
  const changes = membersOf(patch);
  if (changes === undefined) return patch;
  if (depth === 0) return undefined;
  const members = (target === undefined ? undefined : membersOf(target)) ?? new Map<string, JsonText>();
  for (const [name, change] of changes) {
    if (change === "null") {
      members.delete(name);
      continue;
    }
    const merged = merge(members.get(name), change, depth - 1);
    if (merged === undefined) return undefined;
    members.set(name, merged);
  }
  let text = "";
  for (const [name, value] of members) text += `${text === "" ? "{" : ","}${JSON.stringify(name)}:${value}`;
  return (text === "" ? "{}" : `${text}}`) as JsonText;
}
