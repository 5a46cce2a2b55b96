// Owns turning values back into text: whole for copying, in one short line for a row.
// Does not own the tree of the details (parts/json-tree.tsx). Numbers keep the digits that were sent.

import { parseJson } from "../../client/index.ts";

/** The value as JSON. `indent` 0 gives one line. */
export function jsonText(value: unknown, indent: number, depth = 0): string {
  if (typeof value === "bigint") return String(value);
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const isList = Array.isArray(value);
  const parts = isList
    ? value.map((item) => jsonText(item, indent, depth + 1))
    : Object.entries(value).map(
        ([key, item]) => `${JSON.stringify(key)}:${indent > 0 ? " " : ""}${jsonText(item, indent, depth + 1)}`,
      );
  const [open, shut] = isList ? ["[", "]"] : ["{", "}"];
  if (parts.length === 0) return open + shut;
  if (indent === 0) return open + parts.join(",") + shut;
  const line = `\n${" ".repeat(indent * (depth + 1))}`;
  return `${open}${line}${parts.join(`,${line}`)}\n${" ".repeat(indent * depth)}${shut}`;
}

export type ValueKind = "text" | "number" | "boolean" | "null" | "list" | "object";

export function kindOf(value: unknown): ValueKind {
  if (typeof value === "string") return "text";
  if (typeof value === "number" || typeof value === "bigint") return "number";
  if (typeof value === "boolean") return "boolean";
  if (Array.isArray(value)) return "list";
  return typeof value === "object" && value !== null ? "object" : "null";
}

/** A value for search: strings as they are, all else as JSON. */
export function plainText(value: unknown): string {
  return typeof value === "string" ? value : jsonText(value, 0);
}

/** Where one agent keeps JSON inside a string, the object in it; else undefined. */
export function innerJson(value: unknown): unknown {
  if (typeof value !== "string" || value.length > 100_000 || !/^\s*[[{]/.test(value)) return undefined;
  try {
    return parseJson(value);
  } catch {
    return undefined;
  }
}

/** A `curl` line that reads the entry. The key is safe inside single quotes, whatever it holds. */
export function curlLine(origin: string, board: string, key: string): string {
  const coded = encodeURIComponent(key).replaceAll("'", "%27");
  const base = `${origin}/api/v1/boards/${encodeURIComponent(board)}/entries`;
  // A path segment of dots would be resolved away before it is sent.
  return `curl '${base}${/^\.+$/.test(key) ? `?key=${coded}` : `/${coded}`}'`;
}
