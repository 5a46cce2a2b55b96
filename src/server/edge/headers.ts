// Owns the security headers that every answer carries, and the stricter or looser ones of single pages.
// Does not own who may ask (edge/inspect).

import type { ServerResponse } from "node:http";

const csp = (directives: Readonly<Record<string, string>>): string =>
  Object.entries(directives)
    .map(([name, value]) => `${name} ${value}`)
    .join("; ");

const BASE = {
  "default-src": "'self'",
  "script-src": "'self'",
  "style-src": "'self'",
  "img-src": "'self' data:",
  "object-src": "'none'",
  "base-uri": "'none'",
  "form-action": "'self'",
  "frame-ancestors": "'none'",
} as const;

const DEFAULT_CSP = csp(BASE);

/** The API page's own policy: the viewer sets style attributes, which need 'unsafe-inline' for styles alone. */
export const DOCS_CSP = csp({ ...BASE, "style-src": "'self' 'unsafe-inline'" });

/** The dashboard's policy. Some browsers do not count ws: as 'self', so the socket's address is named; wss: behind a proxy with TLS. */
export function pageCsp(host: string | undefined): string {
  // The host has passed edge/inspect: it is host[:port] and nothing else.
  return host === undefined ? DEFAULT_CSP : csp({ ...BASE, "connect-src": `'self' ws://${host} wss://${host}` });
}

export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  "Content-Security-Policy": DEFAULT_CSP,
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY",
  "Referrer-Policy": "no-referrer",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Cross-Origin-Opener-Policy": "same-origin",
  // Routes with something to cache say so themselves.
  "Cache-Control": "no-store",
};

export function setSecurityHeaders(response: ServerResponse): void {
  for (const name in SECURITY_HEADERS) response.setHeader(name, SECURITY_HEADERS[name] as string);
}
