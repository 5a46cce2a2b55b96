// Owns reading one record's line as a sceptic: what it claims, its leaf, and what is wrong with it within itself.
// Does not own its place among others. Never throws: a line may hold anything.

import { hash } from "node:crypto";
import { CRC_PREFIX_BYTES, lineIsSound } from "../checked-line.ts";
import { HASH_CHARS, SALT_CHARS } from "../commitment.ts";
import { leafHashOf, type TreeHash } from "../merkle.ts";
import { isErasedAt, leftOf } from "../erased-line.ts";
import { envelopeRange } from "../envelope.ts";
import { decodeRecord } from "../record-line.ts";

/** A line without its newline, and where it stands. */
export interface RawLine {
  readonly bytes: Buffer;
  readonly where: string;
}

export interface ReadLine extends RawLine {
  /** The position that it claims; undefined where it cannot be read. */
  readonly seq: number | undefined;
  readonly clock: number | undefined;
  readonly leaf: TreeHash | undefined;
  /** Only the envelope is there: its leaf verifies, its content cannot be looked at. */
  readonly redacted: boolean;
  /** Its values were erased: the commitment to what is left of it, which the record of the erasure must hold. */
  readonly left: string | undefined;
  /** Why it is not what was written, judged by itself. */
  readonly problem: string | undefined;
}

const REDACTED_OPEN = Buffer.from('"env":', "latin1");
const SALT_OPEN = Buffer.from(',"salt":"', "latin1");
const PAYLOAD_OPEN = Buffer.from('","payload":', "latin1");

export function readLine(raw: RawLine): ReadLine {
  const { bytes } = raw;
  const wrong = (problem: string, more: Partial<ReadLine> = {}): ReadLine => ({
    ...raw,
    seq: undefined,
    clock: undefined,
    leaf: undefined,
    redacted: false,
    left: undefined,
    ...more,
    problem,
  });
  const redacted = startsAt(bytes, CRC_PREFIX_BYTES, REDACTED_OPEN);
  const range = redacted
    ? ([CRC_PREFIX_BYTES + REDACTED_OPEN.length, bytes.length - 1] as const)
    : envelopeRange(bytes, 0, bytes.length);
  const sound = lineIsSound(bytes, 0, bytes.length);
  if (range === undefined) return wrong(sound ? "it is of an unknown form" : "its checksum does not hold");
  const env = objectIn(bytes.toString("utf8", ...range));
  const seq = countOf(env?.["seq"]);
  const clock = countOf(env?.["clock"]);
  const commitment = env?.["hash"];
  const isErased = !redacted && isErasedAt(bytes, range[1]);
  const left = isErased ? leftOf(bytes, range[1], bytes.length) : undefined;
  const claims = { seq, clock, redacted, left, leaf: leafHashOf(bytes, ...range) };
  if (!sound) return wrong("its checksum does not hold", claims);
  if (seq === undefined || clock === undefined || typeof commitment !== "string" || env?.["v"] !== 1) {
    return wrong("its envelope cannot be read", claims);
  }
  if (isErased) {
    return isReadable(bytes)
      ? { ...raw, ...claims, problem: undefined }
      : wrong("what is left of it cannot be read", claims);
  }
  if (!redacted && !isCommitted(bytes, range[1], commitment)) {
    return wrong("its payload is not the one that its envelope commits to", claims);
  }
  return { ...raw, ...claims, problem: undefined };
}

/** Whether what follows the envelope is `,"salt":"…","payload":…}`, and hashes to the commitment. */
function isCommitted(bytes: Buffer, envEnd: number, commitment: string): boolean {
  const saltAt = envEnd + SALT_OPEN.length;
  const payloadAt = saltAt + SALT_CHARS + PAYLOAD_OPEN.length;
  if (!startsAt(bytes, envEnd, SALT_OPEN) || !startsAt(bytes, saltAt + SALT_CHARS, PAYLOAD_OPEN)) return false;
  const committed = Buffer.concat([
    bytes.subarray(saltAt, saltAt + SALT_CHARS),
    bytes.subarray(payloadAt, bytes.length - 1),
  ]);
  return commitment.length === HASH_CHARS && hash("sha256", committed, "base64url") === commitment;
}

function isReadable(bytes: Buffer): boolean {
  try {
    decodeRecord(bytes, 0, bytes.length, false);
    return true;
  } catch {
    return false;
  }
}

function startsAt(bytes: Buffer, at: number, piece: Buffer): boolean {
  return bytes.subarray(at, at + piece.length).equals(piece);
}

function objectIn(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    return undefined;
  }
}

const countOf = (value: unknown): number | undefined =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
