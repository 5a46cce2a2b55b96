// Owns how the outcome of a command is kept beside its id: the usual ones in a few numbers, the rest as JSON text.
// Does not own outcomes themselves. A repeat gets the first outcome back with `duplicate` set (law L9).

import type { Accepted, Outcome } from "../protocol/index.ts";
import { type IdColumns, Tag } from "./id-columns.ts";

export interface PackedOutcome {
  readonly tag: number;
  readonly rev: number;
  readonly ttlMs: number;
  readonly text: string | undefined;
}

const PLAIN: PackedOutcome = { tag: Tag.plain, rev: 0, ttlMs: 0, text: undefined };

/** `clock` is the record's; an expiry is kept as its distance from it. */
export function packOutcome(outcome: Outcome, clock: number): PackedOutcome {
  if (outcome.ok && outcome.parts === undefined) {
    const { rev, fence, expiresAtClock, hold, late } = outcome.made;
    if (hold !== undefined || late !== undefined) return packHold(outcome, clock);
    const small = rev === undefined || rev <= 0xffff_ffff;
    if (small && fence === undefined) {
      if (expiresAtClock === undefined) {
        return rev === undefined ? PLAIN : { tag: Tag.rev, rev, ttlMs: 0, text: undefined };
      }
      if (rev !== undefined) return { tag: Tag.revTtl, rev, ttlMs: expiresAtClock - clock, text: undefined };
    } else if (rev === undefined && fence !== undefined && fence <= 0xffff_ffff && expiresAtClock !== undefined) {
      return { tag: Tag.fenceTtl, rev: fence, ttlMs: expiresAtClock - clock, text: undefined };
    }
  }
  return { tag: Tag.text, rev: 0, ttlMs: 0, text: JSON.stringify(outcome) };
}

/** A hold that is named after its own record, which all are but those of a batch. */
function packHold(outcome: Accepted, clock: number): PackedOutcome {
  const { rev, fence, expiresAtClock, hold, late } = outcome.made;
  const plain = rev === undefined && fence === undefined && late === undefined && hold === `h${outcome.seq}`;
  if (!plain || expiresAtClock === undefined) return { tag: Tag.text, rev: 0, ttlMs: 0, text: JSON.stringify(outcome) };
  return { tag: Tag.holdTtl, rev: 0, ttlMs: expiresAtClock - clock, text: undefined };
}

export function unpackOutcome(columns: IdColumns, position: number, texts: ReadonlyMap<number, string>): Outcome {
  const seq = columns.seqs[position] as number;
  const rev = columns.revs[position] as number;
  const expiresAtClock = (columns.clocks[position] as number) + (columns.ttls[position] as number);
  const accepted = { ok: true, seq, duplicate: true } as const;
  switch (columns.tags[position]) {
    case Tag.plain:
      return { ...accepted, made: {} };
    case Tag.rev:
      return { ...accepted, made: { rev } };
    case Tag.revTtl:
      return { ...accepted, made: { rev, expiresAtClock } };
    case Tag.fenceTtl:
      return { ...accepted, made: { fence: rev, expiresAtClock } };
    case Tag.holdTtl:
      return { ...accepted, made: { hold: `h${seq}`, expiresAtClock } };
    default:
      return { ...(JSON.parse(texts.get(seq) ?? "{}") as Outcome), duplicate: true };
  }
}
