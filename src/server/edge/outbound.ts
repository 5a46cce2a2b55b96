// Owns requests that the server itself sends to an address that a user named (checkpoints that are anchored, webhooks), and
// the refusal to let such an address reach into private networks (SSRF). Does not own retries, queues or what is sent.
// Invariant: a name is resolved once, every address it has is checked, and the connection goes to a checked address and
// to no other; so a name that resolves otherwise a moment later (DNS rebinding) gains nothing. Redirects are not followed.
//
// Use: `parseOutboundUrl(text, policy)` when a setting is read (cheap; refuses what can never be right), then
// `postOutbound(url, message, policy)` for each delivery. Both throw OutboundError; its `retry` says whether trying the same
// again later can help. An answer with any status is an answer, not an error, except redirects.

import { lookup as dnsLookup } from "node:dns/promises";
import http from "node:http";
import https from "node:https";
import { BlockList, isIP, type LookupFunction } from "node:net";

/** What may be reached. */
export interface OutboundPolicy {
  /** Addresses of private networks, loopback and this machine's links, too. Default false. */
  readonly allowPrivate?: boolean | undefined;
  /** Resolves a name to all its addresses. Default: the system's resolver. Tests put their own. */
  readonly resolve?: (host: string) => Promise<readonly { readonly address: string; readonly family: number }[]>;
}

export interface OutboundMessage {
  readonly body: string | Buffer;
  /** `Content-Length` is set here. Header values must be Latin-1 without line breaks. */
  readonly headers: Readonly<Record<string, string>>;
  /** For all of it: resolving, connecting, sending, and the answer. In ms, default 10 000. */
  readonly timeoutMs?: number;
  /** Stops it: a server that closes. */
  readonly signal?: AbortSignal;
}

export interface OutboundAnswer {
  /** 200 to 299, or 400 and above. */
  readonly status: number;
  /** What `Retry-After` says in ms, where it is a number of seconds of at most a day. */
  readonly retryAfterMs: number | undefined;
  /** The first `MAX_ANSWER_BYTES` of the body; what follows is not read. */
  readonly body: string;
}

export type OutboundCode =
  /** No http or https URL, or one with a user and password. */
  | "bad_url"
  /** An address of a private network, and those are not allowed. */
  | "private_address"
  /** The name has no address. */
  | "unresolved"
  /** The answer sends elsewhere, which is not followed. */
  | "redirected"
  | "timeout"
  /** No connection, or one that broke. */
  | "failed";

/** Why nothing was delivered, as far as is known: the other end may have had the message all the same. */
export class OutboundError extends Error {
  override readonly name = "OutboundError";
  readonly code: OutboundCode;
  /** Whether the same may work later. */
  readonly retry: boolean;
  constructor(code: OutboundCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.retry = code === "unresolved" || code === "timeout" || code === "failed";
  }
}

/** Bytes of an answer that are read. */
export const MAX_ANSWER_BYTES = 16_384;
const DEFAULT_TIMEOUT_MS = 10_000;
const MOST_RETRY_AFTER_S = 86_400;

/** IPv4 that is not of the public Internet (IANA IPv4 Special-Purpose Address Registry, multicast, class E). */
const NOT_PUBLIC_4 = new BlockList();
for (const [net, bits] of [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 4],
  ["240.0.0.0", 4],
] as const)
  NOT_PUBLIC_4.addSubnet(net, bits, "ipv4");

/** All of IPv6 that is given out to the public Internet; mapped, translated, local and link addresses are outside. */
const UNICAST_6 = new BlockList();
UNICAST_6.addSubnet("2000::", 3, "ipv6");
/** Inside it, what holds another address (Teredo, 6to4) or is no place to go to (IETF protocols, documentation). */
const NOT_PUBLIC_6 = new BlockList();
for (const [net, bits] of [
  ["2001::", 23],
  ["2001:db8::", 32],
  ["2002::", 16],
  ["3fff::", 20],
] as const)
  NOT_PUBLIC_6.addSubnet(net, bits, "ipv6");

/** Whether an IP address is anything but a public one. Text that is no address counts as private. */
export function isPrivateAddress(address: string): boolean {
  const [bare = ""] = address.split("%");
  switch (isIP(bare)) {
    case 4:
      return NOT_PUBLIC_4.check(bare, "ipv4");
    case 6:
      return !UNICAST_6.check(bare, "ipv6") || NOT_PUBLIC_6.check(bare, "ipv6");
    default:
      return true;
  }
}

/** A URL's host without the brackets of IPv6. */
const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[(.*)\]$/, "$1");

/**
 * Read an address that a user named. Numbers in unusual forms (`0x7f.1`) are taken for what they mean.
 * @throws OutboundError `bad_url`, `private_address` (where the host is an address; names are resolved with each request)
 */
export function parseOutboundUrl(text: string, policy: OutboundPolicy = {}): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== "https:" && url.protocol !== "http:"))
    throw new OutboundError("bad_url", "is no http or https address");
  // It would stand in logs, in process lists and in whatever shows settings.
  if (url.username !== "" || url.password !== "")
    throw new OutboundError("bad_url", "holds a user or a password; leave them out");
  const host = hostOf(url);
  if (isIP(host) !== 0) refusePrivate([host], url, policy);
  return url;
}

