// Owns the alerts of budgets: what was crossed, when, and who has seen it; those that nobody has seen come first.
// Does not own raising them (the fold) or their webhooks.

import { memo, useState } from "react";
import type { Alert } from "../../client/index.ts";
import { Ago, At } from "../parts/ago.tsx";
import { AgentText } from "../parts/agent-text.tsx";
import { Badge } from "../parts/badge.tsx";
import { CommandDialog } from "../parts/command-dialog.tsx";
import { Nothing, Panel } from "../parts/panel.tsx";
import { useSlices } from "../parts/show-more.tsx";
import { figure, fullTime, percent, shortFigure } from "../text/figures.ts";
import { shortMoney } from "../text/money.ts";

const SLICE = 30;

/** The figures of that moment, of what the limit was crossed in. */
function figuresOf(alert: Alert): string {
  const ofTokens =
    alert.limitTokens !== undefined && `${shortFigure(alert.usedTokens)} of ${shortFigure(alert.limitTokens)}`;
  const ofMoney =
    alert.limitNanoUsd !== undefined && `${shortMoney(alert.usedNanoUsd)} of ${shortMoney(alert.limitNanoUsd)}`;
  return [ofTokens, ofMoney].filter((words) => words !== false).join(", ");
}

function Kind({ alert }: { readonly alert: Alert }) {
  const { kind, threshold = 0 } = alert;
  if (kind === "projected") {
    return (
      <Badge tone="warn" icon="clock">
        Projected
      </Badge>
    );
  }
  return (
    <Badge
      tone={threshold >= 100 ? "bad" : threshold >= 90 ? "high" : "warn"}
      icon={threshold >= 100 ? "stop" : "warning"}
    >
      {percent(threshold)} reached
    </Badge>
  );
}

const AlertItem = memo(function AlertItem({
  alert,
  onAcknowledge,
}: {
  readonly alert: Alert;
  readonly onAcknowledge: (alert: Alert) => void;
}) {
  const { acknowledgedAt, acknowledgedBy, exhaustsAt, reason } = alert;
  return (
    <li className="alert" data-alert={alert.alert} data-seen={acknowledgedAt !== undefined}>
      <div className="request-line">
        <Kind alert={alert} />
        <AgentText className="request-subject" text={alert.task} />
        <span className="request-at">
          <Ago atMs={alert.raisedAt} label="Raised" />
        </span>
      </div>
      <div className="alert-line">
        <p className="quiet">
          {figuresOf(alert)}
          {exhaustsAt !== undefined && (
            <span title={fullTime(exhaustsAt)}>
              ; spent by <At atMs={exhaustsAt} />
            </span>
          )}
        </p>
        {acknowledgedAt === undefined ? (
          <button type="button" className="button small" onClick={() => onAcknowledge(alert)}>
            Acknowledge<span className="unseen-words"> {alert.task}</span>
          </button>
        ) : (
          <p className="quiet alert-seen">
            ✓ Seen by <AgentText text={acknowledgedBy ?? "somebody"} />,{" "}
            <Ago atMs={acknowledgedAt} label="Acknowledged" />
            {reason !== undefined && reason !== "" && (
              <>
                : <AgentText text={reason} />
              </>
            )}
          </p>
        )}
      </div>
    </li>
  );
});

export function AlertList({ alerts, nothing }: { readonly alerts: readonly Alert[]; readonly nothing: string }) {
  const [asked, setAsked] = useState<Alert>();
  const { shown, more } = useSlices(alerts.length, SLICE);
  return (
    <>
      {alerts.length === 0 ? (
        <Nothing>{nothing}</Nothing>
      ) : (
        <ul className="alerts">
          {alerts.slice(0, shown).map((alert) => (
            <AlertItem key={alert.alert} alert={alert} onAcknowledge={setAsked} />
          ))}
        </ul>
      )}
      {more}
      {asked !== undefined && (
        <CommandDialog
          title="Acknowledge this alert?"
          explanation={
            <>
              It says that you have seen that <AgentText text={asked.task} />{" "}
              {asked.kind === "projected" ? "is about to be spent" : `reached ${percent(asked.threshold ?? 0)}`}. It
              changes no limit.
            </>
          }
          action="Acknowledge"
          asksReason
          commandOf={(reason) => ({
            type: "alert.acknowledge",
            alert: asked.alert,
            ...(reason === undefined ? {} : { reason }),
          })}
          onClose={() => setAsked(undefined)}
        />
      )}
    </>
  );
}

export const AlertsPanel = memo(function AlertsPanel({ alerts }: { readonly alerts: readonly Alert[] }) {
  const unseen = alerts.filter((alert) => alert.acknowledgedAt === undefined).length;
  return (
    <Panel id="alerts" title="Budget alerts" count={`${figure(unseen)} unacknowledged`}>
      <AlertList alerts={alerts} nothing="No alerts. One is raised when a budget reaches 80, 90 or 100 %." />
    </Panel>
  );
});
