// Owns the texts that prove something about a log: checkpoints (C2SP tlog-checkpoint) and single files that prove one
// record (C2SP tlog-proof). Does not own signatures (signed-note) or the tree (merkle).
// Our one extension line, `state <digest>`, is auditable: whoever replays the log to the size gets that digest.

import { base64Of, parseNote, type SignedNote } from "./signed-note.ts";
import { treeHashOf, type TreeHash } from "./merkle.ts";

export interface Checkpoint {
  /** Which log: `swarmboard/<board>/<epoch>`. */
  readonly origin: string;
  /** Records under it: those at the positions 1 to `size`. */
  readonly size: number;
  readonly root: TreeHash;
  /** Digest of the state after `size` records, 64 hex digits. */
  readonly digest?: string;
}

export interface SignedCheckpoint extends Checkpoint {
  readonly note: SignedNote;
}

export const originOf = (board: string, epoch: string): string => `swarmboard/${board}/${epoch}`;

export const base64OfHash = (hash: TreeHash): string => Buffer.from(hash, "latin1").toString("base64");

/** The note's text, to be signed. */
export function checkpointText({ origin, size, root, digest }: Checkpoint): string {
  return `${origin}\n${size}\n${base64OfHash(root)}\n${digest === undefined ? "" : `state ${digest}\n`}`;
}

/** Read a signed checkpoint; undefined where it has not the form of one. Its signatures are not checked. */
export function parseCheckpoint(text: string): SignedCheckpoint | undefined {
  const note = parseNote(text);
  if (note === undefined) return undefined;
  const [origin = "", size = "", root = "", ...extensions] = note.text.slice(0, -1).split("\n");
  const count = countOf(size);
  const hash = hashOf(root);
  if (origin === "" || count === undefined || hash === undefined || extensions.includes("")) return undefined;
  const digest = extensions.map((line) => /^state ([0-9a-f]{64})$/.exec(line)?.[1]).find((one) => one !== undefined);
  return { origin, size: count, root: hash, ...(digest === undefined ? {} : { digest }), note };
}

/**
 * The checkpoints of a file that holds one or many, one after another (an anchor file). What is none, such as a note that a crash cut
 * off, is counted and passed over.
 */
export function parseCheckpoints(text: string): {
  readonly checkpoints: readonly SignedCheckpoint[];
  readonly others: number;
} {
  const checkpoints: SignedCheckpoint[] = [];
  let others = 0;
  // Every log's name begins so, and no other line of a note does.
  for (const piece of text.split(/^(?=swarmboard\/)/m)) {
    if (piece.trim() === "") continue;
    const checkpoint = parseCheckpoint(`${piece.trimEnd()}\n`);
    if (checkpoint === undefined) others++;
    else checkpoints.push(checkpoint);
  }
  return { checkpoints, others };
}

/** One record's proof. */
export interface RecordProof {
  /** From 0: the position less one. */
  readonly index: number;
  readonly hashes: readonly TreeHash[];
  /** The signed checkpoint as it stands in its file. */
  readonly checkpoint: string;
  /** What is not under the signature: here, the record's line. */
  readonly extra?: Buffer;
}

const PROOF_TITLE = "c2sp.org/tlog-proof@v1";

export function proofText({ index, hashes, checkpoint, extra }: RecordProof): string {
  const lines = [
    PROOF_TITLE,
    ...(extra === undefined ? [] : [`extra ${extra.toString("base64")}`]),
    `index ${index}`,
    ...hashes.map(base64OfHash),
  ];
  return `${lines.join("\n")}\n\n${checkpoint}`;
}

/** Read a proof; undefined where it has not the form of one. Nothing of it is checked. */
export function parseProof(text: string): RecordProof | undefined {
  const end = text.indexOf("\n\n");
  if (end < 0) return undefined;
  const [title, ...lines] = text.slice(0, end).split("\n");
  if (title !== PROOF_TITLE) return undefined;
  const extraLine = lines[0]?.startsWith("extra ") === true ? lines.shift() : undefined;
  const extra = extraLine === undefined ? undefined : base64Of(extraLine.slice(6));
  const indexLine = lines.shift() ?? "";
  const index = indexLine.startsWith("index ") ? countOf(indexLine.slice(6)) : undefined;
  const hashes = lines.map(hashOf);
  if (index === undefined || !hashes.every((one) => one !== undefined)) return undefined;
  if (extraLine !== undefined && extra === undefined) return undefined;
  return { index, hashes, checkpoint: text.slice(end + 2), ...(extra === undefined ? {} : { extra }) };
}

function countOf(text: string): number | undefined {
  const count = Number(text);
  return /^(0|[1-9]\d{0,15})$/.test(text) && Number.isSafeInteger(count) ? count : undefined;
}

/** A hash in base64. */
export function hashOf(text: string): TreeHash | undefined {
  const bytes = base64Of(text);
  return bytes === undefined ? undefined : treeHashOf(bytes);
}
