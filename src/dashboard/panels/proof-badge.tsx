// Owns the badge "verified to #N" and its drawer: the checkpoint, what this page checked of it, what that shows, and how to go on.
// Does not own the checks (live/proof-watch.ts). It says no more than what was checked here.

import { useState, useSyncExternalStore } from "react";
import { useDashboard } from "../dashboard-context.ts";
import type { Growth, Proof } from "../live/proof-watch.ts";
import { Ago } from "../parts/ago.tsx";
import { AgentText } from "../parts/agent-text.tsx";
import { Badge, type Tone } from "../parts/badge.tsx";
import { CopyButton } from "../parts/copy-button.tsx";
import { Drawer, DrawerPart } from "../parts/drawer.tsx";
import type { IconName } from "../parts/icon.tsx";
import type { SignatureVerdict } from "../proof/verify.ts";
import { boardInAddress } from "../state/boards.ts";
import { useScreen } from "../state/screen-store.ts";
import { figure } from "../text/figures.ts";

interface Looks {
  readonly tone: Tone;
  readonly icon: IconName;
  readonly word: string;
}

type Checked = Extract<Proof, { state: "checked" }>;

function looksOf(proof: Proof): Looks {
  if (proof.state === "unknown") return { tone: "calm", icon: "dot", word: "not verified yet" };
  if (proof.state === "none") return { tone: "calm", icon: "dot", word: "nothing to verify" };
  const { signature, growth, newest } = proof;
  const size = `#${figure(newest.size)}`;
  if (signature === "broken" || growth === "broken")
    return { tone: "bad", icon: "stop", word: `does not verify at ${size}` };
  if (signature === "holds" && growth !== "unable") return { tone: "ok", icon: "check", word: `verified to ${size}` };
  return { tone: "warn", icon: "warning", word: `signed to ${size}, not checked here` };
}

const SIGNATURES: Record<SignatureVerdict, string> = {
  holds: "The signature is by the key that this server states, and covers the text below byte for byte.",
  broken: "The signature does NOT hold: the text below is not what the key signed.",
  otherKey: "The checkpoint is signed by another key than the server states now, such as one before a rotation.",
  unable:
    "Not checked: this browser has no Ed25519 for this page (it needs HTTPS or localhost, and Chromium 137 or another browser with it).",
};

function growthWords(growth: Growth, { first, newest }: Checked): string {
  switch (growth) {
    case "onlyOne":
      return `Nothing to compare yet: the checkpoint of #${figure(newest.size)} is the first that this page saw.`;
    case "holds":
      return `The log grew from #${figure(first.size)}, which this page saw first, to #${figure(newest.size)}: no record up to #${figure(first.size)} was changed, removed or added.`;
    case "broken":
      return `The log of #${figure(newest.size)} does NOT go on from that of #${figure(first.size)}, which this page saw first. Its past was changed, or it began anew.`;
    case "unable":
      return "Whether the log only grew was not checked: this browser has no SHA-256 for this page.";
    default:
      return growth satisfies never;
  }
}

function CheckedParts({
  proof,
  board,
  seq,
}: {
  readonly proof: Checked;
  readonly board: string;
  readonly seq: number;
}) {
  const { newest, key, keyText, signature, growth } = proof;
  const behind = Math.max(0, seq - newest.size);
  const verify = `swarmboard audit verify <export or data folder> --checkpoint checkpoint.note --key key.txt`;
  return (
    <>
      <DrawerPart title="What this page checked">
        <ul className="checks">
          <li data-holds={signature === "holds"}>{SIGNATURES[signature]}</li>
          <li data-holds={growth === "holds"}>{growthWords(growth, proof)}</li>
          <li>
            {behind === 0
              ? "All records that this page knows of are under this checkpoint."
              : `${figure(behind)} newer ${behind === 1 ? "record is" : "records are"} not under a checkpoint yet.`}
          </li>
        </ul>
        <p className="quiet">
          Checked <Ago atMs={proof.checkedAtMs} />.
        </p>
      </DrawerPart>
      <DrawerPart title="What that does not show">
        <p className="quiet">
          Checkpoint, key and this page come from the same server. Someone who has its signing key can rewrite the past
          and sign it anew; only a checkpoint that was kept elsewhere gives that away. Nor were the records themselves
          read and hashed here: that is what the command below does.
        </p>
      </DrawerPart>
      <DrawerPart title="Keep it elsewhere">
        <p className="quiet">
          Keep the key once, and a checkpoint now and then, where the server's administrators cannot write: in a
          repository, a ticket, an e-mail.
        </p>
        <pre className="note" tabIndex={0} aria-label="Checkpoint">
          {newest.text}
        </pre>
        <dl className="terms">
          <div>
            <dt>Key</dt>
            <dd className="mono">{key.id}</dd>
          </div>
          <div>
            <dt>Origin</dt>
            <dd className="mono">
              <AgentText text={newest.origin} />
            </dd>
          </div>
        </dl>
        <div className="details-tools">
          <CopyButton what="checkpoint" text={() => newest.text} />
          <CopyButton what="key" text={() => keyText} />
        </div>
      </DrawerPart>
      <DrawerPart title="Verify it yourself">
        <p className="quiet">
          On any machine with Swarmboard; it reads every record and needs no server. docs/audit-format.md tells how to
          do it without Swarmboard.
        </p>
        <pre className="note" tabIndex={0} aria-label="Commands">
          {`curl -o export.jsonl '${location.origin}/api/v1/boards/${encodeURIComponent(board)}/audit/export?format=proof'\n${verify.replace("<export or data folder>", "export.jsonl")}`}
        </pre>
        <div className="details-tools">
          <CopyButton what="command" text={() => verify} />
        </div>
      </DrawerPart>
    </>
  );
}

export function ProofBadge() {
  const { proof: watch, store } = useDashboard();
  const proof = useSyncExternalStore(watch.subscribe, watch.read);
  const seq = useScreen(store, (screen) => screen.view?.seq ?? 0);
  const [isOpen, setIsOpen] = useState(false);
  const { tone, icon, word } = looksOf(proof);
  const board = boardInAddress();
  return (
    <>
      <button type="button" className="proof-badge" onClick={() => setIsOpen(true)}>
        <Badge tone={tone} icon={icon}>
          {word}
        </Badge>
      </button>
      {isOpen && (
        <Drawer kind="proof" title="How far the log is verified" onClose={() => setIsOpen(false)}>
          <div className="drawer-facts">
            <Badge tone={tone} icon={icon}>
              {word}
            </Badge>
            <button type="button" className="button small" onClick={watch.check}>
              Check again
            </button>
          </div>
          {proof.state !== "none" && proof.problem !== undefined && (
            <p className="refusal" role="alert">
              The newest attempt failed: <AgentText text={proof.problem} />
            </p>
          )}
          {proof.state === "none" && <p className="quiet">{proof.problem}</p>}
          {proof.state === "checked" && <CheckedParts proof={proof} board={board} seq={seq} />}
        </Drawer>
      )}
    </>
  );
}
