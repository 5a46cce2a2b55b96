// Owns what waits for a decision or carries one: pending_changes/*.json and active_grants.json, both as requests.
// A grant's token is a secret: the request is named by its hash.

import { toJsonText, membersOf } from "../../protocol/index.ts";
import { instantOf } from "./instant.ts";
import type { JsonObject } from "./json-object.ts";
import { clip, isObject, member, numberMember, parseJson, textMember } from "./json-object.ts";
import type { Item, Parsed } from "./parsed.ts";
import { unbelievable } from "./parsed.ts";
import { redactJson, redactText } from "../../protocol/secrets.ts";
import { secretStandIn } from "./short-hash.ts";
import { safeDetails } from "./tables.ts";

/** One proposed change. `undefined` where the text is not (yet) one. */
export function parsePendingChange(text: string): Item | undefined {
  const change = parseJson(text);
  if (!isObject(change)) return undefined;
  const name = textMember(change, "change_id", "changeId");
  const key = clip(textMember(change, "key"));
  if (name === undefined || key === undefined) return undefined;
  const agent = clip(textMember(change, "source_agent", "sourceAgent"));
  const at = instantOf(member(change, "proposed_at", "proposedAt"));
  const priority = numberMember(change, "priority");
  const ttl = numberMember(change, "ttl");
  const facts = [
    priority === undefined ? "" : `priority ${String(priority)}`,
    // The TTL is that of the entry to be; the proposal itself waits until it is decided.
    ttl === undefined ? "" : `for ${String(ttl)} s`,
    textMember(change, "status") ?? "",
  ].filter((fact) => fact !== "");
  // Shown to whoever decides; numbers stay byte for byte, secrets do not stay.
  const details = toJsonText(text);
  const value = details.ok ? membersOf(details.text)?.get("value") : undefined;
  return {
    kind: "request",
    name,
    stated: JSON.stringify([key, value, agent, at, priority, ttl]),
    commands: [
      {
        type: "request.open",
        request: name,
        kind: "change",
        subject: key,
        reason: redactText(facts.join(", ")).slice(0, 1000).toWellFormed(),
        ...(agent === undefined ? {} : { agent }),
        ...(at === undefined ? {} : { at }),
        ...(details.ok ? { details: redactJson(details.text) } : {}),
      },
    ],
  };
}

/** Grants in force: a map by token, or an array. A grant that has run out is treated as absent. */
export function parseActiveGrants(text: string, nowMs: number): Parsed {
  const root = parseJson(text);
  if (root === undefined || root === null || typeof root !== "object") {
    return unbelievable(text.trim() === "" ? "the file is empty" : "neither a JSON object nor an array");
  }
  const rows: readonly [string, unknown][] = Array.isArray(root)
    ? root.map((row: unknown) => ["", row])
    : Object.entries(root);
  const items: Item[] = [];
  const problems: string[] = [];
  for (const [token, row] of rows) {
    if (!isObject(row)) problems.push("a grant is not readable");
    else {
      const item = grantItem(token, row, nowMs);
      if (item !== undefined) items.push(item);
    }
  }
  return { ok: true, items, unreadable: [], problems, endMarked: true };
}

function grantItem(key: string, grant: JsonObject, nowMs: number): Item | undefined {
  const grantedUntil = instantOf(member(grant, "expires_at", "expiresAt"));
  if (grantedUntil !== undefined && grantedUntil <= nowMs) return undefined;
  const token = textMember(grant, "token", "grantToken", "grant_token") ?? key;
  const name = `grant:${secretStandIn(token === "" ? JSON.stringify(grant) : token)}`;
  const agent = clip(textMember(grant, "agent_id", "agentId"));
  const at = instantOf(member(grant, "granted_at", "grantedAt"));
  const restrictions = member(grant, "restrictions");
  const facts = [
    textMember(grant, "scope") ?? "",
    Array.isArray(restrictions) ? restrictions.filter((part) => typeof part === "string").join(", ") : "",
  ].filter((fact) => fact !== "");
  const reason = redactText(facts.join("; ")).slice(0, 1000).toWellFormed();
  const details = safeDetails(grant);
  return {
    kind: "request",
    name,
    stated: JSON.stringify(grant),
    commands: [
      {
        type: "request.open",
        request: name,
        kind: "permission",
        subject: clip(textMember(grant, "resource_type", "resourceType")) ?? "unknown",
        reason,
        ...(agent === undefined ? {} : { agent }),
        ...(at === undefined ? {} : { at }),
        ...(details === undefined ? {} : { details }),
      },
      {
        type: "request.decide",
        request: name,
        decision: "granted",
        reason,
        ...(grantedUntil === undefined ? {} : { grantedUntil }),
      },
    ],
  };
}
