// Owns telling what became of a sequence of records: which were changed, removed, inserted, moved or cut off.
// Does not own hashes or signatures: it is given where each line belongs, if anywhere. Pure.

import type { Finding } from "./evidence.ts";

export interface Placed {
  /** Where the line belongs, beyond doubt; undefined where it belongs nowhere. */
  readonly place: number | undefined;
  /** Where it says that it belongs. */
  readonly claim: number | undefined;
  readonly problem: string | undefined;
  /** Where it stands, in brackets, for people; may be empty. */
  readonly where: string;
}

/** Compare lines, in their order, with the positions `from` to `to`. */
export function orderFindings(lines: readonly Placed[], from: number, to: number): Finding[] {
  const findings: Finding[] = [];
  const inPlace = longestRise(lines);
  const seen = new Set<number>();
  for (const { place } of lines) if (place !== undefined) seen.add(place);
  const changed = new Set<number>();
  const met = new Set<number>();
  let before = from - 1;
  for (const [i, { place, claim, problem, where }] of lines.entries()) {
    if (place === undefined) {
      // A line that cannot say where it belongs takes the place that is free there.
      const at = claim !== undefined && claim >= from && claim <= to && !seen.has(claim) ? claim : before + 1;
      if (at <= to && !seen.has(at) && !changed.has(at)) {
        changed.add(at);
        before = Math.max(before, at);
        findings.push({
          kind: "changed",
          seq: at,
          text: `record ${at} was changed: ${problem ?? "it is not the one that was signed"}${where}`,
        });
      } else {
        findings.push({
          kind: "inserted",
          seq: before,
          text: `a line was inserted after record ${before}: ${problem ?? "it is no record of this log"}${where}`,
        });
      }
    } else if (met.has(place)) {
      findings.push({
        kind: "inserted",
        seq: place,
        text: `record ${place} stands there again after record ${before}${where}`,
      });
    } else {
      met.add(place);
      if (inPlace.has(i)) before = place;
      else
        findings.push({
          kind: "reordered",
          seq: place,
          text: `record ${place} was moved: it stands ${between(before, lines[i + 1]?.place)}${where}`,
        });
      if (place > to)
        findings.push({ kind: "inserted", seq: place, text: `record ${place} is beyond the end at ${to}${where}` });
    }
  }
  const taken = [...met, ...changed];
  let last = from - 1;
  for (const place of taken) last = Math.max(last, place);
  for (const [first, end] of gapsOf(from, to, taken)) {
    const which = first === end ? `record ${first}` : `records ${first} to ${end}`;
    if (end === to && first > last)
      findings.push({
        kind: "cut_off",
        seq: first,
        text: `the log was cut off after record ${last}: ${which} ${first === end ? "is" : "are"} gone`,
      });
    else findings.push({ kind: "removed", seq: first, text: `${which} ${first === end ? "was" : "were"} removed` });
  }
  return findings;
}

const between = (before: number, after: number | undefined): string =>
  after === undefined ? `after record ${before}` : `between the records ${before} and ${after}`;

/** Ranges of `from` to `to` in which no place is taken. Its cost is that of the places, however far `to` lies. */
function* gapsOf(from: number, to: number, taken: readonly number[]): Generator<[number, number], void> {
  let next = from;
  for (const place of [...taken].sort((a, b) => a - b)) {
    if (place > to) break;
    if (place > next) yield [next, place - 1];
    next = Math.max(next, place + 1);
  }
  if (next <= to) yield [next, to];
}

/** Indices of the lines that are in order: a longest rising subsequence, so that as few as possible count as moved. */
function longestRise(lines: readonly Placed[]): Set<number> {
  const ends: number[] = [];
  const prior: (number | undefined)[] = [];
  const placeOf = (index: number | undefined): number => lines[index ?? -1]?.place ?? -Infinity;
  for (const [i, { place }] of lines.entries()) {
    prior.push(undefined);
    if (place === undefined) continue;
    let [low, high] = [0, ends.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (placeOf(ends[middle]) < place) low = middle + 1;
      else high = middle;
    }
    prior[i] = ends[low - 1];
    ends[low] = i;
  }
  const rise = new Set<number>();
  for (let at = ends.at(-1); at !== undefined; at = prior[at]) rise.add(at);
  return rise;
}
