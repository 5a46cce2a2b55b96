// Owns the lines that open an export or an archive: its header, and what bears out the records that follow.
// Does not own where they come from, or reading them back (export).

import { createHash } from "node:crypto";
import { checkedLineOf } from "../checked-line.ts";
import { base64OfHash } from "../checkpoint.ts";
import type { TreeHash } from "../merkle.ts";
import type { Evidence } from "./evidence.ts";

export const EXPORT_FORMAT = 1;
const LEAVES_PER_LINE = 512;

/** A checkpoint of more records than are here, and that the ones up to here are the beginning of it (RFC 6962, 2.1.2). */
export interface LaterCheckpoint {
  readonly text: string;
  readonly proof: readonly TreeHash[];
}

export interface OpeningFacts extends Pick<Evidence, "board" | "epochs" | "from" | "left" | "keyNotes" | "leaves"> {
  readonly to: number;
  readonly checkpoints: readonly string[];
  readonly later?: LaterCheckpoint | undefined;
  /** Written by retention: the log goes on, and says so by `later`. */
  readonly isArchive?: boolean;
}

export function openingOf(facts: OpeningFacts): Buffer[] {
  const { board, epochs, from, to, later } = facts;
  const evidence: Buffer[] = facts.keyNotes.map((key) => checkedLineOf({ key }));
  for (const checkpoint of facts.checkpoints) evidence.push(checkedLineOf({ checkpoint }));
  if (later !== undefined) evidence.push(checkedLineOf({ later: later.text, proof: later.proof.map(base64OfHash) }));
  for (let at = 0; at < facts.leaves.length; at += LEAVES_PER_LINE) {
    const some = Buffer.from(facts.leaves.slice(at, at + LEAVES_PER_LINE).join(""), "latin1");
    evidence.push(checkedLineOf({ leaves: some.toString("base64") }));
  }
  const left = facts.left.map(base64OfHash);
  const kind = facts.isArchive === true ? { archive: true } : {};
  const header = { export: EXPORT_FORMAT, ...kind, board, epochs, from, to, left, evidence: sumOf(evidence) };
  return [checkedLineOf(header), ...evidence];
}

const sumOf = (lines: readonly Buffer[]): string => {
  const sum = createHash("sha256");
  for (const line of lines) sum.update(line);
  return sum.digest("base64url");
};
