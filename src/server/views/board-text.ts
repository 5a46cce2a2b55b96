// Owns the part of the full frame that our own page reads besides the seed's parts: facts, agents, requests, tasks, sources.
// Does not own the schema (protocol/views).

import type { BoardHandle } from "../../engine/contract.ts";
import { agentViews } from "./agent-view.ts";
import { factsOf } from "./entry-text.ts";
import { requestViews } from "./request-view.ts";
import { taskTexts } from "./task-text.ts";

/** The text of `board`, and whether it holds remaining lifetimes, which go on although nothing changes. */
export function boardText(board: BoardHandle, maxChars: number): { readonly text: string; readonly ages: boolean } {
  const { state } = board;
  const clockNow = board.clockNow();
  let ages = false;
  let facts = "";
  for (const [key, entry] of state.entries) {
    if (Number.isFinite(entry.expiresAtClock)) ages = true;
    facts += `${facts === "" ? "" : ","}${JSON.stringify(key)}:{${factsOf(entry, clockNow)}}`;
    if (facts.length > maxChars) {
      // The page shows values without facts then; the blackboard part fails at about the same size.
      facts = "";
      break;
    }
  }
  const sources = Array.from(state.sources.values(), ({ source, state: condition, paused, detail, at }) => ({
    source,
    state: condition,
    paused,
    detail,
    at,
  }));
  const unwritable = board.unwritable === undefined ? "" : `,"unwritable":${JSON.stringify(board.unwritable)}`;
  const text =
    `{"name":${JSON.stringify(board.name)},"epoch":${JSON.stringify(board.position.epoch)},"seq":${board.position.seq}${unwritable}` +
    `,"entries":{${facts}},"agents":${JSON.stringify(agentViews(state))},"requests":${JSON.stringify(requestViews(state))}` +
    `,"tasks":[${taskTexts(state)}],"sources":${JSON.stringify(sources)}}`;
  return { text, ages };
}
