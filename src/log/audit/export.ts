// Owns the file in which a log is handed to an auditor: what bears it out first, then the log's own lines, byte for byte.
// Does not own the verdict, or reading such a file (export-reader). Lines of evidence come first, so that a file that was
// cut off is missed by what it promised.

import { crc32 } from "node:zlib";
import { CRC_PREFIX_BYTES, writePrefix } from "../checked-line.ts";
import { parseCheckpoint } from "../checkpoint.ts";
import { createFrontier, type TreeHash } from "../merkle.ts";
import { envelopeRange } from "../envelope.ts";
import { evidenceOfBoard } from "./data-dir.ts";
import { AuditError, type Evidence } from "./evidence.ts";
import { readLine } from "./line.ts";
import { openingOf } from "./opening.ts";

export interface ExportOptions {
  readonly from?: number;
  readonly to?: number;
  /** Whose content is left out: only their envelopes go into the file. */
  readonly redact?: (seq: number) => boolean;
}

/** The pieces of an export file, in order. */
export async function* exportBoard(
  dir: string,
  board: string,
  options: ExportOptions = {},
): AsyncGenerator<Buffer, void> {
  const found = await evidenceOfBoard(dir, board);
  if (found.epochs.length === 0) throw new AuditError(`${dir} holds no log of the board ${board}`);
  const { head, leaves } = await survey(found);
  const from = options.from ?? found.from;
  const to = Math.min(options.to ?? head, head);
  if (from > to || from < found.from) {
    const gone = found.from > 1 ? `, as retention took what was before` : "";
    throw new AuditError(
      `the log has the records ${found.from} to ${head}${gone}: not all from ${from} to ${options.to ?? head}`,
    );
  }
  const before = createFrontier({ size: found.from - 1, subtrees: found.left });
  for (const leaf of leaves.slice(0, from - found.from)) before.add(leaf);
  if (before.size < from - 1) throw new AuditError("the hashes of the records before are not all there");

  yield* openingOf({
    board,
    epochs: found.epochs,
    from,
    to,
    left: before.subtrees,
    keyNotes: found.keyNotes,
    checkpoints: found.checkpoints
      .map(({ text }) => text)
      .filter((text) => {
        const size = parseCheckpoint(text)?.size ?? 0;
        return size >= from && size <= to;
      }),
    leaves: leaves.slice(from - found.from, to + 1 - found.from),
  });

  let inRange = from === found.from;
  for await (const raw of (await evidenceOfBoard(dir, board)).lines) {
    const { seq } = readLine(raw);
    // A line that cannot be read goes along with its neighbours: it is for the verifier to name.
    if (seq !== undefined) inRange = seq >= from && seq <= to;
    if (!inRange) continue;
    const isHidden = seq !== undefined && options.redact?.(seq) === true;
    yield isHidden ? redacted(raw.bytes) : Buffer.concat([raw.bytes, Buffer.of(0x0a)]);
  }
}

/** Where the log ends, and its leaves: those of its tree file, or where that is not there, of its lines. */
async function survey(found: Evidence): Promise<{ head: number; leaves: readonly TreeHash[] }> {
  let head = found.from - 1;
  let inLine: TreeHash[] = [];
  for await (const raw of found.lines) {
    const line = readLine(raw);
    if (line.seq === head + 1) head = line.seq;
    if (line.leaf !== undefined) inLine.push(line.leaf);
  }
  const signed = found.checkpoints.reduce((most, { text }) => Math.max(most, parseCheckpoint(text)?.size ?? 0), 0);
  const noted = found.from - 1 + found.leaves.length;
  if (noted >= Math.min(signed, head) && found.leaves.length > 0) {
    inLine = [...found.leaves, ...inLine.slice(found.leaves.length)];
  }
  return { head, leaves: inLine };
}

/** Only the envelope of a line. */
function redacted(line: Buffer): Buffer {
  const range = envelopeRange(line, 0, line.length);
  if (range === undefined) return Buffer.concat([line, Buffer.of(0x0a)]);
  const rest = Buffer.concat([Buffer.from('"env":'), line.subarray(...range), Buffer.from("}")]);
  const made = Buffer.concat([Buffer.alloc(CRC_PREFIX_BYTES), rest, Buffer.of(0x0a)]);
  writePrefix(made, 0, crc32(rest));
  return made;
}
