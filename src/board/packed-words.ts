// Owns a compact text form of random 32-bit numbers, six characters each (64 printable ASCII characters, 6 bits apiece).
// Does not own what they mean.

const ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_";
const WIDTH = 6;

const DIGIT = new Uint8Array(128);
for (let i = 0; i < ALPHABET.length; i++) DIGIT[ALPHABET.charCodeAt(i)] = i;

/** The columns one after the other. */
export function packWords(columns: readonly Uint32Array[]): string {
  let text = "";
  for (const column of columns) {
    for (const word of column) {
      for (let shift = 30; shift >= 0; shift -= 6) text += ALPHABET[(word >>> shift) & 63];
    }
  }
  return text;
}

/** Number of words in a packed text. */
export const packedLength = (text: string): number => text.length / WIDTH;

export function wordAt(text: string, index: number): number {
  let word = 0;
  for (let i = index * WIDTH; i < (index + 1) * WIDTH; i++)
    word = (word << 6) | (DIGIT[text.charCodeAt(i) & 127] as number);
  return word >>> 0;
}
