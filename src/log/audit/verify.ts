// Owns the verdict on one board's records: whether they are, in this order, what was signed, and if not, which is not.
// Does not own where the evidence lies (data-dir, export) or the fold, which is passed in. Never throws for bad evidence.
// Bounded by the number of records: some hundred bytes for each, never their content.

import { originOf, parseCheckpoint, type SignedCheckpoint } from "../checkpoint.ts";
import { createFrontier, type TreeHash } from "../merkle.ts";
import type { Evidence, Finding, Report } from "./evidence.ts";
import { keyChain } from "./keys.ts";
import { readLine, type ReadLine } from "./line.ts";
import { orderFindings, type Placed } from "./order.ts";

export interface Outside {
  /** 32 bytes of a public key that the auditor kept. */
  readonly publicKey?: Buffer;
  /** A checkpoint that the auditor kept. */
  readonly checkpoint?: SignedCheckpoint;
  /** Further ones. Each of them must be of this log, and the log must go on from it. */
  readonly checkpoints?: readonly SignedCheckpoint[];
}

/** The fold, to compare states with what checkpoints say of them. */
export interface Replay {
  /** Take the record of a sound line. */
  apply(line: Buffer): void;
  digest(): string;
}

/** A checkpoint that is in order as far as it goes by itself. */
interface Usable extends SignedCheckpoint {
  readonly where: string;
}

