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
    // There is a bigint in it. (Or a circle, which throws again.)
    const marked = JSON.stringify(value, (_name, held: unknown) => {
      if (typeof held === "bigint") return `#n${held}`;
      return typeof held === "string" && held.startsWith("#") ? `#${held}` : held;
    });
    return marked.replace(TOKENS, (token, colon?: string) => {
      if (colon !== undefined || !token.startsWith('"#')) return token;
      return token.startsWith('"#n') ? token.slice(3, -1) : `"${token.slice(2)}`;
    });
  }
}
