// Owns what can be proven of one board's log: its tree, which follows the log at its own pace, its checkpoints and proofs.
// Does not own when a checkpoint is due (engine/notary). Appends never wait for any of this.
// Invariant: no checkpoint is signed of a tree that does not go on from the newest one; the records under it are durable.

import { checkpointText, originOf, proofText } from "./checkpoint.ts";
import { newestCheckpoint, writeCheckpoint } from "./checkpoint-files.ts";
import type { Disk } from "./disk.ts";
import { consistencyProof, inclusionProof, leafHashOf, rootOfInclusion, type TreeHash } from "./merkle.ts";
import { envelopeRange } from "./record-line.ts";
import type { LineRun } from "./segment-scan.ts";
import { signNote, verifierTextOf } from "./signed-note.ts";
import { openSigningKey } from "./signing-keys.ts";
import { openTreeFile, type TreeFile } from "./tree-file.ts";

/** Leaves that are held until the tree takes them. Beyond, it reads the lines back. */
const MOST_HELD = 200_000;
/** Leaves that are added in one turn of the event loop: some milliseconds. */
const LEAVES_PER_TURN = 4000;

export interface BoardProofs {
  /** Lines became durable: their leaves are at hand when the tree wants them. Never waits, and may be left out. */
  note(firstSeq: number, lines: Buffer, envelopes: readonly number[]): void;
  /** The key that checkpoints are signed with, as the text that verifiers take. */
  verifierKey(): Promise<string>;
  /** Sign the log up to a durable position, unless that is done. `digest` is of the state there, if it is known. */
  sign(seq: number, digest?: string): Promise<void>;
  /** The newest checkpoint's text. */
  checkpoint(): Promise<string | undefined>;
  /** Proof of a record under the newest checkpoint; undefined where it is not under it. */
  record(seq: number): Promise<string | undefined>;
  /** That the first `from` records are the beginning of the first `to`; undefined where there are not so many in the tree. */
  consistency(from: number, to: number): Promise<readonly TreeHash[] | undefined>;
  close(): Promise<void>;
}

export interface BoardProofsOptions {
  readonly disk: Disk;
  readonly boardFolder: string;
  readonly board: string;
  readonly epoch: string;
  /** Lines of durable records, in order; the first run may begin earlier. */
  readonly lines: (from: number, until: number) => AsyncIterable<{ readonly run: LineRun }>;
  readonly head: () => number;
  /** Told of every checkpoint once it is in its file, and once of the one that was there before. Must not throw. */
  readonly onCheckpoint?: ((note: string) => void) | undefined;
}

