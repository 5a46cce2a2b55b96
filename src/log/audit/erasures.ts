// Owns holding what is left of erased records against the records of their erasure (rule 17): nobody may erase unsaid, or
// leave other words behind. Does not own where the lines stand (verify).

import type { Finding } from "./evidence.ts";
import type { ReadLine } from "./line.ts";

export interface Erasures {
  /** Look at a line that is in its place. */
  see(place: number, line: ReadLine): void;
  readonly count: number;
  /** `isAll`: every record behind an erased one is there, so that the record of its erasure must be, too. */
  findings(
    isAll: boolean,
    from: number,
  ): { readonly findings: readonly Finding[]; readonly remarks: readonly string[] };
}

const ERASURE = Buffer.from('"type":"record.erase"', "latin1");

/** Bounded by the number of erased records. */
export function createErasures(): Erasures {
  const erased = new Map<number, string>();
  const recorded = new Map<number, Set<string>>();
  return {
    get count() {
      return erased.size;
    },
    see: (place, { left, redacted, bytes }) => {
      if (left !== undefined) erased.set(place, left);
      if (redacted || !bytes.includes(ERASURE)) return;
      const said = erasureIn(bytes);
      if (said === undefined) return;
      const known = recorded.get(said.seq) ?? new Set();
      recorded.set(said.seq, known.add(said.left));
    },
    findings: (isAll, from) => {
      const findings: Finding[] = [];
      let unknown = 0;
      for (const [seq, left] of erased) {
        const said = recorded.get(seq);
        if (said?.has(left) === true) continue;
        const why =
          said === undefined
            ? "no record says that it was"
            : "what is left of it is not what the record of its erasure names";
        if (said === undefined && !isAll) unknown++;
        else findings.push({ kind: "changed", seq, text: `record ${seq} was erased, but ${why}` });
      }
      const remarks: string[] = [];
      const due = isAll ? [...recorded.keys()].filter((seq) => !erased.has(seq) && seq >= from) : [];
      for (const seq of due) remarks.push(`the erasure of record ${seq} is recorded, but not carried out yet`);
      if (erased.size > 0) remarks.push(`${erased.size} erased records: their envelopes verify, their values are gone`);
      if (unknown > 0)
        remarks.push(
          `${unknown} of them were erased by records that are not here: what is left of them is not vouched for`,
        );
      return { findings, remarks };
    },
  };
}

function erasureIn(bytes: Buffer): { readonly seq: number; readonly left: string } | undefined {
  try {
    const line = JSON.parse(bytes.toString("utf8")) as { payload?: { cmd?: Record<string, unknown> } };
    const { type, seq, left } = line.payload?.cmd ?? {};
    return type === "record.erase" && typeof seq === "number" && typeof left === "string" ? { seq, left } : undefined;
  } catch {
    return undefined;
  }
}
