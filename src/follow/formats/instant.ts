// Owns reading the points in time that writers put into their files.
// A time without a zone counts as UTC (Python's `utcnow`), never as this machine's zone.

const ISO = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,12})?)?(Z|[+-]\d\d:?\d\d)?$/;
/** Numbers below this are seconds (until the year 5138), above it milliseconds. */
const SECONDS_BELOW = 1e11;
const LATEST = 8.64e15;

/** Wall time in ms, or undefined where the value states none. */
export function instantOf(value: unknown): number | undefined {
  let at: number;
  if (typeof value === "number") at = value < SECONDS_BELOW ? value * 1000 : value;
  else if (typeof value === "string") {
    const text = value.trim();
    const found = ISO.exec(text);
    if (found === null) return undefined;
    at = Date.parse(found[1] === undefined ? `${text.replace(" ", "T").replace(",", ".")}Z` : text);
  } else return undefined;
  at = Math.floor(at);
  return at >= 0 && at <= LATEST ? at : undefined;
}

/** True for a time that is written to the second at least: one that was cut off in writing is not. */
export const isWholeInstant = (text: string): boolean => /T\d\d:\d\d:\d\d/.test(text) && instantOf(text) !== undefined;
