// Owns reading an export or an archive back as evidence, damage included. Does not own making one (export, archive/) or
// the verdict (verify).

import { createHash } from "node:crypto";
import { linesOfCompressed } from "../archive/archive-files.ts";
import { CRC_PREFIX_BYTES, objectOfLine } from "../checked-line.ts";
import { hashOf } from "../checkpoint.ts";
import { nodeDisk, readFully } from "../disk.ts";
import { HASH_BYTES, wholeSubtrees, type TreeHash } from "../merkle.ts";
import { base64Of } from "../signed-note.ts";
import { AuditError, type Evidence, type Finding } from "./evidence.ts";
import { linesOfFile } from "./file-lines.ts";
import type { RawLine } from "./line.ts";
import { EXPORT_FORMAT, type LaterCheckpoint } from "./opening.ts";

const RECORD_OPENS = new Set(['"cut"', '"env"']);

/** What an export file says, damage included. Throws AuditError where it is none of ours. */
export async function evidenceOfExport(path: string): Promise<Evidence> {
  const lines = (await isCompressed(path)) ? unpacked(path) : linesOfFile(nodeDisk, path);
  const first = await lines.next();
  const opening = first.done === true ? "" : first.value.bytes.toString("latin1", 0, 8);
  if (first.done === true || opening !== '{"crc":"') throw new AuditError(`${path} is no export of a log`);
  const findings: Finding[] = [];
  const header = headerOf(objectOfLine(first.value.bytes, 0, first.value.bytes.length));
  if (header === undefined) findings.push({ kind: "damaged", text: `${path}, line 1: the export's header is damaged` });
  const keyNotes: string[] = [];
  const checkpoints: { text: string; where: string }[] = [];
  const leaves: TreeHash[] = [];
  const later: LaterCheckpoint[] = [];
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
    else if (typeof said?.["later"] === "string") later.push({ text: said["later"], proof: hashesIn(said["proof"]) });
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
  const { board = "", epochs = [], from = 1, to, left = [], isArchive = false } = header ?? {};
  const rest = restOf(record, lines);
  return {
    board,
    epochs,
    from,
    to,
    left,
    keyNotes,
    checkpoints,
    leaves,
    later,
    isArchive,
    findings,
    remarks: [],
    lines: rest,
  };
}

async function isCompressed(path: string): Promise<boolean> {
  const fd = await nodeDisk.open(path, "read");
  try {
    const magic = Buffer.alloc(2);
    return (await readFully(nodeDisk, fd, magic, 0, 0)) === 2 && magic[0] === 0x1f && magic[1] === 0x8b;
  } finally {
    await nodeDisk.close(fd);
  }
}

async function* unpacked(path: string): AsyncGenerator<RawLine, void> {
  for await (const { bytes, where } of linesOfCompressed(path)) {
    yield {
      bytes: bytes ?? Buffer.alloc(0),
      where: bytes === undefined ? `${where}: its compressed form is damaged` : where,
    };
  }
}

const hashesIn = (said: unknown): TreeHash[] =>
  (Array.isArray(said) ? said : []).flatMap((one) => (typeof one === "string" ? (hashOf(one) ?? []) : []));

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
  readonly isArchive: boolean;
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
  const isArchive = said["archive"] === true;
  return { board, epochs: epochs as Evidence["epochs"], from, to, left: hashes, isArchive, evidence };
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
