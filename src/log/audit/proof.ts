// Owns checking the proof of one record (C2SP tlog-proof) offline. Does not own making one. Never throws.

import { parseCheckpoint, parseProof } from "../checkpoint.ts";
import { rootOfInclusion } from "../merkle.ts";
import { signatureBy } from "../signed-note.ts";
import { readLine } from "./line.ts";

export type ProofVerdict =
  | { readonly ok: true; readonly seq: number; readonly origin: string; readonly size: number; readonly line: Buffer }
  | { readonly ok: false; readonly why: string };

/** Whether a file proves that its record is in the log whose key is given. */
export function verifyProof(text: string, publicKey: Buffer): ProofVerdict {
  const refuse = (why: string): ProofVerdict => ({ ok: false, why });
  const proof = parseProof(text);
  if (proof === undefined) return refuse("it has not the form of a proof");
  const checkpoint = parseCheckpoint(proof.checkpoint);
  if (checkpoint === undefined) return refuse("its checkpoint is damaged");
  if (signatureBy(checkpoint.note, { name: checkpoint.origin, publicKey }) !== "signed") {
    return refuse("its checkpoint is not signed by the key that you gave");
  }
  if (proof.extra === undefined) return refuse("it does not hold the record");
  const { leaf, seq, problem } = readLine({ bytes: proof.extra, where: "the proof" });
  if (problem !== undefined || leaf === undefined)
    return refuse(`its record is not what was written: ${problem ?? ""}`);
  if (seq !== proof.index + 1) return refuse("its record is of another position");
  const { origin, size, root } = checkpoint;
  if (rootOfInclusion(leaf, proof.index, size, proof.hashes) !== root)
    return refuse("its hashes do not lead to the root");
  return { ok: true, seq, origin, size, line: proof.extra };
}
