// Owns the part of the full frame that our own page reads besides the seed's parts: facts, agents, requests, tasks, sources.
// Does not own the schema (protocol/views).

import type { BoardHandle } from "../../engine/contract.ts";
import type { AgentView, RequestView } from "../../protocol/index.ts";
import type { BoardState } from "../../board/index.ts";
import { factsOf } from "./entry-text.ts";

/** Everyone who is known: reported, or seen writing, or holding a claim. Followers and the server are no agents. */
export function agentViews(state: BoardState): AgentView[] {
  const held = new Map<string, string[]>();
  for (const claim of state.claims.values()) {
    if (claim.holder === undefined) continue;
    const claims = held.get(claim.holder);
    if (claims === undefined) held.set(claim.holder, [claim.claim]);
    else claims.push(claim.claim);
  }
  const names = new Set([...state.agents.keys(), ...held.keys()]);
  for (const name of state.activity.keys()) if (name !== "system" && !name.startsWith("follow:")) names.add(name);
  return Array.from(names, (name) => {
    const agent = state.agents.get(name);
    const activity = state.activity.get(name);
    const lastSeenAt = Math.max(agent?.lastSeenAt ?? -1, activity?.lastAt ?? -1);
    return {
      agent: name,
      ...(agent?.state === undefined ? {} : { state: agent.state }),
      ...(agent?.task === undefined ? {} : { task: agent.task }),
      ...(agent?.trust === undefined ? {} : { trust: agent.trust }),
      ...(lastSeenAt < 0 ? {} : { lastSeenAt }),
      ...(agent?.firstSeenAt === undefined ? {} : { firstSeenAt: agent.firstSeenAt }),
      writes: activity?.writes ?? 0,
      claims: held.get(name) ?? [],
    };
  });
}

export function requestViews(state: BoardState): RequestView[] {
  return Array.from(state.requests.values(), (request) => ({
    request: request.request,
    kind: request.kind,
    subject: request.subject,
    agent: request.agent,
    reason: request.reason,
    state: request.state,
    openedAt: request.openedAt,
    ...(request.decidedBy === undefined ? {} : { decidedBy: request.decidedBy }),
    ...(request.grantedUntil === undefined ? {} : { grantedUntil: request.grantedUntil }),
  }));
}

function taskTexts(state: BoardState): string {
  const rows: string[] = [];
  for (const task of state.tasks.values()) {
    const status = task.status === undefined ? "" : `,"status":${JSON.stringify(task.status)}`;
    const details = task.details === undefined ? "" : `,"details":${task.details}`;
    rows.push(`{"task":${JSON.stringify(task.task)}${status},"at":${task.at}${details}}`);
  }
  return rows.join(",");
}

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
