// Owns everything about one audited record: all its members, its links, its proof, and copies as JSON and curl.
// Does not own the table. Links only narrow the audit of this page; nothing that an agent wrote becomes an address elsewhere.

import { useDashboard } from "../dashboard-context.ts";
import { auditAddress, type AuditRecord } from "../live/audit-pages.ts";
import { At } from "../parts/ago.tsx";
import { AgentText } from "../parts/agent-text.tsx";
import { CopyButton } from "../parts/copy-button.tsx";
import { Drawer, DrawerPart } from "../parts/drawer.tsx";
import { JsonTree } from "../parts/json-tree.tsx";
import { addressWith, type AuditText } from "../state/audit-filter.ts";
import { useScreen } from "../state/screen-store.ts";
import { figure } from "../text/figures.ts";
import { jsonText } from "../text/json-text.ts";
import { Verdict } from "./audit-table.tsx";

/** Members that the audit can be narrowed by. */
const LINKS: readonly { readonly member: keyof AuditRecord; readonly filter: AuditText; readonly word: string }[] = [
  { member: "by", filter: "actor", word: "Sent by" },
  { member: "agent", filter: "agent", word: "About agent" },
  { member: "action", filter: "action", word: "Action" },
  { member: "about", filter: "about", word: "About" },
  { member: "task", filter: "task", word: "Task" },
  { member: "outcome", filter: "outcome", word: "Outcome" },
];

export function AuditDrawer({ record, onClose }: { readonly record: AuditRecord; readonly onClose: () => void }) {
  const { store } = useDashboard();
  const board = useScreen(store, (screen) => screen.view?.board ?? "default");
  const { seq, part } = record;
  const after = `${seq}.${part + 1}`;
  const proof = `/api/v1/boards/${encodeURIComponent(board)}/audit/proof/${seq}`;
  return (
    <Drawer kind="record" title={`Record #${figure(seq)}${part > 0 ? `, part ${part + 1}` : ""}`} onClose={onClose}>
      <div className="drawer-facts">
        <Verdict record={record} />
        <At atMs={Date.parse(record.time)} />
        {record.granted !== undefined && <span>{record.granted ? "granted" : "denied"}</span>}
      </div>
      <dl className="terms">
        {LINKS.map(({ member, filter, word }) => {
          const text = record[member];
          if (typeof text !== "string") return null;
          return (
            <div key={member}>
              <dt>{word}</dt>
              <dd>
                <a href={addressWith({ kind: "all", [filter]: text }, location.href)}>
                  <AgentText text={text} />
                </a>
              </dd>
            </div>
          );
        })}
        {record.reason !== undefined && (
          <div>
            <dt>Reason</dt>
            <dd>
              <AgentText text={record.reason} />
            </dd>
          </div>
        )}
        <div>
          <dt>Recorded</dt>
          <dd>
            <At atMs={record.at} /> through <AgentText text={record.source} />
            {record.role !== undefined && (
              <>
                , as <AgentText text={record.role} />
              </>
            )}
          </dd>
        </div>
        <div>
          <dt>Proof</dt>
          <dd>
            <a href={proof} download={`record-${seq}.tlog-proof`}>
              tlog-proof of this record
            </a>
          </dd>
        </div>
      </dl>
      <DrawerPart title="All members">
        <JsonTree value={record} />
      </DrawerPart>
      <div className="details-tools">
        <CopyButton what="JSON" text={() => jsonText(record, 2)} />
        <CopyButton
          what="curl"
          text={() => `curl '${location.origin}${auditAddress(board, { limit: "1", after }).replaceAll("'", "%27")}'`}
        />
      </div>
    </Drawer>
  );
}
