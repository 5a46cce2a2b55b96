// Owns the audit events as rows with a name of their own, so that an open row stays open when newer ones arrive above it.
// Does not own the filter. Invariant: equal events get different ids, and an event keeps its id from frame to frame.

import type { ClassicAudit } from "../../protocol/index.ts";
import { keepList } from "./keep-same.ts";

export interface AuditRow {
  readonly id: string;
  readonly timestamp: string;
  readonly event: string;
  readonly granted: boolean | null;
  readonly agent: string;
  readonly resource: string | null;
  readonly reason: string | null;
  /** The whole event as it was sent, for the details. */
  readonly whole: Readonly<Record<string, unknown>>;
}

/** Rows of the newest events, newest first as they come. */
export function auditRows(before: readonly AuditRow[], entries: readonly ClassicAudit[]): readonly AuditRow[] {
  const older = new Map(before.map((row) => [row.id, row]));
  const seen = new Map<string, number>();
  const rows = entries.toReversed().map((entry): AuditRow => {
    const text = JSON.stringify(entry);
    // Equal lines are legal. Counting from the oldest keeps the number of those that stay.
    const nth = seen.get(text) ?? 0;
    seen.set(text, nth + 1);
    const id = `${text}#${nth}`;
    return (
      older.get(id) ?? {
        id,
        timestamp: entry.timestamp,
        event: entry.event,
        granted: typeof entry.granted === "boolean" ? entry.granted : null,
        agent: typeof entry.agent_id === "string" ? entry.agent_id : "",
        resource: typeof entry.resource_type === "string" ? entry.resource_type : null,
        reason: typeof entry.reason === "string" ? entry.reason : null,
        whole: entry,
      }
    );
  });
  return keepList(before, rows.toReversed());
}
