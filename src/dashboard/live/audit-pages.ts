// Owns asking the server for pages of the audit: their address, their answer, and what is said where none comes.
// Does not own which pages (audit-feed.ts). Numbers in commands keep the digits that were sent.

import { parseJson } from "../../client/index.ts";

/** One command of a record, as `GET …/audit/records` tells it. */
export interface AuditRecord {
  readonly seq: number;
  readonly part: number;
  readonly time: string;
  readonly at: number;
  readonly by: string;
  readonly role?: string;
  readonly source: string;
  readonly action: string;
  readonly outcome: string;
  readonly about?: string;
  readonly agent?: string;
  readonly task?: string;
  readonly granted?: boolean;
  readonly reason?: string;
  readonly trace?: string;
  readonly command: Readonly<Record<string, unknown>>;
}

export interface AuditPage {
  readonly epoch: string;
  /** Position up to which this page knows. */
  readonly seq: number;
  /** Position of the oldest record that is kept. */
  readonly first: number;
  readonly records: readonly AuditRecord[];
  readonly next: string | null;
}

/** No answer within this time is no answer, in ms. */
const TIMEOUT_MS = 20_000;

export const recordKey = ({ seq, part }: Pick<AuditRecord, "seq" | "part">): string => `${seq}.${part}`;

export function auditAddress(board: string, query: Readonly<Record<string, string>>): string {
  return `/api/v1/boards/${encodeURIComponent(board)}/audit/records?${new URLSearchParams(query).toString()}`;
}

/** @throws Error with words for the reader */
export async function readAuditPage(address: string, signal: AbortSignal): Promise<AuditPage> {
  const response = await fetch(address, { signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]) });
  const text = await response.text();
  let body: unknown;
  try {
    body = parseJson(text);
  } catch {
    body = undefined;
  }
  if (response.ok && body !== undefined) return body as AuditPage;
  throw new Error(wordsOf(body) ?? `the server answered ${response.status}`);
}

/** What a problem document says. */
function wordsOf(body: unknown): string | undefined {
  const { title, detail, errors } = (body ?? {}) as {
    title?: unknown;
    detail?: unknown;
    errors?: readonly { readonly at?: unknown; readonly message?: unknown }[];
  };
  const places = Array.isArray(errors) ? errors.map(({ at, message }) => `${String(at)} ${String(message)}`) : [];
  if (places.length > 0) return places.join("; ");
  return typeof detail === "string" ? detail : typeof title === "string" ? title : undefined;
}
