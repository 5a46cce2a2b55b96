// Owns what a browser can check of the log by itself: a checkpoint's signature, and that one tree goes on from another (RFC 9162).
// Does not own fetching or words. Total: what cannot be checked here is "unable", what does not hold is "broken".

import type { Checkpoint, VerifierKey } from "./signed-note.ts";

type Bytes = Uint8Array<ArrayBuffer>;

const same = (a: Bytes, b: Bytes): boolean => a.length === b.length && a.every((byte, i) => byte === b[i]);

async function sha256(...parts: readonly Bytes[]): Promise<Bytes> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return new Uint8Array(await crypto.subtle.digest("SHA-256", whole));
}

const utf8 = (text: string): Bytes => new TextEncoder().encode(text);
const NODE = new Uint8Array([1]);
const parentOf = (left: Bytes, right: Bytes): Promise<Bytes> => sha256(NODE, left, right);

export type SignatureVerdict = "holds" | "broken" | "otherKey" | "unable";

/** Whether `checkpoint` is signed by `key`, and the key is what its id says. `unable`: no secure page, or no Ed25519 here. */
export async function verifySignature(checkpoint: Checkpoint, key: VerifierKey): Promise<SignatureVerdict> {
  // Undefined on pages that the browser does not call secure.
  const subtle = (globalThis.crypto as Partial<Crypto> | undefined)?.subtle;
  if (subtle === undefined) return "unable";
  const [id] = [await sha256(utf8(`${key.name}\n`), key.material)];
  const hex = Array.from(id.subarray(0, 4), (byte) => byte.toString(16).padStart(2, "0")).join("");
  if (hex !== key.id) return "broken";
  const mine = checkpoint.signatures.find((each) => each.name === key.name && each.id === key.id);
  if (mine === undefined) return "otherKey";
  let imported: CryptoKey;
  try {
    imported = await subtle.importKey("raw", key.publicKey, "Ed25519", false, ["verify"]);
  } catch {
    return "unable";
  }
  return (await subtle.verify("Ed25519", imported, mine.signature, utf8(checkpoint.body))) ? "holds" : "broken";
}

/** A tree of records by its size and its root. */
export interface Tree {
  readonly size: number;
  readonly root: Bytes;
}

/** Trees have at most 2^53 leaves: two hashes per level are more than any proof has. */
const MOST_HASHES = 128;

/** Whether `hashes` prove that `later` goes on from `earlier` (RFC 9162, 2.1.4.2). Sizes below 2^53. */
export async function verifyConsistency(earlier: Tree, later: Tree, hashes: readonly Bytes[]): Promise<boolean> {
  if (earlier.size < 1 || earlier.size > later.size || hashes.length > MOST_HASHES) return false;
  if (earlier.size === later.size) return hashes.length === 0 && same(earlier.root, later.root);
  // BigInt, because places in a tree go beyond 32 bits.
  let first = BigInt(earlier.size) - 1n;
  let last = BigInt(later.size) - 1n;
  const path = [...hashes];
  // A tree whose size is a power of two is a node of the later tree itself.
  if ((BigInt(earlier.size) & first) === 0n) path.unshift(earlier.root);
  while ((first & 1n) === 1n) {
    first >>= 1n;
    last >>= 1n;
  }
  const [seed, ...rest] = path;
  if (seed === undefined) return false;
  let before = seed;
  let after = seed;
  for (const hash of rest) {
    if (last === 0n) return false;
    if ((first & 1n) === 1n || first === last) {
      before = await parentOf(hash, before);
      after = await parentOf(hash, after);
      while ((first & 1n) === 0n && first !== 0n) {
        first >>= 1n;
        last >>= 1n;
      }
    } else after = await parentOf(after, hash);
    first >>= 1n;
    last >>= 1n;
  }
  return last === 0n && same(before, earlier.root) && same(after, later.root);
}
