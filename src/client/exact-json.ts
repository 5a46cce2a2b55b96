// Owns reading and writing JSON without losing digits (rule 19): an integer beyond 2^53 is a bigint on both ways.
// Does not own merging (feed/merge-value). Not every runtime's JSON.parse tells a number's source text (Node 20 does not), so
// such numbers are made texts of their own first.

/** Names, texts and numbers of a text that is JSON. */
const TOKENS = /"(?:[^"\\]+|\\.)*"(\s*:)?|-?\d[\d.eE+-]*/g;

/** @throws SyntaxError for text that is not JSON */
export function parseJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  // What may be a long integer: going through all tokens costs ten times the parse.
  if (!/(?:^|[[:,\s])-?\d{16}/.test(text)) return value;
  // `#n` begins an integer, and another `#` a text that began with one.
  const marked = text.replace(TOKENS, (token, colon?: string) => {
    if (colon !== undefined) return token;
    if (/^"(#|\\u0023)/.test(token)) return token.replace('"', '"#');
    return /^-?\d{16,}$/.test(token) && !Number.isSafeInteger(Number(token)) ? `"#n${token}"` : token;
  });
  return JSON.parse(marked, (_name, held: unknown) => {
    if (typeof held !== "string" || !held.startsWith("#")) return held;
    return held.startsWith("#n") ? BigInt(held.slice(2)) : held.slice(1);
  });
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
