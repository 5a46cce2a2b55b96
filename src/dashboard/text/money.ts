// Owns how money is written: integer nano-USD (10^-9 US dollars) as dollars, exactly, in the reader's locale.
// Does not own amounts. No figure passes through a fraction in binary: the digits are cut as text and formatted as text.

/** Digits after the point of which a short amount keeps at most so many. */
const SHORT_DIGITS = 4;
const NANO_DIGITS = 9;
const LEAST_SHORT = 10n ** BigInt(NANO_DIGITS - SHORT_DIGITS);

const dollars = (digits: number) =>
  new Intl.NumberFormat(undefined, {
    style: "currency",
    currency: "USD",
    currencyDisplay: "narrowSymbol",
    minimumFractionDigits: 2,
    maximumFractionDigits: digits,
  });
const exact = dollars(NANO_DIGITS);
const short = dollars(SHORT_DIGITS);

/** `nanoUsd` as a decimal number of dollars: `1.2345` for 1 234 500 000. */
function decimalOf(nanoUsd: bigint): Intl.StringNumericLiteral {
  const digits = String(nanoUsd < 0n ? -nanoUsd : nanoUsd).padStart(NANO_DIGITS + 1, "0");
  const text = `${nanoUsd < 0n ? "-" : ""}${digits.slice(0, -NANO_DIGITS)}.${digits.slice(-NANO_DIGITS)}`;
  return text as Intl.StringNumericLiteral;
}

/** Every digit there is, two after the point at least: $1.2345, $0.000000001. `nanoUsd`: a safe integer. */
export function money(nanoUsd: number): string {
  return Number.isSafeInteger(nanoUsd) ? exact.format(decimalOf(BigInt(nanoUsd))) : "–";
}

/** At most four digits after the point; what is less than that is not called nothing. */
export function shortMoney(nanoUsd: number): string {
  if (!Number.isSafeInteger(nanoUsd)) return "–";
  const amount = BigInt(nanoUsd);
  if (amount > 0n && amount < LEAST_SHORT) return `<${short.format(decimalOf(LEAST_SHORT))}`;
  return short.format(decimalOf(amount));
}
