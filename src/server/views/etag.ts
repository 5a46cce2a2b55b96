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
 * The condition that a write's headers state. `rev` is the entry's revision now, undefined where there is none.
 * @throws Refusal `bad_condition` where there is one that cannot be read, `no_such_entry` for `If-Match: *` without one.
 */
export function conditionOf(
  headers: {
    "if-match"?: string | undefined;
    "if-none-match"?: string | undefined;
    "idempotency-key"?: string | undefined;
  },
  current: number | undefined,
): CommandOf<"entry.put">["if"] {
  const match = headers["if-match"]?.trim();
  const noneMatch = headers["if-none-match"]?.trim();
  if (match === undefined && noneMatch === undefined) return undefined;
  if (match !== undefined && noneMatch !== undefined) {
    throw bad("If-Match and If-None-Match contradict each other. Send one of them.");
  }
  if (match === undefined) {
    if (noneMatch === "*") return { absent: true };
    throw bad("On a write, If-None-Match takes only *: write only if there is no entry with this key.");
  }
  if (match === "*") {
    // A retry would compare with another revision, and so be another command under the same id (law L9).
    if (headers["idempotency-key"] !== undefined)
      throw bad("If-Match: * cannot be sent with an Idempotency-Key. Read the entry, and send its revision.");
    if (current === undefined) {
      throw new Refusal("no_such_entry", {
        status: 412,
        detail: "If-Match: * needs an entry with this key, and there is none.",
      });
    }
    // Whoever writes in between wins: the fold compares with the revision read here.
    return { rev: current };
  }
  const rev = /^"(\d{1,16})"$/.exec(match)?.[1];
  if (rev === undefined || !Number.isSafeInteger(Number(rev)))
    throw bad('If-Match takes one revision in quotes, such as "3", or *.');
  return { rev: Number(rev) };
}

const bad = (detail: string): Refusal => new Refusal("bad_condition", { detail });
