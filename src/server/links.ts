// Owns what the edge adds to a command besides its writer: the role, and the trace that it belongs to.
// Does not own the record (protocol/record).

/** What a caller may do. There are no tokens yet, so everyone who reaches the server may do everything. */
export const OPEN_ROLE = "open";

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-.*)?$/;

/**
 * The trace and span of a W3C `traceparent`, as records keep them. Undefined for one that is not valid: as the standard asks, it is
 * passed over, and nothing is refused for it (Trace Context, 3.2.2 and 3.2.4).
 */
export function traceOf(header: unknown): string | undefined {
  if (typeof header !== "string" || header.length > 512) return undefined;
  const [, version, trace = "", span = "", more] = TRACEPARENT.exec(header.trim()) ?? [];
  // The first version has four fields; later ones may have more behind them.
  if (version === undefined || version === "ff" || (version === "00" && more !== undefined)) return undefined;
  return /^0+$/.test(trace) || /^0+$/.test(span) ? undefined : `${trace}-${span}`;
}
