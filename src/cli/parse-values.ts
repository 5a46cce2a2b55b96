// Owns how words on the command line become numbers, durations, board names and JSON.
// Does not own limits: the server judges them. Every parser throws commander's InvalidArgumentError, so that help follows.

import { existsSync } from "node:fs";
import { InvalidArgumentError } from "commander";
import { boardNameSchema, type JsonText, jsonTextOf, nanoUsdOf, toJsonText } from "../protocol/index.ts";

const UNIT_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Whole numbers from 0 up, `_` and a k or M for thousands and millions allowed: 8000, 10_000, 50k, 2M. */
export function parseAmount(word: string): number {
  const match = /^(\d[\d_]*)([kM]?)$/.exec(word);
  const value =
    match === null
      ? Number.NaN
      : Number(match[1]?.replaceAll("_", "")) * (match[2] === "k" ? 1000 : match[2] === "M" ? 1_000_000 : 1);
  if (!Number.isSafeInteger(value)) throw new InvalidArgumentError("Give a whole number, such as 8000, 50k or 2M.");
  return value;
}

/** US dollars, exactly, in nano-USD: 1.50usd, 0.25, $2. No float is on the way. */
export function parseUsd(word: string): number {
  const nanoUsd = nanoUsdOf(word.replace(/^\$/, "").replace(/usd$/i, ""));
  if (nanoUsd === undefined)
    throw new InvalidArgumentError("Give US dollars, such as 1.50usd or 0.25, with at most nine decimals.");
  return nanoUsd;
}

/** Tokens, money or both. */
export interface Amounts {
  readonly tokens?: number;
  readonly nanoUsd?: number;
}

/** One more of at most two words: tokens such as 8000 or 50k, or dollars such as 1.50usd, $2 or 0.25. */
export function parseAmounts(word: string, earlier: Amounts = {}): Amounts {
  const isMoney = /^\$|usd$|\./i.test(word);
  if ((isMoney ? earlier.nanoUsd : earlier.tokens) !== undefined)
    throw new InvalidArgumentError(`${isMoney ? "Money" : "A number of tokens"} is given twice.`);
  return isMoney ? { ...earlier, nanoUsd: parseUsd(word) } : { ...earlier, tokens: parseAmount(word) };
}

/** Whole numbers from 1 up: how many to show, where none would show nothing and look like an empty answer. */
export function parseCount(word: string): number {
  const count = parseAmount(word);
  if (count === 0) throw new InvalidArgumentError("Give a whole number from 1 up.");
  return count;
}

export function parsePort(word: string): number {
  const port = /^\d{1,5}$/.test(word) ? Number(word) : Number.NaN;
  if (!(port >= 0 && port <= 65_535)) throw new InvalidArgumentError("Give a port from 0 (pick a free one) to 65535.");
  return port;
}

/** A duration with its unit: 500ms, 30s, 15m, 2h, 1d. In ms, at least 1. */
export function parseDuration(word: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(word);
  const ms = match === null ? 0 : Math.round(Number(match[1]) * UNIT_MS[match[2] as keyof typeof UNIT_MS]);
  if (ms < 1 || !Number.isSafeInteger(ms))
    throw new InvalidArgumentError("Give a duration with its unit, such as 500ms, 30s, 15m, 2h or 1d.");
  return ms;
}

/** A moment: how long ago (2h), or ISO 8601 in whole days or with its zone. As ISO 8601. */
export function parseMoment(word: string): string {
  const ago = /^\d+(?:\.\d+)?(ms|s|m|h|d)$/.test(word) ? Date.now() - parseDuration(word) : Date.parse(word);
  const isIso = /^\d{4}-\d\d-\d\d(T[\d:.]+(Z|[+-]\d\d:\d\d))?$/.test(word);
  if (!Number.isFinite(ago) || !(isIso || /[a-z]$/.test(word)))
    throw new InvalidArgumentError("Give how long ago, such as 2h, or a moment such as 2026-11-22T20:30:00Z.");
  return new Date(ago).toISOString();
}

const BOARD_RULE = "A board's name is 1 to 64 of a-z 0-9 - _, beginning with a letter or digit.";

export function parseBoard(word: string): string {
  if (!boardNameSchema.safeParse(word).success) {
    throw new InvalidArgumentError(BOARD_RULE);
  }
  return word;
}

export interface FollowedFolder {
  readonly board: string;
  readonly dir: string;
}

/** `DIR` or `board=DIR`. What stands before `=` counts only if it can be a board's name, so that paths may hold `=`. */
export function parseFollow(word: string, earlier: readonly FollowedFolder[] = []): readonly FollowedFolder[] {
  const cut = word.indexOf("=");
  const named = cut > 0 && boardNameSchema.safeParse(word.slice(0, cut)).success;
  // `Team A=./x` is a name that is no board's rather than a folder, unless there is such a folder.
  if (cut > 0 && !named && !word.slice(0, cut).includes("/") && !existsSync(word))
    throw new InvalidArgumentError(
      `${JSON.stringify(word.slice(0, cut))} is no board's name, and ${JSON.stringify(word)} is no folder. ${BOARD_RULE}`,
    );
  const dir = named ? word.slice(cut + 1) : word;
  if (dir === "") throw new InvalidArgumentError("Give a folder, such as ./workspace or team=./workspace.");
  return [...earlier, { board: named ? word.slice(0, cut) : "default", dir }];
}

/** Amounts by board; under the empty name, the one for all others. */
export type PerBoard = ReadonlyMap<string, number>;

/** `N` for all boards, or `board=N`. */
export function parsePerBoard(word: string, earlier: PerBoard = new Map()): PerBoard {
  const cut = word.indexOf("=");
  const board = cut < 0 ? "" : parseBoard(word.slice(0, cut));
  return new Map([...earlier, [board, parseAmount(word.slice(cut + 1))]]);
}

/** One more name of a repeatable flag. */
export function parseNames(word: string, earlier?: readonly string[]): readonly string[] {
  return [...(earlier ?? []), word];
}

/** The server's origin. The dashboard's own address is understood, because that is what people copy. */
export function parseUrl(word: string): string {
  const url = URL.canParse(word) ? new URL(word) : undefined;
  if (url?.protocol === "https:") {
    throw new InvalidArgumentError(`The server speaks plain http only, not https: try http://${url.host}.`);
  }
  if (url === undefined || url.protocol !== "http:" || url.host === "") {
    throw new InvalidArgumentError("Give the server's address, such as http://127.0.0.1:8000.");
  }
  if (url.username !== "" || url.password !== "") {
    throw new InvalidArgumentError(`Give the server's address without a user or password: ${url.origin}.`);
  }
  if (url.pathname !== "/blackboard" && (url.pathname !== "/" || url.search !== "")) {
    throw new InvalidArgumentError(`Give the server's address without a path: ${url.origin}.`);
  }
  return url.origin;
}

/** Text that was most likely meant as JSON: it begins like an object, a list or a quoted text, and is none. */
export function looksLikeBrokenJson(word: string): boolean {
  return /^\s*[{["]/.test(word) && !toJsonText(word).ok;
}

/** JSON where it is JSON, byte for byte; otherwise the word as a string. */
export function valueOf(word: string): JsonText {
  const parsed = toJsonText(word);
  return parsed.ok ? parsed.text : jsonTextOf(word);
}
