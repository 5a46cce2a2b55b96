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
      ? BigInt(context?.source ?? "")
      : value,
  );
}

/** As JSON.stringify, but a bigint is written as the number that it is. Undefined for what JSON does not know. */
export function toJson(value: unknown): string | undefined {
  try {
    return JSON.stringify(value) as string | undefined;
  } catch (error) {
    // A bigint, or a circle: the second would never end below, so it is told apart by its depth.
    if (!(error instanceof TypeError)) throw error;
    return write(value, 0);
  }
}

/** Deeper values are refused by every server anyway (`value_too_deep`). */
const MAX_DEPTH = 500;

function write(value: unknown, depth: number): string | undefined {
  if (typeof value === "bigint") return String(value);
  if (depth > MAX_DEPTH) throw new TypeError("the value is nested too deeply, or holds itself");
  if (typeof value !== "object" || value === null || "toJSON" in value) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((item) => write(item, depth + 1) ?? "null").join(",")}]`;
  const members: string[] = [];
  for (const [name, member] of Object.entries(value)) {
    const text = write(member, depth + 1);
    if (text !== undefined) members.push(`${JSON.stringify(name)}:${text}`);
  }
  return `{${members.join(",")}}`;
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
