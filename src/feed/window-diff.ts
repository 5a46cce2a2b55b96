// Owns what a window's client has to be sent: runs of rows that it holds already, and the new ones among them (rule 11).
// Does not own putting them together again (window-rows.ts, at the client).

/**
 * The new window in terms of the old one: a pair is a run of old rows (first and last index) that are the same in key
 * and seq, a number is the index in the new window of a row that the client does not hold.
 */
export function diffRows(
  oldKeys: readonly string[],
  oldSeqs: readonly number[],
  newKeys: readonly string[],
  newSeqs: readonly number[],
): (number | [number, number])[] {
  const places = new Map<string, number>();
  for (const [place, key] of oldKeys.entries()) places.set(key, place);
  const rows: (number | [number, number])[] = [];
  let run: [number, number] | undefined;
  for (const [index, key] of newKeys.entries()) {
    const place = places.get(key);
    if (place === undefined || oldSeqs[place] !== newSeqs[index]) {
      run = undefined;
      rows.push(index);
    } else if (run !== undefined && place === run[1] + 1) {
      run[1] = place;
    } else {
      run = [place, place];
      rows.push(run);
    }
  }
  return rows;
}
