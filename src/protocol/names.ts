// Owns the branded identifiers and the rules that a name must meet.
// Does not own where a name is looked up. Names compare and sort by their UTF-8 bytes, never normalised.

import { z } from "zod";
import { DEFAULT_LIMITS } from "./limits.ts";

/** Position of a record in its board's log: 1, 2, 3, … without a gap. 0 is "before the first". */
export type Seq = number & { readonly __brand: "Seq" };
/** Name of one unbroken history of a board's log (law L7). Changes only when history is cut. */
export type Epoch = string & { readonly __brand: "Epoch" };
/** The caller's name for one command, unique per board and actor (law L9). */
export type CommandId = string & { readonly __brand: "CommandId" };

export const seq = (value: number): Seq => value as Seq;
export const epoch = (value: string): Epoch => value as Epoch;
export const commandId = (value: string): CommandId => value as CommandId;

/** A board's name is also its folder: lower case letters, digits, `-` and `_`, 1 to 64 characters. */
export const boardNameSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,63}$/, "a board name is 1 to 64 of a-z 0-9 - _, beginning with a letter or digit");

/** Number of bytes of a well-formed string in UTF-8. */
export function utf8Bytes(text: string): number {
  let bytes = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) continue;
    if (unit < 0x800) bytes += 1;
    else if (unit >= 0xd800 && unit <= 0xdbff) {
      bytes += 2;
      i++;
    } else bytes += 2;
  }
  return bytes;
}

/** Order of two names by their UTF-8 bytes, which is their order by code point (rule 19). */
export function compareNames(a: string, b: string): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x === y) continue;
    // Surrogates stand for code points above all of the BMP, though their units are below U+E000.
    const xHigh = x >= 0xd800 && x <= 0xdfff;
    const yHigh = y >= 0xd800 && y <= 0xdfff;
    if (xHigh !== yHigh) return xHigh ? 1 : -1;
    return x - y;
  }
  return a.length - b.length;
}

/**
 * A key, task, agent, claim or request name: any well-formed text of 1 to `maxBytes` UTF-8 bytes.
 * Lone surrogates are refused, because they have no UTF-8 form.
 */
export const nameSchema = (maxBytes: number = DEFAULT_LIMITS.maxKeyBytes) =>
  z
    .string()
    .min(1)
    .max(maxBytes, { error: `longer than ${maxBytes} bytes` })
    .refine((name) => name.isWellFormed(), "holds a lone surrogate, which has no UTF-8 form")
    .refine((name) => utf8Bytes(name) <= maxBytes, `longer than ${maxBytes} bytes`)
    .describe(`1 to ${maxBytes} bytes of UTF-8, not characters.`);
