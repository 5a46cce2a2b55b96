// Owns the commitment of an envelope to its payload: a salted SHA-256 (rule 16).
// The salt comes from a secret of the board, the actor and the id: a retry hashes alike (law L9), while a hash
// without its salt says nothing about a payload that could be guessed. Invariant: 22 and 43 base64url characters.

import { hash, randomBytes } from "node:crypto";

export const SALT_CHARS = 22;
export const HASH_CHARS = 43;

// The one-shot form costs half of a Hash object, and this is the hot path.
const sha256 = (text: string): string => hash("sha256", text, "base64url");

/** A fresh board secret: 32 random bytes as 43 base64url characters. The text itself is hashed. */
export function newBoardSecret(): string {
  return randomBytes(32).toString("base64url");
}

export function saltOf(boardSecret: string, actor: string, id: string): string {
  return sha256(`${boardSecret}${actor}\0${id}`).slice(0, SALT_CHARS);
}

/** The commitment to the exact bytes of a payload. */
export function commitmentOf(salt: string, payload: string): string {
  return sha256(salt + payload);
}
