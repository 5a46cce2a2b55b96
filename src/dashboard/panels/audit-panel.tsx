// Owns the panel of the audit: which records are looked at (in the page's address), the live tail's switch, and the badge of proofs.
// Does not own the rows (audit-table.tsx) or where they come from (live/audit-feed.ts).

import { memo, useCallback, useEffect, useRef, useState, useSyncExternalStore } from "react";
import { useDashboard } from "../dashboard-context.ts";
import type { AuditRecord } from "../live/audit-pages.ts";
import { Icon } from "../parts/icon.tsx";
import { Nothing } from "../parts/panel.tsx";
import { SearchField } from "../parts/search-field.tsx";
import {
  addressWith,
  AUDIT_TEXTS,
  type AuditFilter,
  auditFilterIn,
  type AuditKind,
  isNarrowed,
} from "../state/audit-filter.ts";
import type { Audit } from "../state/board-view.ts";
import { figure } from "../text/figures.ts";
import { AuditDrawer } from "./audit-drawer.tsx";
import { AuditFields } from "./audit-fields.tsx";
import { AuditTable } from "./audit-table.tsx";
import { ProofBadge } from "./proof-badge.tsx";

const KINDS: readonly { readonly kind: AuditKind; readonly word: string; readonly title: string }[] = [
  { kind: "events", word: "Events", title: "What agents and followed files noted" },
  { kind: "granted", word: "Granted", title: "Permissions that were granted" },
  { kind: "denied", word: "Denied", title: "Permissions that were denied" },
  { kind: "refused", word: "Refused", title: "Commands that the board refused" },
  { kind: "all", word: "All records", title: "Every command that was recorded" },
];
/** Typing is waited for, in ms. */
const TYPING_MS = 250;

/** The filter, kept in the page's address: a link shows the same, and going back goes back. */
function useAuditFilter(): readonly [AuditFilter, (next: AuditFilter) => void] {
  const [filter, setFilter] = useState(() => auditFilterIn(location.search));
  useEffect(() => {
    const back = () => setFilter(auditFilterIn(location.search));
    window.addEventListener("popstate", back);
    return () => window.removeEventListener("popstate", back);
  }, []);
  const set = useCallback((next: AuditFilter) => {
    setFilter(next);
    history.replaceState(history.state, "", addressWith(next, location.href));
  }, []);
  return [filter, set];
}

function countWords(audit: Audit, kind: AuditKind, shown: number, hasMore: boolean, isWhole: boolean): string {
  if (kind === "events" && isWhole) {
    return hasMore ? `newest ${figure(shown)} of ${figure(audit.total)}` : figure(shown);
  }
  return `${figure(shown)}${hasMore ? "+" : ""}`;
}

export const AuditPanel = memo(function AuditPanel({ audit }: { readonly audit: Audit }) {
  const { audit: feed } = useDashboard();
  const [filter, setFilter] = useAuditFilter();
  const [showsFields, setShowsFields] = useState(() => isNarrowed({ ...filter, q: "" }));
  const [open, setOpen] = useState<AuditRecord>();
  const found = useSyncExternalStore(feed.subscribe, feed.read);
  const typed = useRef(filter);
  useEffect(() => {
    const isTyped = AUDIT_TEXTS.some((name) => typed.current[name] !== filter[name]);
    typed.current = filter;
    const timer = setTimeout(() => feed.set(filter), isTyped ? TYPING_MS : 0);
    return () => clearTimeout(timer);
  }, [feed, filter]);
  const { rows, phase, problem, isPaused, waiting, isMoreWaiting } = found;
  const close = useCallback(() => setOpen(undefined), []);

  return (
    <section className="panel" id="audit" aria-labelledby="audit-title" data-fields={showsFields}>
      <header className="panel-head">
        <h2 id="audit-title">Audit Log</h2>
        <span className="count">{countWords(audit, filter.kind, rows.length, found.hasMore, !isNarrowed(filter))}</span>
        <ProofBadge />
        <div className="panel-tools">
          <div className="choice" role="group" aria-label="Which records">
            {KINDS.map(({ kind, word, title }) => (
              <button
                key={kind}
                type="button"
                title={title}
                aria-pressed={filter.kind === kind}
                onClick={() => setFilter({ ...filter, kind })}
              >
                {word}
              </button>
            ))}
          </div>
          <SearchField
            label="Filter the audit log"
            value={filter.q ?? ""}
            onChange={(q) => setFilter({ ...filter, q })}
          />
          <button
            type="button"
            className="button small"
            aria-expanded={showsFields}
            aria-controls="audit-fields"
            onClick={() => setShowsFields(!showsFields)}
          >
            Filters{isNarrowed({ ...filter, q: "" }) && " ●"}
          </button>
          <button
            type="button"
            className="button small tail"
            data-on={!isPaused}
            aria-pressed={isPaused}
            onClick={() => feed.setPaused(!isPaused)}
          >
            <Icon name="pause" />
            {isPaused ? `Paused · ${figure(waiting)}${isMoreWaiting ? "+" : ""} new` : "Pause"}
          </button>
        </div>
      </header>
      {showsFields && <AuditFields filter={filter} onChange={setFilter} />}
      {problem !== undefined && (
        <p className="refusal" role="alert">
          <Icon name="warning" /> The server says: {problem}
        </p>
      )}
      {rows.length === 0 ? (
        <div className="panel-body" tabIndex={0} role="region" aria-label="Audit records">
          <Nothing>
            {phase === "loading" && "Reading the audit log…"}
            {phase === "ready" &&
              (filter.kind === "events" && !isNarrowed(filter)
                ? "No audited events yet. Grants, refusals and other events of your swarm appear here."
                : "No record matches the filter.")}
          </Nothing>
          {found.hasMore && (
            <button type="button" className="more" onClick={feed.more}>
              Look further back
            </button>
          )}
        </div>
      ) : (
        <AuditTable found={found} onMore={feed.more} onOpen={setOpen} />
      )}
      {open !== undefined && <AuditDrawer record={open} onClose={close} />}
    </section>
  );
});
