// Owns the panel of agents: who is there, what each does, how far it is trusted, when it last gave a sign of life.
// Does not invent anything: what the data does not say is shown as not known.

import { memo } from "react";
import type { AgentView } from "../state/board-view.ts";
import { Ago } from "../parts/ago.tsx";
import { AgentText } from "../parts/agent-text.tsx";
import { Badge, type Tone } from "../parts/badge.tsx";
import { Nothing, Panel } from "../parts/panel.tsx";
import { useSlices } from "../parts/show-more.tsx";
import { figure } from "../text/figures.ts";

const AGENTS_SLICE = 100;

/** Words that swarms use for an agent's state. Any other word is shown as it is, uncoloured. */
function toneOf(state: string): Tone {
  const word = state.toLowerCase();
  if (/^(active|ok|running|working|busy|healthy|online)/.test(word)) return "ok";
  if (/^(stale|blocked|waiting|paused|degraded|slow)/.test(word)) return "warn";
  if (/^(failed|error|dead|offline|down|crashed|unhealthy)/.test(word)) return "bad";
  return "calm";
}

function Trust({ agent, trust }: { readonly agent: string; readonly trust: number | undefined }) {
  if (trust === undefined) {
    return (
      <span className="trust" title="The data holds no trust level for this agent">
        trust –
      </span>
    );
  }
  const filled = Math.min(1, Math.max(0, trust)) * 100;
  return (
    <span className="trust">
      trust
      <span
        className="trust-bar"
        role="meter"
        aria-label={`Trust in ${agent}`}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.round(filled)}
      >
        <span className="trust-fill" style={{ inlineSize: `${filled}%` }} />
      </span>
      <span className="trust-figure">{trust.toFixed(2)}</span>
    </span>
  );
}

/** A colour that stays with a name, so that an agent is recognised at a glance. One of eight. */
function hueOf(name: string): number {
  let sum = 0;
  for (let i = 0; i < name.length; i++) sum = (sum * 31 + name.charCodeAt(i)) % 9973;
  return sum % 8;
}

const AgentItem = memo(function AgentItem({ agent }: { readonly agent: AgentView }) {
  const first = String.fromCodePoint(agent.agent.codePointAt(0) ?? 63);
  return (
    <li className="agent" data-agent={agent.agent}>
      <span className="agent-face" data-hue={hueOf(agent.agent)} aria-hidden="true">
        {first.toUpperCase()}
      </span>
      <div className="agent-lines">
        <div className="agent-line">
          <span className="agent-name" title={agent.agent}>
            <AgentText text={agent.agent} />
          </span>
          {agent.state !== undefined && (
            <Badge tone={toneOf(agent.state)} icon="dot">
              <AgentText text={agent.state} />
            </Badge>
          )}
          <span className="agent-seen">
            {agent.lastSeenAt === undefined ? (
              "not seen yet"
            ) : (
              <Ago atMs={agent.lastSeenAt} label="Last sign of life" />
            )}
          </span>
        </div>
        <div className="agent-line quiet">
          <Trust agent={agent.agent} trust={agent.trust} />
          <span>
            {figure(agent.writes)} {agent.writes === 1 ? "write" : "writes"}
          </span>
          {agent.claims.length > 0 && (
            <span title={agent.claims.join("\n")}>
              {figure(agent.claims.length)} {agent.claims.length === 1 ? "claim" : "claims"}
            </span>
          )}
          {agent.task !== undefined && (
            <span className="agent-task" title={agent.task}>
              on <AgentText text={agent.task} />
            </span>
          )}
        </div>
      </div>
    </li>
  );
});

export const AgentsPanel = memo(function AgentsPanel({ agents }: { readonly agents: readonly AgentView[] }) {
  const { shown, more } = useSlices(agents.length, AGENTS_SLICE);
  return (
    <Panel id="agents" title="Agents" count={agents.length}>
      {agents.length === 0 ? (
        <Nothing>No agent has written here yet.</Nothing>
      ) : (
        <ul className="agents">
          {agents.slice(0, shown).map((agent) => (
            <AgentItem key={agent.agent} agent={agent} />
          ))}
        </ul>
      )}
      {more}
    </Panel>
  );
});
