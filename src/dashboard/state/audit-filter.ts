// Owns what of the audit is looked at: as members, in the page's address, and as the query of the server's route.
// Does not own the rows (live/audit-feed.ts). Unknown or empty members are left out, so that an address never breaks the page.

const KINDS = ["events", "granted", "denied", "refused", "all"] as const;
export type AuditKind = (typeof KINDS)[number];

/** Texts of the filter, by their name in the address. */
export const AUDIT_TEXTS = ["q", "actor", "agent", "action", "about", "task", "outcome", "from", "to"] as const;
export type AuditText = (typeof AUDIT_TEXTS)[number];

export interface AuditFilter extends Partial<Readonly<Record<AuditText, string>>> {
  readonly kind: AuditKind;
}

/** Longer texts are cut, as the server takes no more. */
const MOST_CHARS = 500;

export function auditFilterIn(search: string): AuditFilter {
  const query = new URLSearchParams(search);
  const kind = KINDS.find((each) => each === query.get("audit")) ?? "events";
  const texts = AUDIT_TEXTS.map((name) => [name, query.get(name)?.slice(0, MOST_CHARS)] as const);
  return { kind, ...Object.fromEntries(texts.filter(([, text]) => text !== undefined && text !== "")) };
}

/** The address with this filter in it, and everything else as it was. */
export function addressWith(filter: AuditFilter, href: string): string {
  const url = new URL(href);
  url.searchParams.delete("audit");
  if (filter.kind !== "events") url.searchParams.set("audit", filter.kind);
  for (const name of AUDIT_TEXTS) {
    url.searchParams.delete(name);
    const text = filter[name];
    if (text !== undefined && text !== "") url.searchParams.set(name, text);
  }
  return url.href;
}

/** `2026-11-25T07:30` of a field is the reader's own time; the server wants it with its zone. Other texts go as they are. */
function momentOf(text: string): string {
  const atMs = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?$/.test(text) ? new Date(text).getTime() : Number.NaN;
  return Number.isFinite(atMs) ? String(atMs) : text;
}

/** Members of the query of `GET …/audit/records`. */
export function recordsQueryOf(filter: AuditFilter): Readonly<Record<string, string>> {
  const { kind, about, from, to, ...texts } = filter;
  const query: Record<string, string> = {};
  if (kind === "events") query["action"] = "audit.note";
  if (kind === "granted") query["granted"] = "true";
  if (kind === "denied") query["granted"] = "false";
  if (kind === "refused") query["outcome"] = "refused";
  for (const [name, text] of Object.entries(texts)) if (text !== "") query[name] = text;
  if (about !== undefined && about !== "") query["prefix"] = about;
  if (from !== undefined && from !== "") query["from"] = momentOf(from);
  if (to !== undefined && to !== "") query["to"] = momentOf(to);
  return query;
}

/** Whether anything but the kind is asked for. */
export const isNarrowed = (filter: AuditFilter): boolean =>
  AUDIT_TEXTS.some((name) => filter[name] !== undefined && filter[name] !== "");
