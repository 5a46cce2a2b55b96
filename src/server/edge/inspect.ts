// Owns the look at a request's head before anything else sees it, the same for routes and sockets (law L10).
// Does not own identities: there are no tokens yet. Invariant: no route, asset, stream or upgrade goes around it.

import type { IncomingMessage } from "node:http";
import type { Code } from "../../protocol/index.ts";
import { hostnameOf } from "./hosts.ts";

export type EdgeVerdict =
  | { readonly ok: true }
  | {
      readonly ok: false;
      readonly code: Extract<Code, "bad_request" | "forbidden_host" | "forbidden_origin" | "forwarded_refused">;
      readonly detail: string;
    };

const NO_ORIGINS: ReadonlySet<string> = new Set();
const PASS: EdgeVerdict = { ok: true };
const refuse = (code: Extract<EdgeVerdict, { ok: false }>["code"], detail: string): EdgeVerdict => ({
  ok: false,
  code,
  detail,
});

/**
 * Judge a request's head. `names` are the names under which this server may be addressed; `origins` those of its own pages
 * where a proxy makes them others than `http://<Host>` (docs/adr/0007).
 */
export function inspect(
  request: Pick<IncomingMessage, "method" | "url" | "headers" | "rawHeaders">,
  names: ReadonlySet<string>,
  origins: ReadonlySet<string> = NO_ORIGINS,
): EdgeVerdict {
  const { headers } = request;
  const host = headers.host;
  const hostname = host === undefined || countOf(request.rawHeaders, "host") > 1 ? undefined : hostnameOf(host);
  // Without this check a page that rebinds its own name to 127.0.0.1 would be "same origin".
  if (host === undefined || hostname === undefined || !names.has(hostname)) {
    return refuse(
      "forbidden_host",
      "The Host header does not name this server. Start it with --allow-host <name> to add one.",
    );
  }
  for (const name in headers) {
    if (name === "forwarded" || name === "via" || name.startsWith("x-forwarded-")) {
      return refuse(
        "forwarded_refused",
        `The header ${name} says that a proxy sent this request, and none is trusted.`,
      );
    }
  }
  const origin = headers.origin;
  if (origin !== undefined) {
    if (!isOwnOrigin(origin, host, origins)) {
      return refuse(
        "forbidden_origin",
        "The Origin header names another web site than this server. Behind a proxy with TLS, start it with --allow-origin https://<name>.",
      );
    }
  } else {
    const site = headers["sec-fetch-site"];
    if (site !== undefined && site !== "same-origin" && site !== "none" && !followsLinkToPage(request)) {
      return refuse(
        "forbidden_origin",
        "A browser sent this request on behalf of another web site. Open the address directly.",
      );
    }
  }
  const url = request.url ?? "";
  if (!url.startsWith("/")) return refuse("bad_request", "The request target must begin with a slash.");
  // One check for path and query: the router decodes leniently, and what it cannot decode must not pass as literal text.
  if (url.includes("%") && !isDecodable(url))
    return refuse("bad_request", "The address holds a malformed percent-encoding.");
  return PASS;
}

/** The pages hold no data of their own, and cannot be framed. */
const PAGES = new Set(["/", "/blackboard"]);

/** A person who clicks a link on another site: a top-level navigation to a page, and to nothing that holds data. */
function followsLinkToPage({ method, url, headers }: Pick<IncomingMessage, "method" | "url" | "headers">): boolean {
  return (
    method === "GET" &&
    headers["sec-fetch-mode"] === "navigate" &&
    headers["sec-fetch-dest"] === "document" &&
    PAGES.has((url ?? "").split("?")[0] ?? "")
  );
}

function countOf(rawHeaders: readonly string[], name: string): number {
  let count = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) if (rawHeaders[i]?.toLowerCase() === name) count++;
  return count;
}

/**
 * Scheme, host and port all equal, or one of those named. This server speaks plain HTTP only, so without a proxy the scheme
 * is known; where the same host is named with https, a page of http is not ours: anyone on the way may have written it.
 */
function isOwnOrigin(origin: string, host: string, origins: ReadonlySet<string>): boolean {
  try {
    // All through the same parser, because a browser leaves the default port out of Origin.
    const asking = new URL(origin).origin;
    if (origins.has(asking)) return true;
    return asking === new URL(`http://${host}`).origin && !origins.has(new URL(`https://${host}`).origin);
  } catch {
    return false;
  }
}

function isDecodable(url: string): boolean {
  try {
    decodeURIComponent(url);
    return true;
  } catch {
    return false;
  }
}
