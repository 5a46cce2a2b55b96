// Owns what a verifier is given of one board, wherever it comes from, and what it says in the end.
// Does not own how it judges (verify).

import type { TreeHash } from "../merkle.ts";
import type { RawLine } from "./line.ts";
import type { LaterCheckpoint } from "./opening.ts";

export interface Evidence {
  readonly board: string;
  readonly epochs: readonly { readonly epoch: string; readonly firstSeq: number }[];
  /** Position of the first record that is there. */
  readonly from: number;
  /** Position of the last record that must be there; undefined where nothing says so. */
  readonly to: number | undefined;
  /** Hashes of the whole subtrees over the records before `from`. */
  readonly left: readonly TreeHash[];
  readonly keyNotes: readonly string[];
  readonly checkpoints: readonly { readonly text: string; readonly where: string; readonly size?: number }[];
  /** Leaf hashes from `from` on, as somebody noted them. Count only where they lead to a signed root. */
  readonly leaves: readonly TreeHash[];
  /** Checkpoints of more records than are here, with what leads from these to them. */
  readonly later: readonly LaterCheckpoint[];
  /** Written by retention: the log goes on behind it, and `later` is what says so. */
  readonly isArchive: boolean;
  readonly lines: AsyncIterable<RawLine>;
  /** What is wrong before a record is looked at. */
  readonly findings: readonly Finding[];
  /** What is no fault, but should be known. */
  readonly remarks: readonly string[];
}

export interface Finding {
  readonly kind:
    | "changed"
    | "removed"
    | "inserted"
    | "reordered"
    | "cut_off"
    | "damaged"
    | "checkpoint"
    | "key"
    | "time"
    | "digest";
  /** The record, where one can be named. */
  readonly seq?: number;
  readonly text: string;
}

export interface Report {
  readonly board: string;
  /** Position of the first record that was there to be looked at. */
  readonly from: number;
  /** Records that were looked at, and the position of the last one. */
  readonly records: number;
  readonly head: number;
  /** Position up to which checkpoints bear out every record. */
  readonly signedTo: number;
  /** Whether what bears it out was kept outside: a key or a checkpoint. */
  readonly anchored: boolean;
  readonly redacted: number;
  readonly erased: number;
  readonly digests: number;
  readonly findings: readonly Finding[];
  /** What is no fault, but should be known. */
  readonly remarks: readonly string[];
}

/** It could not be looked at: says nothing about the log. */
export class AuditError extends Error {
  override readonly name = "AuditError";
}