function refusePrivate(addresses: readonly string[], url: URL, { allowPrivate }: OutboundPolicy): void {
  if (allowPrivate === true) return;
  // One is enough: which of them a connection takes is nobody's promise.
  const found = addresses.find(isPrivateAddress);
  if (found !== undefined)
    throw new OutboundError("private_address", `${url.hostname} is in a private network (${found})`);
}

interface Address {
  readonly address: string;
  readonly family: number;
}

async function resolved(url: URL, policy: OutboundPolicy): Promise<readonly Address[]> {
  const host = hostOf(url);
  const family = isIP(host);
  if (family !== 0) {
    refusePrivate([host], url, policy);
    return [{ address: host, family }];
  }
  const resolve = policy.resolve ?? ((name: string) => dnsLookup(name, { all: true, verbatim: true }));
  let found: readonly Address[];
  try {
    found = await resolve(host);
  } catch (error) {
    throw new OutboundError("unresolved", `${host} has no address`, { cause: error });
  }
  if (found.length === 0) throw new OutboundError("unresolved", `${host} has no address`);
  refusePrivate(
    found.map(({ address }) => address),
    url,
    policy,
  );
  return found;
}

/**
 * POST once. Nothing is kept open afterwards.
 * @throws OutboundError
 */
export async function postOutbound(
  url: URL,
  message: OutboundMessage,
  policy: OutboundPolicy = {},
): Promise<OutboundAnswer> {
  const timeoutMs = message.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const stop = new AbortController();
  const timer = setTimeout(() => {
    stop.abort(new OutboundError("timeout", `no answer of ${url.host} within ${timeoutMs} ms`));
  }, timeoutMs);
  const stopped = (): void => stop.abort(new OutboundError("failed", "stopped"));
  if (message.signal?.aborted === true) stopped();
  message.signal?.addEventListener("abort", stopped);
  try {
    const addresses = await orStopped(resolved(url, policy), stop.signal);
    return await exchange(url, addresses, message, stop.signal);
  } finally {
    clearTimeout(timer);
    message.signal?.removeEventListener("abort", stopped);
  }
}

/** A resolver cannot be called back; nobody waits for it longer. */
function orStopped<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stopped = (): void => reject(reasonOf(signal));
    if (signal.aborted) stopped();
    signal.addEventListener("abort", stopped, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", stopped));
  });
}

const reasonOf = ({ reason }: AbortSignal): OutboundError => reason as OutboundError;

function exchange(
  url: URL,
  addresses: readonly Address[],
  { body, headers }: OutboundMessage,
  signal: AbortSignal,
): Promise<OutboundAnswer> {
  return new Promise((resolve, reject) => {
    const bytes = typeof body === "string" ? Buffer.from(body) : body;
    const request = (url.protocol === "https:" ? https : http).request(url, {
      method: "POST",
      // A connection of its own: none that was opened to an address which was checked for another request.
      agent: false,
      lookup: lookupIn(addresses),
      headers: { "User-Agent": "swarmboard", ...headers, "Content-Length": bytes.length },
    });
    const fail = (error: unknown): void => {
      if (signal.aborted) return reject(reasonOf(signal));
      if (error instanceof OutboundError) return reject(error);
      const code = (error as NodeJS.ErrnoException).code;
      reject(new OutboundError("failed", `${url.host} cannot be reached (${code ?? String(error)})`, { cause: error }));
    };
    signal.addEventListener("abort", () => request.destroy(reasonOf(signal)), { once: true });
    request.on("error", fail);
    request.on("response", (response) => {
      const status = response.statusCode ?? 0;
      if (status < 200 || (status >= 300 && status < 400)) {
        request.destroy(new OutboundError("redirected", `${url.host} answers ${status}: redirects are not followed`));
        return;
      }
      const parts: Buffer[] = [];
      let length = 0;
      const done = (): void => {
        const text = Buffer.concat(parts).subarray(0, MAX_ANSWER_BYTES).toString("utf8");
        resolve({ status, retryAfterMs: retryAfterMs(response.headers["retry-after"]), body: text });
        request.destroy();
      };
      response.on("data", (part: Buffer) => {
        parts.push(part);
        length += part.length;
        if (length >= MAX_ANSWER_BYTES) done();
      });
      response.on("end", done);
      // A body that breaks off takes nothing from the status.
      response.on("error", () => (signal.aborted ? fail(undefined) : done()));
    });
    if (signal.aborted) request.destroy(reasonOf(signal));
    else request.end(bytes);
  });
}

/** Answers with what was checked, whatever the name has become since. */
function lookupIn(addresses: readonly Address[]): LookupFunction {
  return (_host, options, callback) => {
    const fitting = addresses.filter(({ family }) =>
      options.family !== 4 && options.family !== 6 ? true : family === options.family,
    );
    const [first] = fitting;
    if (first === undefined) callback(new OutboundError("unresolved", "no address of that family"), "", 0);
    else if (options.all === true) callback(null, [...fitting]);
    else callback(null, first.address, first.family);
  };
}

function retryAfterMs(header: string | undefined): number | undefined {
  if (header === undefined || !/^\d{1,6}$/.test(header)) return undefined;
  const seconds = Number(header);
  return seconds <= MOST_RETRY_AFTER_S ? seconds * 1000 : undefined;
}
