// Owns what a rule says of one command, and what it needs to know of the record around it.
// A rule first decides, then changes: after `refused` nothing has changed.

import type { Change, Code, Detail, LogRecord, Made } from "../../protocol/index.ts";

export type Verdict =
  | { readonly ok: true; readonly made: Made }
  | { readonly ok: false; readonly code: Code; readonly detail: Detail | undefined };

/** One command's place: the record it came in, and where in its batch. */
export interface Step {
  readonly record: LogRecord;
  /** The board clock: that of the record, or of an earlier one if that was ahead. */
  readonly clock: number;
  /** Commitment to this command: the record's hash, told apart within a batch. */
  readonly hash: string;
  /** What has changed so far; rules add to it. */
  readonly changes: Change[];
}

const NOTHING: Verdict = { ok: true, made: {} };

export const accepted = (made?: Made): Verdict => (made === undefined ? NOTHING : { ok: true, made });

export const refused = (code: Code, detail?: Detail): Verdict => ({ ok: false, code, detail });

/** The followed source that a record speaks for, or undefined. */
export const followedSource = (record: LogRecord): string | undefined =>
  record.source.startsWith("follow:") ? record.source : undefined;
