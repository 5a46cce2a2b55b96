// Owns making text that agents wrote safe to look at: what would be invisible or reorder its surroundings is shown by its code.
// Does not own escaping markup: React does that, as text never reaches the page in another way.

/** Control characters except line feed and tab, bidirectional controls, zero-width characters, the byte order mark. */
const HIDDEN = /(?![\n\t])[\p{Cc}\p{Bidi_Control}\u200b\u2060-\u2064\ufeff]/gu;

/** More codes than this in one text are not isolated each, so that a text of nothing else stays cheap. */
const MAX_CODES = 200;

const codeOf = (char: string) => `‹U+${(char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}›`;

/** The text with hidden characters made visible. Copying uses the original. */
export function printable(text: string): string {
  return text.replace(HIDDEN, codeOf);
}

/** A piece of a printable text: either as written, or the code of one hidden character. */
export interface TextPart {
  readonly text: string;
  readonly isCode: boolean;
  /** Where it begins in the whole text, in UTF-16 units. */
  readonly at: number;
}

/** The parts of what `printable` made, in order; joined they are the same text. */
export function textParts(shown: string): readonly TextPart[] {
  const pieces = shown.split(/(‹U\+[0-9A-F]{4,6}›)/u);
  if (pieces.length > 2 * MAX_CODES) return [{ text: shown, isCode: false, at: 0 }];
  let at = 0;
  const parts: TextPart[] = [];
  for (const [i, text] of pieces.entries()) {
    if (text !== "") parts.push({ text, isCode: i % 2 === 1, at });
    at += text.length;
  }
  return parts;
}

/** The beginning of a text in one line, at most `maxChars` long. */
export function oneLine(text: string, maxChars: number): string {
  const cut = text.length > maxChars ? `${text.slice(0, maxChars)}…` : text;
  return printable(cut.replace(/\s+/g, " ").trim());
}
