// Owns reading and writing JSON without losing digits (rule 19): an integer beyond 2^53 is a bigint on both ways.
// Does not own merging (feed/merge-value). Where JSON.parse does not tell a number's source text, such integers round as usual.

type Parse = (
  text: string,
  reviver?: (key: string, value: unknown, context?: { source?: string }) => unknown,
) => unknown;

/** @throws SyntaxError for text that is not JSON */
export function parseJson(text: string): unknown {
  const parse = JSON.parse as Parse;
  // The reviver visits every value, so it is used only where a long number can be.
  if (!/\d{16}/.test(text)) return parse(text);
  return parse(text, (_name, value, context) =>
    typeof value === "number" && !Number.isSafeInteger(value) && /^-?\d+$/.test(context?.source ?? "")
      ? BigInt(context?.source ?? 0)
      : value,
  );
}

/** As JSON.stringify, but a bigint is written as the number that it is. Undefined for what JSON does not know. */
export function toJson(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    // There is a bigint in it. (Or a circle, for which the stack ends below.)
    return write(value);
  }
}

function write(value: unknown): string | undefined {
  if (typeof value === "bigint") return String(value);
  if (typeof value !== "object" || value === null || "toJSON" in value) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((item) => write(item) ?? "null").join()}]`;
  const members: string[] = [];
  for (const [name, member] of Object.entries(value)) {
    const text = write(member);
    if (text !== undefined) members.push(`${JSON.stringify(name)}:${text}`);
  }
  return `{${members.join()}}`;
}

/** Whether two parsed values say the same. The order of members says nothing. */
export function sameJson(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const names = Object.keys(a);
  return (
    names.length === Object.keys(b).length &&
    names.every((name) => Object.hasOwn(b, name) && sameJson((a as Fields)[name], (b as Fields)[name]))
  );
}

type Fields = Readonly<Record<string, unknown>>;
