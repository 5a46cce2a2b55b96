// Owns the file in which a log is handed to an auditor: what bears it out first, then the log's own lines, byte for byte.
// Does not own the verdict. Lines of evidence come first, so that a file that was cut off is missed by what it promised.

import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { CRC_PREFIX_BYTES, checkedLineOf, objectOfLine, writePrefix } from "../checked-line.ts";
import { base64OfHash, hashOf, parseCheckpoint } from "../checkpoint.ts";
import { nodeDisk } from "../disk.ts";
import { createFrontier, HASH_BYTES, wholeSubtrees, type TreeHash } from "../merkle.ts";
import { envelopeRange } from "../record-line.ts";
import { base64Of } from "../signed-note.ts";
import { evidenceOfBoard, linesOfFile } from "./data-dir.ts";
import { AuditError, type Evidence, type Finding } from "./evidence.ts";
import { readLine, type RawLine } from "./line.ts";

const EXPORT_FORMAT = 1;
const LEAVES_PER_LINE = 512;

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
  const from = options.from ?? 1;
  const to = Math.min(options.to ?? head, head);
  if (from > to)
    throw new AuditError(`the log has the records 1 to ${head}: none from ${from} to ${options.to ?? head}`);
  const before = createFrontier();
  for (const leaf of leaves.slice(0, from - 1)) before.add(leaf);
  if (before.size < from - 1) throw new AuditError("the hashes of the records before are not all there");

  const evidence: Buffer[] = found.keyNotes.map((key) => checkedLineOf({ key }));
  for (const { text } of found.checkpoints) {
    const size = parseCheckpoint(text)?.size ?? 0;
    if (size >= from && size <= to) evidence.push(checkedLineOf({ checkpoint: text }));
  }
  const own = leaves.slice(from - 1, to);
  for (let at = 0; at < own.length; at += LEAVES_PER_LINE) {
    const some = Buffer.from(own.slice(at, at + LEAVES_PER_LINE).join(""), "latin1");
    evidence.push(checkedLineOf({ leaves: some.toString("base64") }));
  }
  const { epochs } = found;
  const left = before.subtrees.map(base64OfHash);
  yield checkedLineOf({ export: EXPORT_FORMAT, board, epochs, from, to, left, evidence: sumOf(evidence) });
  yield* evidence;

  let inRange = from === 1;
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
  let head = 0;
  let inLine: TreeHash[] = [];
  for await (const raw of found.lines) {
    const line = readLine(raw);
    if (line.seq === head + 1) head = line.seq;
    if (line.leaf !== undefined) inLine.push(line.leaf);
  }
  const signed = found.checkpoints.reduce((most, { text }) => Math.max(most, parseCheckpoint(text)?.size ?? 0), 0);
  if (found.leaves.length >= Math.min(signed, head) && found.leaves.length > 0) {
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

const sumOf = (lines: readonly Buffer[]): string => {
  const sum = createHash("sha256");
  for (const line of lines) sum.update(line);
  return sum.digest("base64url");
};

const RECORD_OPENS = new Set(['"cut"', '"env"']);

/** What an export file says, damage included. Throws AuditError where it is none of ours. */
export async function evidenceOfExport(path: string): Promise<Evidence> {
  const lines = linesOfFile(nodeDisk, path);
  const first = await lines.next();
  const opening = first.done === true ? "" : first.value.bytes.toString("latin1", 0, 8);
  if (first.done === true || opening !== '{"crc":"') throw new AuditError(`${path} is no export of a log`);
  const findings: Finding[] = [];
  const header = headerOf(objectOfLine(first.value.bytes, 0, first.value.bytes.length));
  if (header === undefined) findings.push({ kind: "damaged", text: `${path}, line 1: the export's header is damaged` });
  const keyNotes: string[] = [];
  const checkpoints: { text: string; where: string }[] = [];
  const leaves: TreeHash[] = [];
  const sum = createHash("sha256");
  let record: RawLine | undefined;
  for (;;) {
    const step = await lines.next();
    if (step.done === true) break;
    const { bytes, where } = step.value;
    if (RECORD_OPENS.has(bytes.toString("latin1", CRC_PREFIX_BYTES, CRC_PREFIX_BYTES + 5))) {
      record = step.value;
      break;
    }
    sum.update(bytes).update("\n");
    const said = objectOfLine(bytes, 0, bytes.length);
    const noted = said === undefined ? undefined : leavesOf(said["leaves"]);
    if (typeof said?.["key"] === "string") keyNotes.push(said["key"]);
    else if (typeof said?.["checkpoint"] === "string") checkpoints.push({ text: said["checkpoint"], where });
    else if (noted === undefined)
      findings.push({ kind: "damaged", text: `${where}: a damaged line before the records` });
    else for (const leaf of noted) leaves.push(leaf);
  }
  if (header !== undefined && header.evidence !== sum.digest("base64url")) {
    findings.push({
      kind: "damaged",
      text: `${path}: the lines before the records are not those that its header names`,
    });
  }
  const { board = "", epochs = [], from = 1, to, left = [] } = header ?? {};
  return { board, epochs, from, to, left, keyNotes, checkpoints, leaves, findings, lines: restOf(record, lines) };
}

async function* restOf(first: RawLine | undefined, rest: AsyncGenerator<RawLine, void>): AsyncGenerator<RawLine, void> {
  if (first === undefined) return;
  yield first;
  yield* rest;
}

interface Header {
  readonly board: string;
  readonly epochs: Evidence["epochs"];
  readonly from: number;
  readonly to: number;
  readonly left: readonly TreeHash[];
  readonly evidence: unknown;
}

function headerOf(said: Readonly<Record<string, unknown>> | undefined): Header | undefined {
  if (said === undefined || said["export"] !== EXPORT_FORMAT) return undefined;
  const { board, epochs, from, to, left, evidence } = said;
  const hashes = Array.isArray(left) ? left.map((one) => (typeof one === "string" ? hashOf(one) : undefined)) : [];
  const isStart = (one: unknown): boolean =>
    typeof one === "object" &&
    one !== null &&
    "epoch" in one &&
    "firstSeq" in one &&
    Number.isSafeInteger(one.firstSeq);
  if (typeof board !== "string" || !Array.isArray(epochs) || !epochs.every(isStart)) return undefined;
  if (!isPosition(from) || !isPosition(to) || !hashes.every((one) => one !== undefined)) return undefined;
  if (hashes.length !== wholeSubtrees(from - 1).length) return undefined;
  return { board, epochs: epochs as Evidence["epochs"], from, to, left: hashes, evidence };
}

const isPosition = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) > 0;

function leavesOf(text: unknown): TreeHash[] | undefined {
  const bytes = typeof text === "string" ? base64Of(text) : undefined;
  if (bytes === undefined || bytes.length % HASH_BYTES !== 0) return undefined;
  const leaves: TreeHash[] = [];
  for (let at = 0; at < bytes.length; at += HASH_BYTES)
    leaves.push(bytes.toString("latin1", at, at + HASH_BYTES) as TreeHash);
  return leaves;
}
