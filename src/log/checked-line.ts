// Owns the checksum that every line of our files opens with: records, segment headers, epochs, snapshot heads.
// Does not own what a line says. Invariant: a line whose checksum holds is byte for byte what was written.

import { crc32 } from "node:zlib";

/** `{"crc":"` + 8 hex digits + `",`: the checksum covers all that follows, without the newline. */
export const CRC_PREFIX_BYTES = 18;
const CRC_DIGITS_AT = 8;

/** Write the prefix of a line at `start`, for the checksum of the bytes that follow it. */
export function writePrefix(into: Buffer, start: number, checksum: number): void {
  for (let i = 0; i < CRC_DIGITS_AT; i++) into[start + i] = OPENING[i] ?? 0;
  let value = checksum;
  for (let at = start + CRC_DIGITS_AT + 7; at >= start + CRC_DIGITS_AT; at--) {
    const nibble = value & 15;
    into[at] = nibble < 10 ? 48 + nibble : 87 + nibble;
    value >>>= 4;
  }
  into[start + 16] = QUOTE;
  into[start + 17] = COMMA;
}

/** Whether the line in [start, end), without its newline, carries the checksum of its bytes. */
export function lineIsSound(from: Buffer, start: number, end: number): boolean {
  if (end - start < CRC_PREFIX_BYTES) return false;
  for (let i = 0; i < CRC_DIGITS_AT; i++) if (from[start + i] !== OPENING[i]) return false;
  if (from[start + 16] !== QUOTE || from[start + 17] !== COMMA) return false;
  return readHex(from, start + CRC_DIGITS_AT) === crc32(from.subarray(start + CRC_PREFIX_BYTES, end));
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const OPENING = Buffer.from('{"crc":"', "latin1");

/** Eight lower-case hex digits as a number, or -1. */
function readHex(from: Buffer, at: number): number {
  let value = 0;
  for (let i = at; i < at + 8; i++) {
    const unit = from[i] ?? 0;
    const nibble = unit >= 48 && unit <= 57 ? unit - 48 : unit >= 97 && unit <= 102 ? unit - 87 : -1;
    if (nibble < 0) return -1;
    value = value * 16 + nibble;
  }
  return value;
}

/** An object with at least one member as a line with checksum and newline. */
export function checkedLineOf(value: object): Buffer {
  const rest = JSON.stringify(value).slice(1);
  const line = Buffer.alloc(CRC_PREFIX_BYTES + Buffer.byteLength(rest) + 1);
  line.write(rest, CRC_PREFIX_BYTES);
  line[line.length - 1] = 0x0a;
  writePrefix(line, 0, crc32(rest));
  return line;
}

/** The object of a checked line in [start, end), or undefined where it is damaged. */
export function objectOfLine(from: Buffer, start: number, end: number): Readonly<Record<string, unknown>> | undefined {
  if (!lineIsSound(from, start, end)) return undefined;
  try {
    return JSON.parse(from.toString("utf8", start, end)) as Readonly<Record<string, unknown>>;
  } catch {
    return undefined;
  }
}
