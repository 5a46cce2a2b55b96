// Owns how the words of a question are put to the index of words. Does not own what a word is (history-match).
// A beginning of a word stands for all words that begin so. FTS5 gathers the rows of all of them first, however many, unless the
// beginning has an index of its own; so others are put as a few words or longer beginnings, which are read as far as needed.

import type Database from "libsql";

/** Lengths of beginnings that have an index. */
export const PREFIX_CHARS = [1, 2, 3, 5] as const;
/** Words or beginnings that one beginning may become. Beyond, all its rows are gathered first. */
const MOST_TERMS = 32;

const LAST_CHAR = "\u{10ffff}";
const FIRST_CHAR = "\u0001";

/**
 * A question in the language of FTS5: every word must be there; the last may be a beginning. Every word is quoted, so that
 * nothing of it is taken as that language.
 */
export function wordsQuery(db: Database.Database, words: readonly string[]): string {
  const whole = words.slice(0, -1).map((word) => `"${word}"`);
  const beginning = words.at(-1) ?? "";
  const terms = termsOf(db, beginning);
  if (terms === undefined) return [...whole, `"${beginning}" *`].join(" AND ");
  // A word that is nowhere finds nothing, and stays as it is.
  const last = terms.length === 0 ? `"${beginning}"` : `(${terms.join(" OR ")})`;
  return [...whole, last].join(" AND ");
}

/** What a beginning is put as; undefined where it would be too much. */
function termsOf(db: Database.Database, beginning: string): string[] | undefined {
  const chars = Array.from(beginning).length;
  if (PREFIX_CHARS.some((length) => length === chars)) return [`"${beginning}" *`];
  const longer = PREFIX_CHARS.find((length) => length > chars);
  const next = db.prepare("SELECT term FROM terms WHERE term >= ? LIMIT 1");
  const terms: string[] = [];
  for (let from = beginning; ;) {
    const term = (next.get(from) as { readonly term: string } | undefined)?.term;
    if (term === undefined || !term.startsWith(beginning)) return terms;
    if (terms.length === MOST_TERMS) return undefined;
    const head = longer === undefined ? undefined : Array.from(term).slice(0, longer);
    if (head === undefined || head.length < (longer ?? 0)) {
      terms.push(`"${term}"`);
      from = term + FIRST_CHAR;
    } else {
      terms.push(`"${head.join("")}" *`);
      from = head.join("") + LAST_CHAR;
    }
  }
}
