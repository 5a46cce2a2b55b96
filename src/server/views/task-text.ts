// Owns the tasks of a board as JSON text, so that details keep their bytes (rule 19). Does not own the schema (protocol/views).

import type { BoardState } from "../../board/index.ts";

export function taskTexts(state: BoardState): string {
  const rows: string[] = [];
  for (const task of state.tasks.values()) {
    const status = task.status === undefined ? "" : `,"status":${JSON.stringify(task.status)}`;
    const details = task.details === undefined ? "" : `,"details":${task.details}`;
    rows.push(`{"task":${JSON.stringify(task.task)}${status},"at":${task.at}${details}}`);
  }
  return rows.join(",");
}
