// Owns the texts of audited records: as JSON for pages, the tail and JSON lines, and as rows of CSV (RFC 4180).
// Does not own which are shown. Values are spliced in as they are (rule 19).

import { type HistoryHit, rowOf } from "../../log/index.ts";
import { commandText } from "./history-text.ts";

/** The facts of one command of a record, in the order in which they are told. Undefined ones are left out of JSON. */
function factsOf(hit: HistoryHit) {
  const { seq, part, at, actor, role, source, outcome, command, trace } = hit;
  const row = rowOf(command, actor);
  const [traceId, spanId] = trace?.split("-") ?? [];
  return {
    seq,
    part,
    /** When it happened, where the command says so; else when it was recorded. */
    time: new Date(row.at ?? at).toISOString(),
    at,
    by: actor,
    role,
    source,
    action: command.type === "audit.note" ? command.event : command.type,
    outcome,
    about: row.name,
    agent: row.agent,
    task: row.task ?? hit.task,
    granted: row.granted,
    reason: row.reason,
    trace: traceId,
    span: spanId,
    id: hit.id === "" ? undefined : hit.id,
  };
}

export const auditRecordText = (hit: HistoryHit): string =>
  `${JSON.stringify(factsOf(hit)).slice(0, -1)},"command":${commandText(hit.command)}}`;

const CSV_COLUMNS = [
  ...(["seq", "part", "time", "at", "by", "role", "source", "action", "outcome", "about", "agent", "task"] as const),
  ...(["granted", "reason", "trace", "span", "id"] as const),
] as const;

export const CSV_HEAD = `${[...CSV_COLUMNS, "command"].join(",")}\r\n`;

export function auditRecordCsv(hit: HistoryHit): string {
  const facts = factsOf(hit);
  return `${[...CSV_COLUMNS.map((column) => csvCell(facts[column])), csvCell(commandText(hit.command))].join(",")}\r\n`;
}

/**
 * A cell by RFC 4180. A text that a spreadsheet would take for a formula (it begins with `=`, `+`, `-`, `@`, a tab or a
 * carriage return) gets a `'` before it.
 */
export function csvCell(value: string | number | boolean | undefined): string {
  if (value === undefined) return "";
  if (typeof value !== "string") return String(value);
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
