// Owns a compact text form of random 32-bit numbers, six characters each (64 printable ASCII characters, 6 bits apiece).
// Does not own what they mean.

const ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_";
const WIDTH = 6;
/** Characters that are made into text at once. */
const CHUNK = 4096;

const UNIT = Uint8Array.from(ALPHABET, (character) => character.charCodeAt(0));
const DIGIT = new Uint8Array(128);
UNIT.forEach((unit, digit) => {
  DIGIT[unit] = digit;
});

/** The columns one after the other. */
export function packWords(columns: readonly Uint32Array[]): string {
  const units = new Uint8Array(columns.reduce((sum, column) => sum + column.length, 0) * WIDTH);
  let at = 0;
  for (const column of columns) {
    for (let i = 0; i < column.length; i++) {
      const word = column[i] as number;
      for (let shift = 30; shift >= 0; shift -= 6) units[at++] = UNIT[(word >>> shift) & 63] as number;
    }
  }
  let text = "";
  for (let from = 0; from < units.length; from += CHUNK) {
    // Not spread: that walks an iterator and is many times slower. Array-likes are what apply takes.
    text += String.fromCharCode.apply(null, units.subarray(from, from + CHUNK) as unknown as number[]);
  }
  return text;
}

export function wordAt(text: string, index: number): number {
  let word = 0;
  for (let i = index * WIDTH; i < (index + 1) * WIDTH; i++)
    word = (word << 6) | (DIGIT[text.charCodeAt(i) & 127] as number);
  return word >>> 0;
}
