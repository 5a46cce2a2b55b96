// Owns a sum of SHA-256 values modulo 2^256, in eight 32-bit lanes: the multiset hash of rule 18.
// Does not own what is hashed. Adding and subtracting commute, so no order of items matters.

const LANES = 8;

/** Eight hex digits (lower case) as an unsigned number. */
function wordAt(hex: string, offset: number): number {
  let word = 0;
  for (let i = offset; i < offset + 8; i++) {
    const unit = hex.charCodeAt(i);
    word = (word << 4) | ((unit & 15) + (unit >> 6) * 9);
  }
  return word >>> 0;
}

export class Lanes {
  /** Lowest lane first. */
  readonly #words = new Uint32Array(LANES);

  add(hex: string): void {
    let carry = 0;
    for (let lane = 0; lane < LANES; lane++) {
      const sum = (this.#words[lane] as number) + wordAt(hex, 56 - lane * 8) + carry;
      this.#words[lane] = sum;
      carry = sum > 0xffff_ffff ? 1 : 0;
    }
  }

  subtract(hex: string): void {
    let borrow = 0;
    for (let lane = 0; lane < LANES; lane++) {
      const difference = (this.#words[lane] as number) - wordAt(hex, 56 - lane * 8) - borrow;
      this.#words[lane] = difference;
      borrow = difference < 0 ? 1 : 0;
    }
  }

  copy(): Lanes {
    return Lanes.from(this.toHex());
  }

  toHex(): string {
    let hex = "";
    for (const word of this.#words) hex = word.toString(16).padStart(8, "0") + hex;
    return hex;
  }

  static from(hex: string): Lanes {
    const lanes = new Lanes();
    lanes.add(hex);
    return lanes;
  }
}
