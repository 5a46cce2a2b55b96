// Owns signed notes (C2SP signed-note, Ed25519): their text, their keys and whether a signature holds.
// Does not own what a note says, or where keys are kept. Nothing here throws for foreign bytes.

import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  hash,
  sign,
  verify,
  type KeyObject,
} from "node:crypto";

/** Whoever can check a signature. */
export interface VerifierKey {
  readonly name: string;
  /** 32 bytes of an Ed25519 public key. */
  readonly publicKey: Buffer;
}

export interface SignerKey extends VerifierKey {
  readonly privateKey: KeyObject;
}

export interface NoteSignature {
  readonly name: string;
  /** Four bytes of key hash, then the signature. */
  readonly bytes: Buffer;
}

export interface SignedNote {
  /** With its last newline; what is signed. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

const ED25519 = 0x01;
/** SubjectPublicKeyInfo of an Ed25519 key, up to its 32 bytes (RFC 8410). */
const SPKI_HEAD = Buffer.from("302a300506032b6570032100", "hex");
const MAX_NOTE_CHARS = 64 * 1024;
const NAME = /^[^\s+]+$/u;
// oxlint-disable-next-line no-control-regex -- the format forbids exactly these
const CONTROL = /[\u0000-\u0009\u000b-\u001f]/;

/** A fresh key in the text form in which it is kept. */
export function newSigningKey(): string {
  return generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }) as string;
}

/** @throws where the text is no Ed25519 key */
export function signerOf(name: string, pem: string): SignerKey {
  const privateKey = createPrivateKey(pem);
  if (privateKey.asymmetricKeyType !== "ed25519") throw new Error("not an Ed25519 key");
  const spki = createPublicKey(privateKey).export({ type: "spki", format: "der" });
  return { name, privateKey, publicKey: spki.subarray(SPKI_HEAD.length) };
}

/** The first four bytes of SHA-256(name ‖ newline ‖ 0x01 ‖ public key). */
export function keyHashOf({ name, publicKey }: VerifierKey): Buffer {
  const named = Buffer.concat([Buffer.from(`${name}\n`), Buffer.of(ED25519), publicKey]);
  return Buffer.from(hash("sha256", named, "hex").slice(0, 8), "hex");
}

/** A verifier key as text: `<name>+<hash>+<base64 of 0x01 and the key>`. */
export function verifierTextOf(key: VerifierKey): string {
  const bytes = Buffer.concat([Buffer.of(ED25519), key.publicKey]);
  return `${key.name}+${keyHashOf(key).toString("hex")}+${bytes.toString("base64")}`;
}

/** The key of a verifier text; undefined where it is none, or its hash is not its own. */
export function parseVerifier(text: string): VerifierKey | undefined {
  const [name = "", keyHash, encoded = "", ...rest] = splitKey(text.trim());
  const bytes = base64Of(encoded);
  if (!NAME.test(name) || rest.length > 0 || bytes?.length !== 33 || bytes[0] !== ED25519) return undefined;
  const key = { name, publicKey: bytes.subarray(1) };
  return keyHashOf(key).toString("hex") === keyHash ? key : undefined;
}

/** Split at the first two plus signs: base64 may hold more of them. */
function splitKey(text: string): string[] {
  const first = text.indexOf("+");
  const second = text.indexOf("+", first + 1);
  return first < 0 || second < 0 ? [] : [text.slice(0, first), text.slice(first + 1, second), text.slice(second + 1)];
}

/** Sign a text, which ends in a newline, with each of the keys. */
export function signNote(text: string, ...keys: readonly SignerKey[]): string {
  const message = Buffer.from(text);
  const lines = keys.map((key) => {
    const bytes = Buffer.concat([keyHashOf(key), sign(undefined, message, key.privateKey)]);
    return `— ${key.name} ${bytes.toString("base64")}\n`;
  });
  return `${text}\n${lines.join("")}`;
}

/** Take a note apart; undefined where it has not the form of one. */
export function parseNote(note: string): SignedNote | undefined {
  if (note.length > MAX_NOTE_CHARS || CONTROL.test(note) || !note.isWellFormed() || !note.endsWith("\n"))
    return undefined;
  const split = note.lastIndexOf("\n\n");
  if (split < 0) return undefined;
  const signatures: NoteSignature[] = [];
  for (const line of note.slice(split + 2, -1).split("\n")) {
    const [dash, name = "", encoded = "", ...rest] = line.split(" ");
    const bytes = base64Of(encoded);
    if (dash !== "—" || !NAME.test(name) || rest.length > 0 || bytes === undefined || bytes.length < 5)
      return undefined;
    signatures.push({ name, bytes });
  }
  return { text: note.slice(0, split + 1), signatures };
}

/** Whether a key signed a note: `unsigned` where no signature claims to be its own, `forged` where one claims it wrongly. */
export function signatureBy(note: SignedNote, key: VerifierKey): "signed" | "forged" | "unsigned" {
  const expected = keyHashOf(key);
  const own = note.signatures.filter(({ name, bytes }) => name === key.name && bytes.subarray(0, 4).equals(expected));
  if (own.length === 0) return "unsigned";
  const message = Buffer.from(note.text);
  return own.every(({ bytes }) => holds(message, key.publicKey, bytes.subarray(4))) ? "signed" : "forged";
}

function holds(message: Buffer, publicKey: Buffer, signature: Buffer): boolean {
  if (signature.length !== 64) return false;
  try {
    const key = createPublicKey({ key: Buffer.concat([SPKI_HEAD, publicKey]), type: "spki", format: "der" });
    return verify(undefined, message, key, signature);
  } catch {
    // Bytes that are no point of the curve sign nothing.
    return false;
  }
}

/** The bytes of standard base64 in its one canonical form. */
export function base64Of(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, "base64");
  return bytes.toString("base64") === text ? bytes : undefined;
}