export async function verify(evidence: Evidence, outside: Outside, replay?: Replay): Promise<Report> {
  const { board, epochs, from, left, leaves } = evidence;
  const findings: Finding[] = [...evidence.findings];
  const remarks: string[] = [];
  const chain = keyChain(board, evidence.keyNotes, outside.publicKey);
  findings.push(...chain.findings);
  const kept = [...(outside.checkpoint === undefined ? [] : [outside.checkpoint]), ...(outside.checkpoints ?? [])];
  const anchored = outside.publicKey !== undefined || kept.length > 0;

  const usable: Usable[] = [];
  const consider = (checkpoint: SignedCheckpoint | undefined, where: string, isKept: boolean): void => {
    const fault = (why: string): void => void findings.push({ kind: "checkpoint", text: `${where}: ${why}` });
    if (checkpoint === undefined) return fault("it is damaged");
    const index = epochs.findIndex(({ epoch }) => originOf(board, epoch) === checkpoint.origin);
    if (index < 0) return fault(`it is of another log, ${checkpoint.origin}`);
    const cut = (epochs[index + 1]?.firstSeq ?? Infinity) - 1;
    if (checkpoint.size > cut) {
      const text = `history was cut off after record ${cut}: ${where} signed ${checkpoint.size} records`;
      return void findings.push({ kind: "cut_off", seq: cut + 1, text });
    }
    if (!chain.signed(checkpoint)) {
      fault("it is not signed by the key of this log");
      if (!isKept) return;
    }
    usable.push({ ...checkpoint, where });
  };
  for (const { text, where, size } of evidence.checkpoints) {
    const checkpoint = parseCheckpoint(text);
    consider(size === undefined || size === checkpoint?.size ? checkpoint : undefined, where, false);
  }
  for (const [i, one] of kept.entries()) {
    consider(one, kept.length === 1 ? "the checkpoint that was kept" : `the kept checkpoint ${i + 1}`, true);
  }
  const keptRoots = new Set(kept.map((one) => one.root));
  usable.sort((a, b) => a.size - b.size);

  // What was noted of the leaves is true as far as it leads to a signed root.
  const noted = createFrontier({ size: from - 1, subtrees: left });
  const notedRoots = rootsAt(noted, leaves, usable);
  const anchors =
    anchored && outside.publicKey === undefined ? usable.filter((one) => keptRoots.has(one.root)) : usable;
  const borneOut = anchors.findLast((one) => one.size >= from && notedRoots.get(one.size) === one.root);
  const known = borneOut?.size ?? from - 1;
  const trueLeaf = (at: number): TreeHash | undefined => (at >= from && at <= known ? leaves[at - from] : undefined);
  const trueAt = new Map<TreeHash, number>();
  for (let at = from; at <= known; at++) trueAt.set(trueLeaf(at) as TreeHash, at);

  // The records, one by one.
  const placed: Placed[] = [];
  const inLine: TreeHash[] = [];
  const digests = new Map<number, string>();
  const wanted = new Set(usable.filter((one) => one.digest !== undefined).map((one) => one.size));
  let folding = from === 1 && replay !== undefined;
  let redacted = 0;
  /** Of the lines that are in order: the last place, and the latest clock. */
  let [lastPlace, clock] = [from - 1, 0];
  let unread: number | undefined;
  for await (const raw of evidence.lines) {
    const line = readLine(raw);
    const place = placeOf(line, trueAt, known);
    // Where a line stands is kept only if there may be something to say about it: there are millions of the others.
    const where = place === lastPlace + 1 ? "" : ` (${line.where})`;
    placed.push({ place, claim: line.seq, problem: line.problem, where });
    if (line.leaf !== undefined) inLine.push(line.leaf);
    if (place === undefined) {
      folding = false;
      continue;
    }
    if (line.redacted) {
      redacted++;
      folding = false;
    }
    // The board's clock never goes back (rule 4). A line that is out of its place says nothing about that.
    if (place > lastPlace && line.clock !== undefined) {
      if (line.clock < clock) {
        const text = `the board's clock goes back at record ${place}: from ${clock} to ${line.clock}`;
        findings.push({ kind: "time", seq: place, text });
      }
      clock = Math.max(clock, line.clock);
    }
    lastPlace = Math.max(lastPlace, place);
    if (!folding || replay === undefined) continue;
    if (place !== from + placed.length - 1) folding = false;
    else {
      try {
        replay.apply(line.bytes);
        if (wanted.has(place)) digests.set(place, replay.digest());
      } catch (error) {
        folding = false;
        unread = place;
        findings.push({ kind: "damaged", seq: place, text: `record ${place} cannot be replayed: ${String(error)}` });
      }
    }
  }

  const head = Math.max(from - 1, from + placed.length - 1);
  let last = from - 1;
  for (const { place, claim } of placed) last = Math.max(last, place ?? Math.min(claim ?? 0, head));
  const signedSize = usable.at(-1)?.size ?? 0;
  const to = evidence.to ?? Math.max(last, signedSize);
  const disorder = orderFindings(placed, from, to);
  findings.push(...disorder);

  // Roots: of the records as they are, or where something is wrong with them, of what is known to be true.
  const sound = disorder.length === 0 && inLine.length === placed.length;
  const roots = rootsAt(createFrontier({ size: from - 1, subtrees: left }), sound ? inLine : leaves, usable);
  let signedTo = 0;
  let borneTo = from - 1;
  for (const one of usable) {
    const root = roots.get(one.size);
    if (root === one.root) {
      borneTo = one.size;
      signedTo = one.size;
    } else if (root !== undefined && sound) {
      const which =
        borneTo + 1 === one.size ? `record ${one.size}` : `one of the records ${borneTo + 1} to ${one.size}`;
      const text = `${one.where}: its root is not that of the first ${one.size} records: ${which} was changed, or the checkpoint is of another history`;
      findings.push({ kind: "checkpoint", seq: borneTo + 1, text });
    } else if (root !== undefined) {
      findings.push({ kind: "checkpoint", text: `${one.where}: its root does not go with the others` });
    } else if (one.size >= from && sound && one.size > to) {
      const text = `the log was cut off after record ${to}: ${one.where} signed ${one.size} records`;
      findings.push({ kind: "cut_off", seq: to + 1, text });
    } else if (one.size < from) {
      remarks.push(`${one.where} covers only records before ${from}: nothing here goes by it`);
    }
  }
  for (const one of usable) {
    const digest = digests.get(one.size);
    if (digest !== undefined && digest !== one.digest) {
      const text = `${one.where}: replaying the records to ${one.size} gives another state than was signed`;
      findings.push({ kind: "digest", seq: one.size, text });
    }
  }
  if (redacted > 0)
    remarks.push(`${redacted} redacted records: their envelopes verify, their content cannot be looked at`);
  if (wanted.size > digests.size && replay !== undefined && unread === undefined && disorder.length === 0) {
    remarks.push(
      `${wanted.size - digests.size} signed states were not compared: not all records before them are there`,
    );
  }
  return {
    board,
    records: placed.length,
    head: last,
    signedTo: findings.length === 0 ? signedTo : Math.min(signedTo, firstOf(findings) - 1),
    anchored,
    redacted,
    digests: digests.size,
    findings,
    remarks,
  };
}

/** Where a line belongs: where its leaf is, if it is one of those that were signed; behind them, where it says. */
function placeOf(line: ReadLine, trueAt: ReadonlyMap<TreeHash, number>, known: number): number | undefined {
  if (line.problem !== undefined || line.leaf === undefined) return undefined;
  return trueAt.get(line.leaf) ?? (line.seq !== undefined && line.seq > known ? line.seq : undefined);
}

/** Roots at the sizes of checkpoints that so many leaves reach. */
function rootsAt(
  frontier: ReturnType<typeof createFrontier>,
  leaves: readonly TreeHash[],
  checkpoints: readonly SignedCheckpoint[],
): ReadonlyMap<number, TreeHash> {
  const sizes = new Set(checkpoints.map(({ size }) => size));
  const roots = new Map<number, TreeHash>();
  if (sizes.has(frontier.size)) roots.set(frontier.size, frontier.root());
  for (const leaf of leaves) {
    frontier.add(leaf);
    if (sizes.has(frontier.size)) roots.set(frontier.size, frontier.root());
  }
  return roots;
}

const firstOf = (findings: readonly Finding[]): number => {
  let first = Infinity;
  for (const { seq } of findings) if (seq !== undefined && seq < first) first = seq;
  return first === Infinity ? 1 : first;
};