export function createBoardProofs(options: BoardProofsOptions): BoardProofs {
  const { disk, boardFolder, board, epoch } = options;
  const folder = `${boardFolder}/checkpoints`;
  const origin = originOf(board, epoch);
  let opening: Promise<TreeFile> | undefined;
  let last: Promise<unknown> = Promise.resolve();

  /** One at a time, in order. */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = last.then(work);
    last = turn.catch(() => undefined);
    return turn;
  };

  const newest = () => newestCheckpoint(disk, folder, origin);

  const openTree = async (): Promise<TreeFile> => {
    const known = (await newest())?.checkpoint;
    if (known !== undefined && known.size > options.head()) {
      throw new Error(`the log ends at record ${options.head()}, but a checkpoint of ${known.size} records was signed`);
    }
    const tree = await openTreeFile({ disk, folder: `${boardFolder}/tree`, epoch, known });
    if (known === undefined || known.size === 0) return tree;
    const restored = tree.size > 0;
    await follow(tree, known.size);
    // Restored hashes are as signed; that the log's last record there is still the same tells of a tail that was lost.
    const isSame = restored ? await isLeaf(tree, known.size) : (await tree.rootAt(known.size)) === known.root;
    if (isSame) return tree;
    throw new Error(`the log is not the one of which a checkpoint of ${known.size} records was signed`);
  };

  /** The tree; what stood in its way is looked at again the next time. */
  const theTree = (): Promise<TreeFile> => {
    opening ??= openTree().catch((error: unknown) => {
      opening = undefined;
      throw error;
    });
    return opening;
  };

  const isLeaf = async (tree: TreeFile, seq: number): Promise<boolean> => {
    let leaf: TreeHash | undefined;
    for await (const { run } of options.lines(seq, seq)) for (const one of leavesOf(run, seq, seq)) leaf = one;
    return leaf === (await tree.hashAt({ level: 0, index: seq - 1 }));
  };

  let held: TreeHash[] = [];
  let heldFrom = 1;

  const note: BoardProofs["note"] = (firstSeq, lines, envelopes) => {
    if (firstSeq !== heldFrom + held.length || held.length > MOST_HELD) {
      held = [];
      heldFrom = firstSeq;
    }
    for (let i = 0; i < envelopes.length; i += 2) held.push(leafHashOf(lines, envelopes[i], envelopes[i + 1]));
  };

  /** Let the tree grow to a durable position: with the leaves that are held, and before them by reading lines back. */
  const follow = async (tree: TreeFile, until: number): Promise<void> => {
    const isHeld = heldFrom <= until;
    await readBack(tree, isHeld ? heldFrom - 1 : until);
    while (tree.size < until) {
      const from = tree.size + 1 - heldFrom;
      const some = held.slice(from, Math.min(from + LEAVES_PER_TURN, until + 1 - heldFrom));
      // Dropped meanwhile, because too many were held.
      if (from < 0 || some.length === 0) return readBack(tree, until);
      tree.add(some);
      await tree.flush(false);
    }
    if (!isHeld || until + 1 < heldFrom) return;
    held = held.slice(until + 1 - heldFrom);
    heldFrom = until + 1;
  };

  const readBack = async (tree: TreeFile, until: number): Promise<void> => {
    if (tree.size >= until) return;
    for await (const { run } of options.lines(tree.size + 1, until)) {
      tree.add(leavesOf(run, tree.size + 1, until));
      await tree.flush(false);
    }
  };

  if (options.onCheckpoint !== undefined) {
    // It may have been signed a moment before a crash.
    const { onCheckpoint } = options;
    void inTurn(async () => {
      const signed = await newest();
      if (signed !== undefined) onCheckpoint(signed.text);
    }).catch(() => undefined);
  }

  return {
    note,
    verifierKey: () =>
      inTurn(async () => verifierTextOf({ ...(await openSigningKey(disk, boardFolder, board)), name: origin })),
    sign: (seq, digest) =>
      inTurn(async () => {
        const signed = await newest();
        const tree = await theTree();
        if ((signed?.checkpoint.size ?? 0) >= seq) return;
        await follow(tree, seq);
        // The tree first: a start trusts it as far as the newest checkpoint goes.
        await tree.flush(true);
        const key = await openSigningKey(disk, boardFolder, board);
        const text = checkpointText({
          origin,
          size: seq,
          root: await tree.rootAt(seq),
          ...(digest === undefined ? {} : { digest }),
        });
        const note = signNote(text, { ...key, name: origin });
        await writeCheckpoint(disk, folder, seq, note);
        options.onCheckpoint?.(note);
      }),
    checkpoint: () => inTurn(async () => (await newest())?.text),
    record: (seq) =>
      inTurn(async () => {
        const signed = await newest();
        if (signed === undefined || seq > signed.checkpoint.size || seq < 1) return undefined;
        const { size, root } = signed.checkpoint;
        const tree = await theTree();
        const hashes = await inclusionProof(seq - 1, size, tree.hashAt);
        let line: Buffer | undefined;
        for await (const { run } of options.lines(seq, seq)) line = lineIn(run, seq) ?? line;
        const range = line === undefined ? undefined : envelopeRange(line, 0, line.length);
        const leaf = line === undefined || range === undefined ? undefined : leafHashOf(line, ...range);
        if (leaf === undefined || rootOfInclusion(leaf, seq - 1, size, hashes) !== root) {
          // Built anew the next time.
          opening = undefined;
          await disk.removeTree(`${boardFolder}/tree`);
          throw new Error(`the tree's file is damaged at record ${seq}; it is built anew`);
        }
        return proofText({
          index: seq - 1,
          hashes,
          checkpoint: signed.text,
          ...(line === undefined ? {} : { extra: line }),
        });
      }),
    consistency: (from, to) =>
      inTurn(async () => {
        const tree = await theTree();
        if (from > to || to > options.head()) return undefined;
        await follow(tree, to);
        return consistencyProof(from, to, tree.hashAt);
      }),
    close: async () => {
      await last;
    },
  };
}

function* leavesOf({ buffer, starts, firstSeq }: LineRun, from: number, until: number): Generator<TreeHash, void> {
  const lines = Math.min(starts.length - 1, until - firstSeq + 1);
  for (let i = Math.max(0, from - firstSeq); i < lines; i++) {
    const range = envelopeRange(buffer, starts[i] ?? 0, (starts[i + 1] ?? 0) - 1);
    if (range === undefined) throw new Error(`record ${firstSeq + i} is of an unknown form`);
    yield leafHashOf(buffer, ...range);
  }
}

function lineIn({ buffer, starts, firstSeq }: LineRun, seq: number): Buffer | undefined {
  const start = starts[seq - firstSeq];
  const end = starts[seq - firstSeq + 1];
  return start === undefined || end === undefined ? undefined : Buffer.from(buffer.subarray(start, end - 1));
}
