// Owns the envelope's text: what is kept of every record for ever (rule 16, ADR 0001).
// Does not own the line around it. The order of members is frozen, so that a reader may count on it.

import { type Links, type LogRecord, RECORD_FORMAT, withLinks } from "../protocol/index.ts";
import { CRC_PREFIX_BYTES } from "./checked-line.ts";
import { HASH_CHARS } from "./commitment.ts";
import { isPlain, plainEnd, quoted } from "./payload.ts";

export type Envelope = Omit<LogRecord, "command" | "id"> & { readonly id: string; readonly type: string };

const COMMA = 0x2c;
const ZERO = 0x30;
const NINE = 0x39;

/** The envelope as text, and its length in UTF-8 bytes. */
export function envelopeText({ seq, at, clock, actor, source, id, type, hash, role, trace, task }: Envelope): {
  text: string;
  bytes: number;
} {
  // Members that came later stand behind the frozen ones, and only where there is something to say.
  let links = role === undefined ? "" : `,"role":${quoted(role)}`;
  if (trace !== undefined) links += `,"trace":"${trace}"`;
  if (task !== undefined) links += `,"task":${quoted(task)}`;
  const text = `{"v":${RECORD_FORMAT},"seq":${seq},"at":${at},"clock":${clock},"actor":${quoted(actor)},"source":${quoted(source)},"id":${quoted(id)},"type":"${type}","hash":"${hash}"${links}}`;
  // Counting bytes makes V8 join the pieces of the text: plain words spare that.
  const plain =
    isPlain(actor) && isPlain(source) && isPlain(id) && (links === "" || isPlain((role ?? "") + (task ?? "")));
  return { text, bytes: plain ? text.length : Buffer.byteLength(text) };
}

const SEQ_AT = '{"v":1,"seq":'.length;

/** The envelope in [start, end) of a sound line. Throws a RangeError for a format that is not known. */
export function envelopeOf(from: Buffer, start: number, end: number): Envelope {
  if (from[start + 5] === ZERO + RECORD_FORMAT && from[start + 6] === COMMA) {
    const fast = plainEnvelope(from, start, end);
    if (fast !== undefined) return fast;
  }
  const parsed = JSON.parse(from.toString("utf8", start, end)) as Envelope & { readonly v: number };
  if (parsed.v !== RECORD_FORMAT) throw new RangeError(`record format ${parsed.v} is not known to this version`);
  return parsed;
}

/** Cut out the members where they are plain, which costs half of JSON.parse; undefined where one is not. */
function plainEnvelope(from: Buffer, start: number, end: number): Envelope | undefined {
  let at = start + SEQ_AT;
  const seqEnd = digitsEnd(from, at);
  const seq = numberIn(from, at, seqEnd);
  at = seqEnd + ',"at":'.length;
  const atEnd = digitsEnd(from, at);
  const wall = numberIn(from, at, atEnd);
  at = atEnd + ',"clock":'.length;
  const clockEnd = digitsEnd(from, at);
  const clock = numberIn(from, at, clockEnd);
  if (from[seqEnd] !== COMMA || from[atEnd] !== COMMA || from[clockEnd] !== COMMA) return undefined;
  at = clockEnd + ',"actor":"'.length;
  const actorEnd = plainEnd(from, at);
  if (actorEnd < 0) return undefined;
  const actor = from.toString("latin1", at, actorEnd);
  at = actorEnd + '","source":"'.length;
  const sourceEnd = plainEnd(from, at);
  if (sourceEnd < 0) return undefined;
  const source = from.toString("latin1", at, sourceEnd);
  at = sourceEnd + '","id":"'.length;
  const idEnd = plainEnd(from, at);
  if (idEnd < 0) return undefined;
  const id = from.toString("latin1", at, idEnd);
  at = idEnd + '","type":"'.length;
  const typeEnd = plainEnd(from, at);
  if (typeEnd < 0) return undefined;
  const type = from.toString("latin1", at, typeEnd);
  at = typeEnd + '","hash":"'.length;
  const hash = from.toString("latin1", at, at + HASH_CHARS);
  const envelope = { seq: seq as LogRecord["seq"], at: wall, clock, actor, source, id, type, hash };
  at += HASH_CHARS + 1;
  return at + 1 === end ? envelope : withLinks(envelope, linksIn(from, at, end));
}

/** The role that nearly every record has as long as there are no tokens. */
const OPEN = ',"role":"open"}';
const OPEN_LINKS: Links = { role: "open" };

/** What stands behind the hash. What this version does not know is passed over. */
function linksIn(from: Buffer, start: number, end: number): Links {
  const text = from.toString("utf8", start, end);
  return text === OPEN ? OPEN_LINKS : (JSON.parse(`{${text.slice(1)}`) as Links);
}

function digitsEnd(from: Buffer, start: number): number {
  let at = start;
  for (let unit = from[at]; unit !== undefined && unit >= ZERO && unit <= NINE; unit = from[++at]);
  return at;
}

/** The whole number of at most 16 digits in [start, end). */
function numberIn(from: Buffer, start: number, end: number): number {
  let value = 0;
  for (let at = start; at < end; at++) value = value * 10 + ((from[at] ?? 0) - ZERO);
  return value;
}

const SEQ_OPEN = ',"seq":'.length;

/** The position in the envelope at `start`, without reading the rest; 0 where there is none. */
export function seqIn(from: Buffer, start: number): number {
  const versionEnd = digitsEnd(from, start + '{"v":'.length);
  const seqStart = versionEnd + SEQ_OPEN;
  return numberIn(from, seqStart, digitsEnd(from, seqStart));
}

// A line opens with its checksum, then the cuts and the envelope.
export const CUT_OPEN = '"cut":['.length;
export const ENV_OPEN = '],"env":'.length;
const CLOSE_BRACKET = 0x5d;

export const isDigit = (unit: number | undefined): boolean => unit !== undefined && unit >= 0x30 && unit <= 0x39;

/** Where the envelope of a line stands: from its brace to behind its brace. Undefined where the line is of another kind. */
export function envelopeRange(from: Buffer, start: number, end: number): readonly [number, number] | undefined {
  let at = start + CRC_PREFIX_BYTES + CUT_OPEN;
  let bytes = 0;
  let unit = from[at];
  for (; at < end && isDigit(unit); unit = from[++at]) bytes = bytes * 10 + ((unit ?? 0) - 0x30);
  for (; at < end && (unit === COMMA || isDigit(unit)); unit = from[++at]);
  const envStart = at + ENV_OPEN;
  return unit === CLOSE_BRACKET && bytes > 0 && envStart + bytes < end ? [envStart, envStart + bytes] : undefined;
}
