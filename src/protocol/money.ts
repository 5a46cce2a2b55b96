// Owns how money is written by people: US dollars as a decimal text, exactly. Inside, money is integer nano-USD (law L8).

import { MAX_AMOUNT } from "./limits.ts";

const NANO_PER_USD = 1_000_000_000n;

/** Dollars as a decimal text without loss: 1_500_000 is `0.0015`, -20 is `-0.00000002`. */
export function usdText(nanoUsd: number): string {
  const nano = BigInt(Math.abs(nanoUsd));
  const fraction = String(nano % NANO_PER_USD)
    .padStart(9, "0")
    .replace(/0+$/, "");
  const whole = String(nano / NANO_PER_USD);
  return `${nanoUsd < 0 ? "-" : ""}${whole}${fraction === "" ? "" : `.${fraction}`}`;
}

/**
 * Integer nano-USD of a decimal text such as `1.50`, `.25` or `1_000.5`: no rounding, no floats on the way. Undefined where it
 * is none, has more than nine decimals, or is beyond 2^53-1 nano-USD.
 */
export function nanoUsdOf(text: string): number | undefined {
  const match = /^(\d[\d_]*)?(?:\.(\d{1,9})0*)?$/.exec(text);
  if (match === null || (match[1] === undefined && match[2] === undefined)) return undefined;
  const whole = BigInt((match[1] ?? "0").replaceAll("_", ""));
  const nano = whole * NANO_PER_USD + BigInt((match[2] ?? "").padEnd(9, "0"));
  return nano > BigInt(MAX_AMOUNT) ? undefined : Number(nano);
}
