// Owns the bytes of a record: one JSON line with its checksum, its cuts, the envelope and the payload (ADR 0001).
// Does not own files. Invariant: decoding what was encoded gives an equal record, texts byte for byte (rule 19).

import {
  commandId,
  RECORD_FORMAT,
  seq as toSeq,
  type Command,
  type Draft,
  type LogRecord,
  type Seq,
} from "../protocol/index.ts";
import { CRC_PREFIX_BYTES, sealLine } from "./checked-line.ts";
import { commitmentOf, SALT_CHARS, saltOf } from "./commitment.ts";
import { commandOf, payloadPartsOf, quoted } from "./payload.ts";

/** A record and its line. The checksum is not in the line yet: it is a sum over bytes, see `writeLine`. */
export interface EncodedRecord {
  readonly record: LogRecord;
  /** The line from `"cut"` on, without the newline. */
  readonly tail: string;
  /** Bytes of the whole line with its newline. */
  readonly bytes: number;
}

const NEWLINE = 0x0a;
const COMMA = 0x2c;
/** Where the cuts are few, as in every single command, the position stands within so many bytes. */
const SEQ_WITHIN_BYTES = 160;

/** Give a draft its position and its bytes. */
export function encodeRecord(draft: Draft, seq: Seq, boardSecret: string): EncodedRecord {
  const { at, clock, actor, source, id, command } = draft;
  const { cmd, texts } = payloadPartsOf(command);
  const payload = `{"cmd":${cmd},"texts":[${texts.length === 1 ? texts[0] : texts.join(",")}]}`;
  // Without an id nothing needs to hash alike: the position keeps equal payloads from showing that they are equal.
  const salt = saltOf(boardSecret, actor, id === "" ? `\0${seq}` : id);
  const hash = commitmentOf(salt, payload);
  const env = `{"v":${RECORD_FORMAT},"seq":${seq},"at":${at},"clock":${clock},"actor":${quoted(actor)},"source":${quoted(source)},"id":${quoted(id)},"type":"${command.type}","hash":"${hash}"}`;
  const envBytes = Buffer.byteLength(env);
  let cuts = `${envBytes},${Buffer.byteLength(cmd)}`;
  for (const text of texts) cuts += `,${Buffer.byteLength(text)}`;
  const tail = `"cut":[${cuts}],"env":${env},"salt":"${salt}","payload":${payload}}`;
  return {
    record: { at, clock, actor, source, id, command, seq, hash },
    tail,
    bytes: CRC_PREFIX_BYTES + Buffer.byteLength(tail) + 1,
  };
}

/** Write the line with its checksum at an offset of a buffer that has room for it. Returns the offset behind it. */
export function writeLine(encoded: Pick<EncodedRecord, "tail" | "bytes">, into: Buffer, at: number): number {
  const end = at + encoded.bytes;
  const ascii = encoded.tail.length + CRC_PREFIX_BYTES + 1 === encoded.bytes;
  into.write(encoded.tail, at + CRC_PREFIX_BYTES, ascii ? "latin1" : "utf8");
  into[end - 1] = NEWLINE;
  sealLine(into, at, end - 1);
  return end;
}

/** The position that a sound line claims, without decoding it; 0 where the line is of another kind. */
export function seqOfLine(from: Buffer, start: number, end: number): number {
  // The first "seq": of a line is the envelope's: only digits and commas come before it.
  const head = from.toString("latin1", start, Math.min(end, start + SEQ_WITHIN_BYTES));
  const env = head.indexOf('],"env":{"v":');
  if (env < 0) return seqAfter(from.toString("latin1", start, end));
  return seqAfter(head.slice(env));
}

function seqAfter(text: string): number {
  const found = /\],"env":\{"v":\d+,"seq":(\d+),/.exec(text);
  return found === null ? 0 : Number(found[1]);
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
  const env = JSON.parse(slice(from, at, at + envBytes)) as Envelope;
  if (env.v !== RECORD_FORMAT) throw new RangeError(`record format ${env.v} is not known to this version`);
  at += envBytes + SALT_OPEN + SALT_CHARS + PAYLOAD_OPEN;
  const cmd = JSON.parse(slice(from, at, at + cmdBytes)) as unknown;
  at += cmdBytes + TEXTS_OPEN;
  const texts: string[] = [];
  for (let i = 2; i < cuts.length; i++) {
    const bytes = cuts[i] ?? 0;
    texts.push(slice(from, at, at + bytes));
    at += bytes + 1;
  }
  // `]}}` ends the line; without texts there is no comma to step over.
  if (at + (texts.length === 0 ? 3 : 2) !== end) throw new RangeError("a record whose cuts do not add up");
  return recordOf(env, commandOf(cmd, texts));
}

/** What is kept of every record for ever (rule 16). */
interface Envelope {
  readonly v: number;
  readonly seq: number;
  readonly at: number;
  readonly clock: number;
  readonly actor: string;
  readonly source: string;
  readonly id: string;
  readonly type: Command["type"];
  readonly hash: string;
}

function recordOf(env: Envelope, command: Command): LogRecord {
  const { at, clock, actor, source, id, seq, hash } = env;
  return { at, clock, actor, source, id: commandId(id), command, seq: toSeq(seq), hash };
}

const CUT_OPEN = '"cut":['.length;
const ENV_OPEN = '],"env":'.length;
const SALT_OPEN = ',"salt":"'.length;
const PAYLOAD_OPEN = '","payload":{"cmd":'.length;
const TEXTS_OPEN = ',"texts":['.length;

// Both copy: a kept text must not hold the whole read buffer in memory.
const sliceLatin1 = (from: Buffer, start: number, end: number): string => from.toString("latin1", start, end);
const sliceUtf8 = (from: Buffer, start: number, end: number): string => from.toString("utf8", start, end);
