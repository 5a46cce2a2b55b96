// Owns the bytes of a record: one JSON line with its checksum, its cuts, the envelope and the payload (ADR 0001).
// Does not own files. Invariant: decoding what was encoded gives an equal record, texts byte for byte (rule 19).

import { crc32 } from "node:zlib";
import { commandId, type Draft, type LogRecord, type Seq, withLinks } from "../protocol/index.ts";
import { CRC_PREFIX_BYTES, writePrefix } from "./checked-line.ts";
import { commitmentOf, SALT_CHARS, saltOf } from "./commitment.ts";
import { CUT_OPEN, ENV_OPEN, envelopeOf, envelopeText, isDigit, seqIn } from "./envelope.ts";
import { erasureOf, shownOf } from "./erased-line.ts";
import { commandOf, payloadPartsOf, plainPutOf } from "./payload.ts";

/** A record and its line. The checksum is not in the line yet: it is a sum over bytes, see `writeLine`. */
export interface EncodedRecord {
  readonly record: LogRecord;
  /** The line from `"cut"` on, without the newline. */
  readonly tail: string;
  /** Bytes of the whole line with its newline. */
  readonly bytes: number;
  /** Where in the line the envelope stands, in bytes: what the tree is made of. */
  readonly envAt: number;
  readonly envBytes: number;
}

const NEWLINE = 0x0a;
const COMMA = 0x2c;
const CLOSE_BRACKET = 0x5d;

/** Give a draft its position and its bytes. */
export function encodeRecord(draft: Draft, seq: Seq, boardSecret: string): EncodedRecord {
  const { at, clock, actor, source, id, command } = draft;
  const { cmd, cmdBytes, texts } = payloadPartsOf(command);
  const payload = `{"cmd":${cmd},"texts":[${texts.length === 1 ? texts[0] : texts.join(",")}]}`;
  // Without an id nothing needs to hash alike: the position keeps equal payloads from showing that they are equal.
  const salt = saltOf(boardSecret, actor, id === "" ? `\0${seq}` : id);
  const hash = commitmentOf(salt, payload);
  const env = envelopeText(withLinks({ seq, at, clock, actor, source, id, type: command.type, hash }, draft));
  let cuts = `${env.bytes},${cmdBytes}`;
  let extraBytes = env.bytes - env.text.length + (cmdBytes - cmd.length);
  for (const text of texts) {
    const bytes = Buffer.byteLength(text);
    cuts += `,${bytes}`;
    extraBytes += bytes - text.length;
  }
  const tail = `"cut":[${cuts}],"env":${env.text},"salt":"${salt}","payload":${payload}}`;
  return {
    record: withLinks({ at, clock, actor, source, id, command, seq, hash }, draft),
    tail,
    bytes: CRC_PREFIX_BYTES + tail.length + extraBytes + 1,
    envAt: CRC_PREFIX_BYTES + CUT_OPEN + cuts.length + ENV_OPEN,
    envBytes: env.bytes,
  };
}

/** Write the line with its checksum at an offset of a buffer that has room for it. Returns the offset behind it. */
export function writeLine({ tail, bytes }: Pick<EncodedRecord, "tail" | "bytes">, into: Buffer, at: number): number {
  const end = at + bytes;
  const ascii = tail.length + CRC_PREFIX_BYTES + 1 === bytes;
  writePrefix(into, at, crc32(tail));
  into.write(tail, at + CRC_PREFIX_BYTES, ascii ? "latin1" : "utf8");
  into[end - 1] = NEWLINE;
  return end;
}

/** The position that a sound line claims, without decoding it; 0 where the line is of another kind. */
export function seqOfLine(from: Buffer, start: number, end: number): number {
  let at = start + CRC_PREFIX_BYTES + CUT_OPEN;
  for (let unit = from[at]; at < end && (unit === COMMA || isDigit(unit)); unit = from[++at]);
  return from[at] === CLOSE_BRACKET ? seqIn(from, at + ENV_OPEN) : 0;
}

/**
 * The record of a sound line in [start, end). `ascii` says that the buffer holds ASCII only, which decodes faster.
 * Throws a RangeError or SyntaxError for a line that is not of this format although its checksum holds.
 */
export function decodeRecord(from: Buffer, start: number, end: number, ascii: boolean): LogRecord {
  const cuts: number[] = [];
  let at = start + CRC_PREFIX_BYTES + CUT_OPEN;
  let number = 0;
  for (; at < end; at++) {
    const unit = from[at] ?? 0;
    if (unit >= 48 && unit <= 57) number = number * 10 + (unit - 48);
    else {
      cuts.push(number);
      number = 0;
      if (unit !== COMMA) break;
    }
  }
  const [envBytes, cmdBytes] = cuts;
  if (envBytes === undefined || cmdBytes === undefined) throw new RangeError("a record without cuts");
  const slice = ascii ? sliceLatin1 : sliceUtf8;
  at += ENV_OPEN;
  const env = envelopeOf(from, at, at + envBytes);
  at += envBytes;
  const erased = from[at + KIND_AT] === LETTER_E ? erasureOf(from, at) : undefined;
  at = erased?.payloadAt ?? at + SALT_OPEN + SALT_CHARS + PAYLOAD_OPEN;
  const cmdAt = at;
  at += cmdBytes + TEXTS_OPEN;
  const texts: string[] = [];
  for (let i = 2; i < cuts.length; i++) {
    const bytes = cuts[i] ?? 0;
    texts.push(slice(from, at, at + bytes));
    at += bytes + 1;
  }
  // `]}}` ends the line; without texts there is no comma to step over.
  if (at + (texts.length === 0 ? 3 : 2) !== end) throw new RangeError("a record whose cuts do not add up");
  const command =
    plainPutOf(from, cmdAt, cmdAt + cmdBytes, texts[0]) ??
    commandOf(JSON.parse(slice(from, cmdAt, cmdAt + cmdBytes)), texts);
  const { at: wall, clock, actor, source, id, seq, hash } = env;
  const record = withLinks({ at: wall, clock, actor, source, id: commandId(id), command, seq, hash }, env);
  return erased === undefined ? record : { ...record, command: shownOf(command), erased: erased.outcome };
}

/** Behind the envelope stands `,"salt"` or `,"erased"`: the letter that tells. */
const KIND_AT = ',"'.length;
const LETTER_E = 0x65;
const SALT_OPEN = ',"salt":"'.length;
const PAYLOAD_OPEN = '","payload":{"cmd":'.length;
const TEXTS_OPEN = ',"texts":['.length;

// Both copy: a kept text must not hold the whole read buffer in memory.
const sliceLatin1 = (from: Buffer, start: number, end: number): string => from.toString("latin1", start, end);
const sliceUtf8 = (from: Buffer, start: number, end: number): string => from.toString("utf8", start, end);
