// Owns the audit as a grid of which only the rows in sight are drawn: every row is as high as every other, so places are plain sums.
// Does not own the records. What is looked at stays in place when newer rows arrive above it.

import { type KeyboardEvent, memo, useCallback, useLayoutEffect, useRef, useState } from "react";
import type { AuditRows } from "../live/audit-feed.ts";
import { type AuditRecord, recordKey } from "../live/audit-pages.ts";
import { At } from "../parts/ago.tsx";
import { AgentText } from "../parts/agent-text.tsx";
import { Badge } from "../parts/badge.tsx";
import { IsolatedText } from "../parts/isolated-text.tsx";
import { figure } from "../text/figures.ts";
import { oneLine } from "../text/printable.ts";
import { isMarking } from "./entry-row.tsx";

/** Of one row, in px; two lines where the panel is narrow. As in panels.css. */
const ROW = { wide: 32, narrow: 52 } as const;
const NARROW_PX = 672;
/** Rows drawn beyond what is in sight, on each side. */
const BEYOND = 8;
/** So near to the end, older rows are asked for. */
const NEAR_END = 20;

export function Verdict({ record: { granted, outcome, action, command } }: { readonly record: AuditRecord }) {
  if (outcome !== "ok") {
    return (
      <Badge tone={outcome === "repeat" ? "calm" : "high"} icon={outcome === "repeat" ? "dot" : "stop"}>
        {outcome === "repeat" ? "REPEAT" : "REFUSED"}
      </Badge>
    );
  }
  if (granted !== undefined) {
    return (
      <Badge tone={granted ? "ok" : "bad"} icon={granted ? "check" : "cross"}>
        {granted ? "GRANTED" : "DENIED"}
      </Badge>
    );
  }
  return (
    <Badge tone="calm" icon="dot">
      {command["type"] === "audit.note" && action !== "audit.note" ? "EVENT" : "DONE"}
    </Badge>
  );
}

/** An event's name as words; a command's as it is. */
const actionWords = ({ action, command }: AuditRecord): string =>
  command["type"] === "audit.note" ? action.replaceAll("_", " ").toLowerCase() : action;

interface RowProps {
  readonly record: AuditRecord;
  readonly index: number;
  readonly top: number;
  readonly isCurrent: boolean;
}

const AuditRowLine = memo(function AuditRowLine({ record, index, top, isCurrent }: RowProps) {
  const reason = record.outcome === "ok" || record.outcome === "repeat" ? (record.reason ?? "") : record.outcome;
  return (
    <div
      className="audit"
      role="row"
      aria-rowindex={index + 1}
      tabIndex={isCurrent ? 0 : -1}
      data-index={index}
      data-record={recordKey(record)}
      style={{ transform: `translateY(${top}px)` }}
    >
      <span className="audit-at" role="gridcell">
        <At atMs={Date.parse(record.time)} />
      </span>
      <span className="audit-verdict" role="gridcell">
        <Verdict record={record} />
      </span>
      <span className="audit-what" role="gridcell">
        <AgentText className="audit-agent" text={record.agent ?? record.by} />
        <IsolatedText className="audit-event" text={oneLine(actionWords(record), 80)} />
        {record.about !== undefined && <IsolatedText className="audit-resource" text={oneLine(record.about, 200)} />}
      </span>
      <span className="audit-reason" role="gridcell">
        {reason !== "" && <IsolatedText text={oneLine(reason, 300)} />}
      </span>
      <span className="audit-seq" role="gridcell">
        #{record.seq}
      </span>
    </div>
  );
});

interface Sight {
  readonly top: number;
  readonly height: number;
  readonly row: number;
}

interface Props {
  readonly found: AuditRows;
  readonly onMore: () => void;
  readonly onOpen: (record: AuditRecord) => void;
}

