// Owns the blackboard markdown of zejzlAI: `## key`, `- **Value:** "v"`, `- **Timestamp:** ISO`.
// Values are strings that may hold quotes and newlines: one ends where its timestamp and the next key (or the end) follow.
// The form has no end mark, so that a file which is being rewritten can look complete with fewer keys.

import { jsonTextOf } from "../../protocol/index.ts";
import { entryItem } from "./entry-item.ts";
import { isWholeInstant } from "./instant.ts";
import type { Item, Parsed } from "./parsed.ts";
import { unbelievable } from "./parsed.ts";

const HEAD = /^#[^#\r\n][^\r\n]*(?:\r?\n|$)/;

export function parseZejzlBoard(text: string, nowMs: number): Parsed {
  const header = /^## ([^\r\n]+)\r?\n- \*\*Value:\*\* ?/gm;
  const items: Item[] = [];
  let found = header.exec(text);
  if (found === null) {
    if (text.includes("\n## ") || !HEAD.test(text) || !/\n/.test(text)) return unbelievable("no complete key yet");
    return { ok: true, items, unreadable: [], problems: [], endMarked: false };
  }
  while (found !== null) {
    const key = (found[1] ?? "").trimEnd();
    const from = found.index + found[0].length;
    const end = endOfValue(text, from);
    if (end === undefined) return unbelievable(`cut off in "${key.slice(0, 80)}"`);
    // A value after whose opening quote nothing else opens is the whole text between the first quote and the last.
    const value = end.quoted ? text.slice(from + 1, end.valueEnd) : text.slice(from, end.valueEnd);
    const item = entryItem(
      { key, value: jsonTextOf(value), by: undefined, timestamp: end.timestamp, ttlSeconds: undefined },
      nowMs,
    );
    if (item !== undefined) items.push(item);
    header.lastIndex = end.sectionEnd;
    found = header.exec(text);
  }
  return { ok: true, items, unreadable: [], problems: [], endMarked: false };
}

function endOfValue(text: string, from: number) {
  const quoted = text[from] === '"';
  const stamp = quoted
    ? /"[ \t]*\r?\n- \*\*Timestamp:\*\*[ \t]*([^\r\n]*)/g
    : /\r?\n- \*\*Timestamp:\*\*[ \t]*([^\r\n]*)/g;
  const follows = /\s*(?:$(?![^])|## [^\r\n]+\r?\n- \*\*Value:\*\*)/y;
  stamp.lastIndex = quoted ? from + 1 : from;
  for (let found = stamp.exec(text); found !== null; found = stamp.exec(text)) {
    const sectionEnd = found.index + found[0].length;
    follows.lastIndex = sectionEnd;
    if (!follows.test(text)) continue;
    const timestamp = (found[1] ?? "").trimEnd();
    // The very last time may be cut off itself: then the file is still being written.
    if (sectionEnd === text.length && !isWholeInstant(timestamp)) return undefined;
    return { quoted, valueEnd: found.index, timestamp, sectionEnd };
  }
  return undefined;
}
