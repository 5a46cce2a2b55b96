// Owns the panel of what waits for a person: permissions asked for and changes proposed.
// Does not decide them. It is there also when nothing waits, so that a request moves no other panel.

import { memo } from "react";
import type { Request } from "../../client/index.ts";
import { Ago } from "../parts/ago.tsx";
import { AgentText } from "../parts/agent-text.tsx";
import { Badge } from "../parts/badge.tsx";
import { Nothing, Panel } from "../parts/panel.tsx";
import { useSlices } from "../parts/show-more.tsx";

const REQUESTS_SLICE = 50;

const RequestItem = memo(function RequestItem({ request }: { readonly request: Request }) {
  return (
    <li className="request">
      <div className="request-line">
        <Badge tone="accent" icon={request.kind === "permission" ? "key" : "file"}>
          {request.kind === "permission" ? "Permission" : "Change"}
        </Badge>
        <AgentText className="request-subject" text={request.subject} />
        <span className="request-at">
          <Ago atMs={request.openedAt} label="Opened" />
        </span>
      </div>
      <p className="quiet">
        <AgentText text={request.agent} />
        {request.reason !== "" && (
          <>
            {" – "}
            <AgentText text={request.reason} />
          </>
        )}
      </p>
    </li>
  );
});

export const RequestsPanel = memo(function RequestsPanel({ requests }: { readonly requests: readonly Request[] }) {
  const open = requests.filter((request) => request.state === "open");
  const { shown, more } = useSlices(open.length, REQUESTS_SLICE);
  return (
    <Panel id="requests" title="Requests waiting" count={open.length}>
      {open.length === 0 ? (
        <Nothing>Nothing waits for you.</Nothing>
      ) : (
        <ul className="requests">
          {open.slice(0, shown).map((request) => (
            <RequestItem key={request.request} request={request} />
          ))}
        </ul>
      )}
      {more}
    </Panel>
  );
});
