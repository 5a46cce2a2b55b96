// Owns reading signed notes and verifier keys as texts (C2SP signed-note, tlog-checkpoint).
// Does not own whether a signature holds (verify.ts). Total: what is not of the form is undefined, never an exception.

/** A key of Ed25519 as a verifier text states it. */
export interface VerifierKey {
  readonly name: string;
  /** Eight hex digits. */
  readonly id: string;
  /** Algorithm byte and public key: what the id is a hash of. */
  readonly material: Uint8Array<ArrayBuffer>;
  readonly publicKey: Uint8Array<ArrayBuffer>;
}

export interface NoteSignature {
  readonly name: string;
  readonly id: string;
  readonly signature: Uint8Array<ArrayBuffer>;
}

export interface Checkpoint {
  readonly text: string;
  /** What is signed: everything up to the empty line, with the line feed before it. */
  readonly body: string;
  readonly origin: string;
  /** Records that it covers. */
  readonly size: number;
  readonly root: Uint8Array<ArrayBuffer>;
  readonly signatures: readonly NoteSignature[];
}

const ED25519 = 1;
const KEY_BYTES = 32;
const HASH_BYTES = 32;
const SIGNATURE_BYTES = 64;
const ID_BYTES = 4;
/** A longer text is no checkpoint of ours. */
const MOST_CHARS = 100_000;

export function bytesOf(base64: string): Uint8Array<ArrayBuffer> | undefined {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64) || base64.length % 4 !== 0) return undefined;
  try {
    return Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
  } catch {
    return undefined;
  }
}

const hexOf = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

/** `<name>+<id>+<base64 of the algorithm byte and the public key>` */
export function readVerifierKey(text: string): VerifierKey | undefined {
  const [, name, id, coded] = /^([^+\s]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)\s*$/.exec(text) ?? [];
  const material = coded === undefined ? undefined : bytesOf(coded);
  if (name === undefined || id === undefined || material === undefined) return undefined;
  if (material[0] !== ED25519 || material.length !== 1 + KEY_BYTES) return undefined;
  return { name, id, material, publicKey: material.slice(1) };
}

function readSignature(line: string): NoteSignature | undefined {
  const [, name, coded] = /^\u2014 ([^+\s]+) (\S+)$/.exec(line) ?? [];
  const bytes = coded === undefined ? undefined : bytesOf(coded);
  if (name === undefined || bytes === undefined || bytes.length !== ID_BYTES + SIGNATURE_BYTES) return undefined;
  return { name, id: hexOf(bytes.subarray(0, ID_BYTES)), signature: bytes.slice(ID_BYTES) };
}

export function readCheckpoint(text: string): Checkpoint | undefined {
  const end = text.length > MOST_CHARS ? -1 : text.lastIndexOf("\n\n");
  if (end < 0 || !text.endsWith("\n")) return undefined;
  const body = text.slice(0, end + 1);
  const [origin, sizeText, rootText] = body.split("\n");
  const size = /^(0|[1-9]\d{0,15})$/.test(sizeText ?? "") ? Number(sizeText) : undefined;
  const root = bytesOf(rootText ?? "");
  if (!origin || size === undefined || !Number.isSafeInteger(size) || root?.length !== HASH_BYTES) return undefined;
  const signatures = text
    .slice(end + 2, -1)
    .split("\n")
    .flatMap((line) => readSignature(line) ?? []);
  return { text, body, origin, size, root, signatures };
}
