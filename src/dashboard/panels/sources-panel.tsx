// Owns the panel of followed workspaces: whether their files can be read, and how old the last reading is.
// Does not own following. It appears only when something is followed.

import { memo } from "react";
import type { Source } from "../../client/index.ts";
import { Ago } from "../parts/ago.tsx";
import { AgentText } from "../parts/agent-text.tsx";
import { Badge, type Tone } from "../parts/badge.tsx";
import type { IconName } from "../parts/icon.tsx";
import { Panel } from "../parts/panel.tsx";

const LOOKS: Record<Source["state"], { readonly tone: Tone; readonly icon: IconName; readonly word: string }> = {
  ok: { tone: "ok", icon: "check", word: "OK" },
  stale: { tone: "warn", icon: "warning", word: "Stale" },
  missing: { tone: "high", icon: "warning", word: "Missing" },
  error: { tone: "bad", icon: "stop", word: "Error" },
};

const SourceItem = memo(function SourceItem({ source }: { readonly source: Source }) {
  const { tone, icon, word } = LOOKS[source.state] ?? LOOKS.error;
  return (
    <li className="source">
      <div className="request-line">
        <AgentText className="request-subject" text={source.source} />
        {source.paused && (
          <Badge tone="warn" icon="pause">
            Paused
          </Badge>
        )}
        <Badge tone={tone} icon={icon}>
          {word}
        </Badge>
        <span className="request-at">
          <Ago atMs={source.at} label="Last reading" />
        </span>
      </div>
      {source.detail !== "" && (
        <p className="quiet">
          <AgentText text={source.detail} />
        </p>
      )}
    </li>
  );
});

export const SourcesPanel = memo(function SourcesPanel({ sources }: { readonly sources: readonly Source[] }) {
  if (sources.length === 0) return null;
  return (
    <Panel id="sources" title="Sources" count={sources.length}>
      <ul className="sources">
        {sources.map((source) => (
          <SourceItem key={source.source} source={source} />
        ))}
      </ul>
    </Panel>
  );
});
