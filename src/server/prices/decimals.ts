// Owns how a decimal of US dollars becomes integer nano-USD: by its digits, so that nothing drifts (rule 3).
// Does not own what is priced (spend.ts).

import { MAX_AMOUNT } from "../../protocol/index.ts";

/** 0 to 9 007 199.254740991, at most 9 digits behind the point. */
const DECIMAL = /^(\d{1,7})(?:\.(\d{1,9}))?$/;

/** Integer nano-USD (10^-9 US dollars) of a decimal such as `0.25`; undefined where it is none, or out of range. */
export function nanoUsdOf(usd: string): number | undefined {
  const match = DECIMAL.exec(usd);
  if (match === null) return undefined;
  const nano = BigInt(`${match[1] ?? ""}${(match[2] ?? "").padEnd(9, "0")}`);
  return nano > BigInt(MAX_AMOUNT) ? undefined : Number(nano);
}

/** The decimal of integer nano-USD, without zeros at its end: 250000000 is `0.25`. */
export function usdOf(nanoUsd: number): string {
  const digits = String(nanoUsd).padStart(10, "0");
  const fraction = digits.slice(-9).replace(/0+$/, "");
  return fraction === "" ? digits.slice(0, -9) : `${digits.slice(0, -9)}.${fraction}`;
}