export function AuditTable({ found, onMore, onOpen }: Props) {
  const { rows, hasMore, isLoadingMore, isFull } = found;
  const body = useRef<HTMLDivElement>(null);
  const [sight, setSight] = useState<Sight>({ top: 0, height: 512, row: ROW.wide });
  const [current, setCurrent] = useState<string>();
  const wanted = useRef<string>(undefined);
  const at = rows.findIndex((record) => recordKey(record) === current);

  const look = useCallback(() => {
    const element = body.current;
    if (element === null) return;
    const row = element.clientWidth < NARROW_PX ? ROW.narrow : ROW.wide;
    const next = { top: element.scrollTop, height: element.clientHeight, row };
    setSight((before) =>
      before.top === next.top && before.height === next.height && before.row === row ? before : next,
    );
  }, []);
  useLayoutEffect(() => {
    const element = body.current;
    if (element === null) return undefined;
    const observer = new ResizeObserver(look);
    observer.observe(element);
    return () => observer.disconnect();
  }, [look]);

  // Rows that arrive at the head push the others down; the reader who is not at the head stays where he is.
  const head = useRef(rows[0]);
  useLayoutEffect(() => {
    const before = head.current;
    head.current = rows[0];
    const element = body.current;
    if (element === null || before === undefined || before === rows[0]) return;
    const pushed = rows.indexOf(before);
    if (pushed > 0 && element.scrollTop > 0) element.scrollTop += pushed * sight.row;
    look();
  }, [rows, sight.row, look]);
  useLayoutEffect(() => {
    if (wanted.current === undefined) return;
    body.current?.querySelector<HTMLElement>(`[data-record="${wanted.current}"]`)?.focus({ preventScroll: true });
    wanted.current = undefined;
  });

  const first = Math.max(0, Math.floor(sight.top / sight.row) - BEYOND);
  const last = Math.min(rows.length, Math.ceil((sight.top + sight.height) / sight.row) + BEYOND);
  /** How many rows there were when older ones were last asked for: what brought none is not asked for again by itself. */
  const askedAt = useRef(0);
  useLayoutEffect(() => {
    const isNear = sight.top > 0 && last > rows.length - NEAR_END;
    if (!hasMore || isLoadingMore || isFull || !isNear || askedAt.current === rows.length) return;
    askedAt.current = rows.length;
    onMore();
  }, [hasMore, isLoadingMore, isFull, sight.top, last, rows.length, onMore]);
  // The row that Tab reaches is drawn also when it is out of sight, or the focus would be lost with it.
  const reached = at >= 0 ? at : first;
  const drawn = rows.slice(first, last).map((record, i) => ({ record, index: first + i }));
  const far = at >= 0 && (at < first || at >= last) ? rows[at] : undefined;
  if (far !== undefined) drawn.push({ record: far, index: at });

  const go = (index: number) => {
    const to = Math.min(rows.length - 1, Math.max(0, index));
    const record = rows[to];
    const element = body.current;
    if (record === undefined || element === null) return;
    setCurrent(recordKey(record));
    wanted.current = recordKey(record);
    const top = to * sight.row;
    if (top < element.scrollTop) element.scrollTop = top;
    else if (top + sight.row > element.scrollTop + element.clientHeight)
      element.scrollTop = top + sight.row - element.clientHeight;
    look();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const from = at >= 0 ? at : reached;
    const page = Math.max(1, Math.floor(sight.height / sight.row) - 1);
    const steps: Record<string, number> = {
      ArrowDown: from + 1,
      ArrowUp: from - 1,
      PageDown: from + page,
      PageUp: from - page,
      Home: 0,
      End: rows.length - 1,
    };
    const step = steps[event.key];
    const record = rows[from];
    if (step !== undefined) go(step);
    else if ((event.key === "Enter" || event.key === " ") && record !== undefined) {
      setCurrent(recordKey(record));
      onOpen(record);
    } else return;
    event.preventDefault();
  };

  return (
    <div className="panel-body audit-body" ref={body} onScroll={look}>
      <div
        className="audits"
        role="grid"
        aria-label="Audit records"
        aria-rowcount={hasMore ? -1 : rows.length}
        style={{ blockSize: `${rows.length * sight.row}px` }}
        onKeyDown={onKeyDown}
        onClick={(event) => {
          const row = event.target instanceof Element ? event.target.closest<HTMLElement>(".audit") : null;
          const record = rows[Number(row?.dataset["index"])];
          if (row === null || record === undefined || isMarking()) return;
          setCurrent(recordKey(record));
          row.focus({ preventScroll: true });
          onOpen(record);
        }}
      >
        {drawn.map(({ record, index }) => (
          <AuditRowLine
            key={recordKey(record)}
            record={record}
            index={index}
            top={index * sight.row}
            isCurrent={index === reached}
          />
        ))}
      </div>
      {isFull && (
        <p className="nothing">{figure(rows.length)} records are shown. Narrow the filter, or export them all.</p>
      )}
      {!isFull && hasMore && (
        <button type="button" className="more" disabled={isLoadingMore} onClick={onMore}>
          {isLoadingMore ? "Reading older ones…" : "Older ones"}
        </button>
      )}
    </div>
  );
}
