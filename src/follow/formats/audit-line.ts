// Owns one line of audit_log.jsonl or security-audit.log in its three shapes, as a note without secrets.
// A: {action, details}. B: {eventType, outcome, …}. C: {event, granted, …}. Other objects become notes too: nothing is lost.

import { toJsonText } from "../../protocol/index.ts";
import type { CommandOf } from "../../protocol/index.ts";
import { instantOf } from "./instant.ts";
import type { JsonObject } from "./json-object.ts";
import { clip, isObject, member, objectMember, parseJson, textMember } from "./json-object.ts";
import { redactJson, redactText } from "../../protocol/secrets.ts";

export interface AuditLine {
  /** The event's own id, where it has one: seen again, it is the same event. */
  readonly eventId: string | undefined;
  readonly note: CommandOf<"audit.note">;
}

const AGENT = ["agent_id", "agentId"] as const;
const RESOURCE = ["resource_type", "resourceType", "permission_type", "resource"] as const;

/** The note of a line, or undefined where the line is no JSON object. */
export function parseAuditLine(line: string): AuditLine | undefined {
  const event = parseJson(line);
  if (!isObject(event)) return undefined;
  const inner = objectMember(event, "details") ?? {};
  const grant = objectMember(inner, "original_grant", "originalGrant") ?? {};
  const name = textMember(event, "eventType", "event") ?? textMember(event, "action") ?? "unknown";
  const agent =
    textMember(event, ...AGENT) ??
    textMember(inner, ...AGENT) ??
    textMember(grant, ...AGENT) ??
    textMember(inner, "from", "source_agent", "sourceAgent");
  const resource =
    textMember(event, ...RESOURCE) ??
    textMember(inner, ...RESOURCE) ??
    textMember(grant, ...RESOURCE) ??
    textMember(inner, "key", "task_id", "taskId");
  const reason = textMember(event, "reason") ?? textMember(inner, "reason", "justification");
  const granted = grantedOf(event, inner, name);
  const at = instantOf(member(event, "timestamp", "ts", "time"));
  const text = toJsonText(line);
  return {
    eventId: textMember(event, "eventId", "event_id"),
    note: {
      type: "audit.note",
      event: clean(name) ?? "unknown",
      ...some("agent", clean(agent)),
      ...some("resource", clean(resource)),
      ...some("reason", clean(reason, 4096)),
      ...(granted === undefined ? {} : { granted }),
      ...(at === undefined ? {} : { at }),
      // Too deep or not well-formed: the note stays, its details cannot.
      ...(text.ok ? { details: redactJson(text.text) } : {}),
    },
  };
}

const clean = (text: string | undefined, maxBytes = 512): string | undefined =>
  text === undefined ? undefined : clip(redactText(text), maxBytes);

const some = <K extends string>(name: K, value: string | undefined): { [P in K]?: string } =>
  value === undefined ? {} : ({ [name]: value } as { [P in K]: string });

const YES = new Set(["approved", "granted", "allow", "allowed", "success", "true"]);
const NO = new Set(["denied", "rejected", "deny", "blocked", "failure", "failed", "false"]);

/** Whether it was granted, as far as the event says: by its flag, its decision or outcome, or else by its name. */
function grantedOf(event: JsonObject, inner: JsonObject, name: string): boolean | undefined {
  for (const said of [
    member(event, "granted"),
    member(event, "decision"),
    member(event, "outcome"),
    member(inner, "granted"),
  ]) {
    if (typeof said === "boolean") return said;
    if (typeof said !== "string") continue;
    if (YES.has(said.toLowerCase())) return true;
    if (NO.has(said.toLowerCase())) return false;
  }
  if (/(?:^|_)(?:granted|allowed|approved)$/i.test(name)) return true;
  if (/(?:^|_)(?:denied|blocked|rejected)$/i.test(name)) return false;
  return undefined;
}
