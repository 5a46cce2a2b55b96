// Owns the blackboard markdown of Network-AI in its three dialects: fenced JSON (TypeScript), bare JSON (Python),
// and bare JSON with `sourceAgent` (the v2 index.ts). Complete is only what holds `## Execution History`.

import { membersOf, toJsonText } from "../../protocol/index.ts";
import type { JsonText } from "../../protocol/index.ts";
import { entryItem } from "./entry-item.ts";
import { isObject, numberMember, parseJson, textMember } from "./json-object.ts";
import type { Item, ItemName, Parsed } from "./parsed.ts";
import { unbelievable } from "./parsed.ts";

const CACHE = "## Knowledge Cache";
const END = "## Execution History";

export function parseNetworkAiBoard(text: string, nowMs: number): Parsed {
  const lines = text.split(/\r?\n/);
  const start = lines.findIndex((line) => line.trimEnd() === CACHE);
  if (start < 0) return unbelievable(`no "${CACHE}" yet`);
  const items: Item[] = [];
  const unreadable: ItemName[] = [];
  const problems: string[] = [];
  let header: string | undefined;
  let body: string[] = [];

  const finish = (): void => {
    if (header === undefined) return;
    const entry = readEntry(header, body.join("\n"));
    if (entry === undefined) {
      unreadable.push({ kind: "entry", name: header });
      problems.push(`entry "${header.slice(0, 80)}" is not readable`);
    } else {
      const item = entryItem(entry, nowMs);
      if (item !== undefined) items.push(item);
    }
    header = undefined;
    body = [];
  };

  let at = start + 1;
  for (; at < lines.length; at++) {
    const line = lines[at] ?? "";
    if (line.startsWith("## ")) break;
    if (line.startsWith("### ")) {
      finish();
      header = line.slice(4).trimEnd();
    } else if (header !== undefined && !line.startsWith("```")) body.push(line);
  }
  // Before the last section is taken at its word, the end must be there: it may be cut off.
  if (!lines.slice(at).some((line) => line.trimEnd() === END)) return unbelievable(`no "${END}" yet`);
  finish();
  return { ok: true, items, unreadable, problems, endMarked: true };
}

function readEntry(header: string, body: string) {
  const object = parseJson(body.trim());
  if (!isObject(object)) return undefined;
  const value = toJsonText(membersOf(body)?.get("value") ?? "null");
  if (!value.ok) return undefined;
  return {
    // The JSON has the key in full; the heading is its display.
    key: textMember(object, "key") ?? header,
    value: value.text satisfies JsonText,
    by: textMember(object, "source_agent", "sourceAgent"),
    timestamp: object["timestamp"],
    ttlSeconds: numberMember(object, "ttl"),
  };
}
