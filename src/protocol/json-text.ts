// Owns JSON as text: checking it, stripping insignificant white space and cutting members out of it.
// Values travel and rest as text, so that every number and string keeps the bytes its writer chose (rule 19).

/** A JSON value as text: valid, without insignificant white space, within the depth limit, well-formed Unicode. */
export type JsonText = string & { readonly __brand: "JsonText" };

export type JsonTextResult =
  | { readonly ok: true; readonly text: JsonText }
  | { readonly ok: false; readonly code: "bad_json" | "value_too_deep" | "lone_surrogate"; readonly message: string };

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Index just past the string that opens at `start`; the end of the text where it never closes, so that no loop hangs. */
function endOfString(text: string, start: number): number {
  let i = start + 1;
  for (;;) {
    const end = text.indexOf('"', i);
    if (end === -1) return text.length;
    let slashes = 0;
    while (text.charCodeAt(end - 1 - slashes) === BACKSLASH) slashes++;
    if (slashes % 2 === 0) return end + 1;
    i = end + 1;
  }
}

const isSpace = (unit: number): boolean => unit === 0x20 || unit === 0x0a || unit === 0x0d || unit === 0x09;

/** True if an escape in the string token names half of a surrogate pair. */
function hasLoneSurrogateEscape(token: string): boolean {
  return /\\u[dD][89a-fA-F]/.test(token) && !(JSON.parse(token) as string).isWellFormed();
}

/**
 * Check foreign text and bring it into the form that is kept.
 * White space between tokens goes; every token stays byte for byte; duplicate members stay (the last one counts).
 */
export function toJsonText(source: string, maxDepth = 128): JsonTextResult {
  try {
    JSON.parse(source);
  } catch (error) {
    return { ok: false, code: "bad_json", message: error instanceof Error ? error.message : "not JSON" };
  }
  if (!source.isWellFormed()) return { ok: false, code: "lone_surrogate", message: "the text holds a lone surrogate" };
  let depth = 0;
  let kept = "";
  let from = 0;
  for (let i = 0; i < source.length;) {
    const unit = source.charCodeAt(i);
    if (unit === QUOTE) {
      const end = endOfString(source, i);
      const token = source.slice(i, end);
      if (token.includes("\\u") && hasLoneSurrogateEscape(token)) {
        return {
          ok: false,
          code: "lone_surrogate",
          message: `an escape in the string at character ${i} stands for half of a surrogate pair`,
        };
      }
      i = end;
      continue;
    }
    if (unit === 0x7b || unit === 0x5b) {
      depth++;
      if (depth > maxDepth) return { ok: false, code: "value_too_deep", message: `deeper than ${maxDepth} levels` };
    } else if (unit === 0x7d || unit === 0x5d) depth--;
    else if (isSpace(unit)) {
      let end = i + 1;
      while (end < source.length && isSpace(source.charCodeAt(end))) end++;
      kept += source.slice(from, i);
      from = end;
      i = end;
      continue;
    }
    i++;
  }
  return { ok: true, text: (from === 0 ? source : kept + source.slice(from)) as JsonText };
}

/** The text of a value of our own making. Throws for what JSON cannot hold (a cycle, a BigInt, undefined). */
export function jsonTextOf(value: unknown): JsonText {
  const text = JSON.stringify(value) as string | undefined;
  if (text === undefined) throw new TypeError("the value has no JSON form");
  return text as JsonText;
}

/**
 * The members of an object's text, each value as its own text, in order; a duplicate name keeps its first place and
 * its last value. `undefined` where the text is not an object. The text must be a JsonText or valid JSON.
 */
export function membersOf(text: string): Map<string, JsonText> | undefined {
  let i = skipSpace(text, 0);
  if (text.charCodeAt(i) !== 0x7b) return undefined;
  const members = new Map<string, JsonText>();
  i = skipSpace(text, i + 1);
  while (text.charCodeAt(i) === QUOTE) {
    const nameEnd = endOfString(text, i);
    const name = JSON.parse(text.slice(i, nameEnd)) as string;
    const valueStart = skipSpace(text, skipSpace(text, nameEnd) + 1);
    const valueEnd = endOfValue(text, valueStart);
    members.set(name, text.slice(valueStart, valueEnd) as JsonText);
    i = skipSpace(text, skipSpace(text, valueEnd) + 1);
  }
  return members;
}

/** The element texts of an array's text, or `undefined` where the text is not an array. */
export function elementsOf(text: string): JsonText[] | undefined {
  let i = skipSpace(text, 0);
  if (text.charCodeAt(i) !== 0x5b) return undefined;
  const elements: JsonText[] = [];
  i = skipSpace(text, i + 1);
  while (i < text.length && text.charCodeAt(i) !== 0x5d) {
    const end = endOfValue(text, i);
    elements.push(text.slice(i, end) as JsonText);
    i = skipSpace(text, end);
    if (text.charCodeAt(i) === 0x5d) break;
    i = skipSpace(text, i + 1);
  }
  return elements;
}

function skipSpace(text: string, start: number): number {
  let i = start;
  while (i < text.length && isSpace(text.charCodeAt(i))) i++;
  return i;
}

/** Index just past the value that begins at `start`, without the white space that follows it. */
function endOfValue(text: string, start: number): number {
  const first = text.charCodeAt(start);
  if (first === QUOTE) return endOfString(text, start);
  let depth = 0;
  for (let i = start; i < text.length;) {
    const unit = text.charCodeAt(i);
    if (unit === QUOTE) {
      i = endOfString(text, i);
      continue;
    }
    if (unit === 0x7b || unit === 0x5b) depth++;
    else if (unit === 0x7d || unit === 0x5d) {
      if (depth === 0) return i;
      depth--;
      if (depth === 0) return i + 1;
    } else if (depth === 0 && (unit === 0x2c || isSpace(unit))) return i;
    i++;
  }
  return text.length;
}
