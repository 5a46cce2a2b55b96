// Owns the validators of HTTP caching: what an answer's ETag is, and when "not modified" or a condition holds.
// Does not own the conditions' verdict on writes: that is the fold's.

import type { BoardHandle } from "../../engine/contract.ts";
import type { CommandOf } from "../../protocol/index.ts";
import { Refusal } from "../problem.ts";

/** Of a whole board: its position. Weak, because remaining lifetimes in an answer go on without a new position. */
export function boardEtag(board: BoardHandle): string {
  const { epoch, seq } = board.position;
  return `W/"${epoch}.${seq}${board.unwritable === undefined ? "" : ".ro"}"`;
}

export const entryEtag = (rev: number): string => `"${rev}"`;

const bare = (tag: string): string => tag.trim().replace(/^W\//, "");

/** If-None-Match on a read: true if the caller holds this already (weak comparison, RFC 9110 13.1.2). */
export function isFresh(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  if (ifNoneMatch.trim() === "*") return true;
  return ifNoneMatch.split(",").some((tag) => bare(tag) === bare(etag));
}

/**
 * The condition that a write's headers state.
 * @throws Refusal `precondition_required` where there is one that cannot be read.
 */
export function conditionOf(headers: {
  "if-match"?: string | undefined;
  "if-none-match"?: string | undefined;
}): CommandOf<"entry.put">["if"] {
  const match = headers["if-match"];
  const noneMatch = headers["if-none-match"];
  if (match === undefined && noneMatch === undefined) return undefined;
  if (match === undefined && noneMatch?.trim() === "*") return { absent: true };
  const rev = noneMatch === undefined ? /^\s*"(\d{1,16})"\s*$/.exec(match ?? "")?.[1] : undefined;
  if (rev === undefined || !Number.isSafeInteger(Number(rev))) throw new Refusal("precondition_required");
  return { rev: Number(rev) };
}
