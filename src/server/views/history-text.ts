// Owns the JSON texts of past commands. Values are spliced in as they are, never parsed (rule 19).
// Does not own which of them are shown.

import type { HistoryHit, HistoryPage, HistoryPlace } from "../../log/index.ts";
import { type SingleCommand, TEXT_MEMBER } from "../../protocol/index.ts";

/** A place as the `after` of the next page. */
export const cursorOf = ({ seq, part }: HistoryPlace): string => `${seq}.${part}`;

/** The place that a cursor names. The schema has checked its form. */
export function placeOf(cursor: string | undefined): HistoryPlace | undefined {
  if (cursor === undefined) return undefined;
  const [seq = 0, part = 0] = cursor.split(".").map(Number);
  return { seq, part };
}

/** A command as it was sent, with its JSON byte for byte. */
export function commandText(command: SingleCommand): string {
  const textMember = TEXT_MEMBER[command.type];
  const members: string[] = [];
  for (const [name, value] of Object.entries(command) as [string, unknown][]) {
    if (value === undefined) continue;
    const text = name === textMember && typeof value === "string" ? value : JSON.stringify(value);
    members.push(`${JSON.stringify(name)}:${text}`);
  }
  return `{${members.join(",")}}`;
}

function hitText({ seq, part, at, actor, source, command, role, trace, task }: HistoryHit): string {
  const facts = JSON.stringify({ seq, part, at, by: actor, source, role, trace, task });
  return `${facts.slice(0, -1)},"command":${commandText(command)}}`;
}

/** The members `records` and `next` of an answer. */
export function historyText({ hits, next }: HistoryPage): string {
  const after = next === undefined ? "null" : `"${cursorOf(next)}"`;
  return `"records":[${hits.map(hitText).join(",")}],"next":${after}`;
}
