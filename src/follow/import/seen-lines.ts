// Owns remembering which lines of a log were imported, so that a rotation or a rewrite imports none twice.
// Equal lines are legal (rule 21): what counts is how often a line was imported before, not whether.

import { createHash } from "node:crypto";
import type { Mark } from "./work.ts";

const TOKEN_CHARS = 11;
const CHUNK_TOKENS = 64;
/** Lines that are remembered per log: the newest. A rewrite that brings back older ones imports them again. */
export const MAX_SEEN_LINES = 100_096;
const PREFIX = "seen:";

/** 64 bits of a line's (or its event id's) hash. */
export const lineToken = (text: string): string =>
  createHash("sha256").update(text).digest("base64url").slice(0, TOKEN_CHARS);

export interface SeenLines {
  /** Lines ever added. The next one has this number. */
  readonly count: number;
  has(token: string): boolean;
  /** How often the token was added before the given number. */
  timesBefore(token: string, number: number): number;
  add(token: string): void;
  /** Marks for everything that was added since the last call. */
  takeMarks(): Mark[];
}

export function createSeenLines(marks: ReadonlyMap<string, string> | undefined): SeenLines {
  const chunks = new Map<number, string[]>();
  const numbers = new Map<string, number[]>();
  const touched = new Set<number>();
  const forgotten: number[] = [];
  let count = 0;

  const note = (token: string, number: number): void => {
    const known = numbers.get(token);
    if (known === undefined) numbers.set(token, [number]);
    else known.push(number);
  };

  const chunkMarks = [...(marks ?? [])]
    .filter(([name]) => name.startsWith(PREFIX))
    .map(([name, value]) => [Number(name.slice(PREFIX.length)), value] as const)
    .sort(([a], [b]) => a - b);
  for (const [chunk, value] of chunkMarks) {
    const tokens: string[] = [];
    for (let at = 0; at < value.length; at += TOKEN_CHARS) tokens.push(value.slice(at, at + TOKEN_CHARS));
    chunks.set(chunk, tokens);
    tokens.forEach((token, at) => note(token, chunk * CHUNK_TOKENS + at));
    count = chunk * CHUNK_TOKENS + tokens.length;
  }

  const forgetOldest = (): void => {
    const oldest = chunks.entries().next().value;
    if (oldest === undefined) return;
    const [chunk, tokens] = oldest;
    chunks.delete(chunk);
    forgotten.push(chunk);
    for (const token of tokens) {
      const known = numbers.get(token);
      known?.shift();
      if (known?.length === 0) numbers.delete(token);
    }
  };

  return {
    get count() {
      return count;
    },
    has: (token) => numbers.has(token),
    timesBefore: (token, number) => {
      const known = numbers.get(token);
      if (known === undefined) return 0;
      // The numbers grow; halving keeps a log of a hundred thousand equal lines cheap.
      let low = 0;
      let high = known.length;
      while (low < high) {
        const middle = (low + high) >> 1;
        if ((known[middle] ?? number) < number) low = middle + 1;
        else high = middle;
      }
      return low;
    },
    add(token) {
      const chunk = Math.floor(count / CHUNK_TOKENS);
      const tokens = chunks.get(chunk);
      if (tokens === undefined) chunks.set(chunk, [token]);
      else tokens.push(token);
      touched.add(chunk);
      note(token, count);
      count++;
      if (chunks.size * CHUNK_TOKENS > MAX_SEEN_LINES) forgetOldest();
    },
    takeMarks() {
      const taken: Mark[] = forgotten.splice(0).map((chunk) => [`${PREFIX}${chunk}`, null]);
      for (const chunk of touched) {
        const tokens = chunks.get(chunk);
        if (tokens !== undefined) taken.push([`${PREFIX}${chunk}`, tokens.join("")]);
      }
      touched.clear();
      return taken;
    },
  };
}
