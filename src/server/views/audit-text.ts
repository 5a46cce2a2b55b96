// Owns the JSON texts of audit notes, with the member names that the seed's page reads.
// Invariant: a note's text is made once, and what its source said stays byte for byte.

import { type AuditNote, jsonTextOf, type JsonText, membersOf } from "../../protocol/index.ts";

const made = new WeakMap<AuditNote, string>();

/** One note: what its source said, under the names of classicAuditSchema where those are known. */
export function auditText(note: AuditNote): string {
  let text = made.get(note);
  if (text === undefined) {
    text = build(note);
    made.set(note, text);
  }
  return text;
}

const NULL = "null" as JsonText;
const orNull = (value: unknown): JsonText => (value === undefined ? NULL : jsonTextOf(value));

function build(note: AuditNote): string {
  // Details that are no object keep their place under a name of their own.
  const own = note.details === undefined ? undefined : membersOf(note.details);
  const members = new Map<string, JsonText>(own ?? []);
  if (own === undefined && note.details !== undefined) members.set("details", note.details);
  members.set("timestamp", jsonTextOf(new Date(note.at).toISOString()));
  members.set("event", jsonTextOf(note.event));
  members.set("agent_id", jsonTextOf(note.agent));
  // What the note does not know, its source may have said in a member of the same name.
  keep(members, "granted", note.granted, (text) => text === "true" || text === "false");
  keep(members, "resource_type", note.resource, (text) => text.startsWith('"'));
  keep(members, "reason", note.reason, (text) => text.startsWith('"'));
  return textOf(members);
}

function keep(members: Map<string, JsonText>, name: string, known: unknown, fits: (text: string) => boolean): void {
  const said = members.get(name);
  if (known === undefined && said !== undefined && fits(said)) return;
  members.set(name, orNull(known));
}

function textOf(members: ReadonlyMap<string, JsonText>): string {
  const parts: string[] = [];
  for (const [name, value] of members) parts.push(`${JSON.stringify(name)}:${value}`);
  return `{${parts.join(",")}}`;
}

/** The newest `count` notes as the inside of an array, the newest first; undefined beyond `maxChars` UTF-16 units. */
export function newestText(notes: readonly AuditNote[], count: number, maxChars: number): string | undefined {
  let text = "";
  for (let i = notes.length - 1, left = count; i >= 0 && left > 0; i--, left--) {
    text += (text === "" ? "" : ",") + auditText(notes[i] as AuditNote);
    if (text.length > maxChars) return undefined;
  }
  return text;
}
