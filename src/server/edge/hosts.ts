// Owns which names and addresses count as this machine or as this server.
// Does not own what follows from it (edge/inspect, options).

/** True for an address or name that only this machine reaches. */
export function isLoopback(host: string): boolean {
  const bare = bareHost(host);
  return bare === "localhost" || bare === "::1" || /^127(\.\d{1,3}){3}$/.test(bare);
}

/** The name without brackets, in lower case. */
export function bareHost(host: string): string {
  return host.toLowerCase().replace(/^\[(.*)\]$/, "$1");
}

/** The name in a Host header without its port, or undefined where the header is not of the form host[:port]. */
export function hostnameOf(header: string): string | undefined {
  const match = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::\d{1,5})?$/i.exec(header);
  return match?.[1] === undefined ? undefined : bareHost(match[1]);
}

/** Addresses that stand for "all interfaces": no name by which a client could address the server. */
const WILDCARDS = new Set(["0.0.0.0", "::", ""]);

/** The host part of an address at which a server that listens at `host` can be opened on its own machine. */
export function openableHost(host: string): string {
  const bare = bareHost(host);
  if (WILDCARDS.has(bare)) return "127.0.0.1";
  return bare.includes(":") ? `[${bare}]` : bare;
}

/** The names that a Host header may have (law L10). */
export function allowedNames(host: string, more: readonly string[]): ReadonlySet<string> {
  const names = new Set(["localhost", "127.0.0.1", "::1"]);
  for (const name of [host, ...more]) {
    const bare = hostnameOf(name) ?? bareHost(name);
    if (!WILDCARDS.has(bare)) names.add(bare);
  }
  return names;
}

/** An origin as browsers send it (`https://board.example`), or undefined for anything that is more or less than one. */
export function originOf(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined;
  const { protocol, href, host, origin } = new URL(text);
  if ((protocol !== "https:" && protocol !== "http:") || href !== `${origin}/`) return undefined;
  return hostnameOf(host) === undefined ? undefined : origin;
}
