// Owns the panel of audited events: what was granted or denied to whom, why, and the filter over it.
// Does not own older events than the page holds; the heading says how many there are in all.

import { memo, useCallback, useMemo, useState } from "react";
import { At } from "../parts/ago.tsx";
import { AgentText } from "../parts/agent-text.tsx";
import { Badge } from "../parts/badge.tsx";
import { Icon } from "../parts/icon.tsx";
import { intoView } from "../parts/into-view.ts";
import { IsolatedText } from "../parts/isolated-text.tsx";
import { JsonTree } from "../parts/json-tree.tsx";
import { Nothing, Panel } from "../parts/panel.tsx";
import { SearchField } from "../parts/search-field.tsx";
import type { AuditRow } from "../state/audit-rows.ts";
import type { Audit } from "../state/board-view.ts";
import { figure } from "../text/figures.ts";
import { oneLine } from "../text/printable.ts";
import { isMarking } from "./entry-row.tsx";

type Kind = "all" | "granted" | "denied";
const KINDS: readonly { readonly kind: Kind; readonly word: string }[] = [
  { kind: "all", word: "All" },
  { kind: "granted", word: "Granted" },
  { kind: "denied", word: "Denied" },
];

function matches(row: AuditRow, kind: Kind, words: readonly string[]): boolean {
  if (kind !== "all" && row.granted !== (kind === "granted")) return false;
  if (words.length === 0) return true;
  const text = `${row.event} ${row.agent} ${row.resource ?? ""} ${row.reason ?? ""}`.toLowerCase();
  return words.every((word) => text.includes(word));
}

function Verdict({ granted }: { readonly granted: boolean | null }) {
  if (granted === null) {
    return (
      <Badge tone="calm" icon="dot">
        EVENT
      </Badge>
    );
  }
  return granted ? (
    <Badge tone="ok" icon="check">
      GRANTED
    </Badge>
  ) : (
    <Badge tone="bad" icon="cross">
      DENIED
    </Badge>
  );
}

interface RowProps {
  readonly row: AuditRow;
  readonly isOpen: boolean;
  readonly onToggle: (id: string) => void;
}

const AuditItem = memo(function AuditItem({ row, isOpen, onToggle }: RowProps) {
  return (
    <li className="audit" data-open={isOpen}>
      <div className="audit-line" onClick={() => !isMarking() && onToggle(row.id)}>
        <button
          type="button"
          className="unfold"
          aria-expanded={isOpen}
          aria-label={`Details of ${row.event} by ${row.agent}`}
          onClick={(event) => {
            event.stopPropagation();
            onToggle(row.id);
          }}
        >
          <Icon name="chevron" />
        </button>
        <span className="audit-at">
          <At atMs={Date.parse(row.timestamp)} />
        </span>
        <Verdict granted={row.granted} />
        <span className="audit-what">
          <AgentText className="audit-agent" text={row.agent === "" ? "unknown" : row.agent} />
          <IsolatedText className="audit-event" text={oneLine(row.event.replaceAll("_", " ").toLowerCase(), 80)} />
          {row.resource !== null && <AgentText className="audit-resource" text={row.resource} />}
        </span>
        <span className="audit-reason" title={row.reason ?? undefined}>
          {row.reason !== null && <IsolatedText text={oneLine(row.reason, 300)} />}
        </span>
      </div>
      {isOpen && (
        <div className="details" ref={intoView}>
          <JsonTree value={row.whole} />
        </div>
      )}
    </li>
  );
});

export const AuditPanel = memo(function AuditPanel({ audit }: { readonly audit: Audit }) {
  const [kind, setKind] = useState<Kind>("all");
  const [query, setQuery] = useState("");
  const [openIds, setOpenIds] = useState<ReadonlySet<string>>(new Set());
  const toggle = useCallback((id: string) => {
    setOpenIds((before) => {
      const after = new Set(before);
      if (!after.delete(id)) after.add(id);
      return after;
    });
  }, []);
  const rows = useMemo(() => {
    const words = query.toLowerCase().split(/\s+/).filter(Boolean);
    return audit.rows.filter((row) => matches(row, kind, words));
  }, [audit.rows, kind, query]);
  const isPartial = audit.total > audit.rows.length;

  return (
    <Panel
      id="audit"
      title="Audit Log"
      count={isPartial ? `newest ${figure(audit.rows.length)} of ${figure(audit.total)}` : audit.total}
      tools={
        <>
          <div className="choice" role="group" aria-label="Which events">
            {KINDS.map((each) => (
              <button
                key={each.kind}
                type="button"
                aria-pressed={kind === each.kind}
                onClick={() => setKind(each.kind)}
              >
                {each.word}
              </button>
            ))}
          </div>
          <SearchField label="Filter the audit log" value={query} onChange={setQuery} />
        </>
      }
    >
      {rows.length === 0 ? (
        <Nothing>
          {audit.rows.length === 0
            ? "No audited events yet. Grants, refusals and other events of your swarm appear here."
            : "No event matches the filter."}
        </Nothing>
      ) : (
        <ul className="audits">
          {rows.map((row) => (
            <AuditItem key={row.id} row={row} isOpen={openIds.has(row.id)} onToggle={toggle} />
          ))}
        </ul>
      )}
    </Panel>
  );
});
