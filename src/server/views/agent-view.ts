// Owns who is known on a board, as the API shows them. Does not own the schema (protocol/views).

import type { BoardState } from "../../board/index.ts";
import type { AgentView } from "../../protocol/index.ts";

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
