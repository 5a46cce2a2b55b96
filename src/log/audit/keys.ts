// Owns which keys count: the chain of a log's key notes, each signed by the key before, from the one that is trusted.
// Does not own checkpoints. Without a key kept outside, the chain can only be found to agree with itself.

import type { SignedCheckpoint } from "../checkpoint.ts";
import { signatureBy } from "../signed-note.ts";
import { keyNameOf, parseKeyNote, type NamedKey } from "../signing-keys.ts";
import type { Finding } from "./evidence.ts";

export interface KeyChain {
  readonly findings: readonly Finding[];
  /** Whether the key in charge of this size signed it. */
  readonly signed: (checkpoint: SignedCheckpoint) => boolean;
}

export function keyChain(board: string, notes: readonly string[], trusted: Buffer | undefined): KeyChain {
  const findings: Finding[] = [];
  const fault = (text: string): void => void findings.push({ kind: "key", text });
  const keys: NamedKey[] = [];
  for (const [i, text] of notes.entries()) {
    const key = parseKeyNote(text);
    const before = keys.at(-1);
    if (key === undefined || !key.note.text.startsWith(`${keyNameOf(board)} keys\n`)) {
      fault(`key note ${i + 1} cannot be read, or is of another board`);
    } else if (key.number !== i + 1 || key.from < (before?.from ?? 0) || (i === 0 && key.from !== 0)) {
      fault(`key note ${i + 1} is out of order`);
    } else if (before !== undefined && key.after?.equals(before.publicKey) !== true) {
      fault(`key note ${i + 1} does not follow the one before`);
    } else if (
      ![key, ...(before === undefined ? [] : [before])].every((one) => isSignedBy(board, key, one.publicKey))
    ) {
      fault(`key note ${i + 1} is not signed by its own key and the one before`);
    } else {
      keys.push(key);
      continue;
    }
    break;
  }
  const isTrusted = trusted === undefined || keys.some((key) => key.publicKey.equals(trusted));
  if (!isTrusted && notes.length > 0) fault("the key that you gave is none of this log's keys");
  // With no notes at all, the key alone is in charge.
  const lone = trusted === undefined ? undefined : { publicKey: trusted, from: 0 };
  const inCharge = isTrusted ? keys : lone === undefined ? [] : [lone];
  return {
    findings,
    signed: (checkpoint) => {
      const key = inCharge.findLast((one) => one.from < checkpoint.size) ?? inCharge[0];
      if (key === undefined) return false;
      return signatureBy(checkpoint.note, { name: checkpoint.origin, publicKey: key.publicKey }) === "signed";
    },
  };
}

const isSignedBy = (board: string, { note }: NamedKey, publicKey: Buffer): boolean =>
  signatureBy(note, { name: keyNameOf(board), publicKey }) === "signed";
