// Owns the line of a record whose values were erased (rule 17, ADR 0010): what is left of it, and how that is read back.
// Does not own lines that are whole (record-line) or the files that they lie in (erasure).
// Invariant: an erased line is as long as the one that it replaces, so that every place that anyone knows stays true.

import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { type Command, type JsonText, type LogRecord, membersOf, type SingleCommand } from "../protocol/index.ts";
import { CRC_PREFIX_BYTES, writePrefix } from "./checked-line.ts";
import { payloadPartsOf } from "./payload.ts";
import { envelopeRange } from "./envelope.ts";

export type ErasedOutcome = NonNullable<LogRecord["erased"]>;

const OPEN = ',"erased":"';
const DONE = Buffer.from(`${OPEN}done"`, "latin1");
const REFUSED = Buffer.from(`${OPEN}refused"`, "latin1");
const PAYLOAD_OPEN = Buffer.from(',"payload":', "latin1");
const CMD_OPEN = '{"cmd":'.length;
const SPACE = 0x20;

// What stands for an erased text: never longer than any text of its kind.
const GONE = "0" as JsonText;
const GONE_OBJECT = "{}" as JsonText;
const SHOWN = "null" as JsonText;

const singlesOf = (command: Command): readonly SingleCommand[] =>
  command.type === "batch" ? command.commands : [command];

/** The keys whose values a command holds; empty where there is nothing that could be erased. */
export function erasableKeys(command: Command): string[] {
  const keys = singlesOf(command).flatMap((single) =>
    single.type === "entry.put" || single.type === "entry.merge" ? [single.key] : [],
  );
  return [...new Set(keys)];
}

/** A command without its entries' values. Of a patch it stays known whether it is an object: only that decides what it does. */
function without(command: SingleCommand): SingleCommand {
  if (command.type === "entry.put") return { ...command, value: GONE };
  if (command.type !== "entry.merge") return command;
  return { ...command, patch: membersOf(command.patch) === undefined ? GONE : GONE_OBJECT };
}

/** As readers are told of it: null for every value. */
export function shownOf(command: Command): Command {
  const shown = (single: SingleCommand): SingleCommand =>
    single.type === "entry.put" ? { ...single, value: SHOWN } : single;
  return command.type === "batch" ? { ...command, commands: command.commands.map(shown) } : shown(command);
}

export interface ErasedLine {
  /** The whole line, without its newline. */
  readonly line: Buffer;
  /** SHA-256 in base64url of what it holds behind the envelope: what `record.erase` commits to. */
  readonly left: string;
}

/** The line that takes a record's place. `line` is without its newline, and `command` is what it holds. */
export function eraseLine(line: Buffer, command: Command, outcome: ErasedOutcome): ErasedLine {
  const range = envelopeRange(line, 0, line.length);
  if (range === undefined) throw new RangeError("a record of an unknown form");
  const [envStart, envEnd] = range;
  const erased: Command =
    command.type === "batch" ? { ...command, commands: command.commands.map(without) } : without(command);
  const { cmd, cmdBytes, texts } = payloadPartsOf(erased);
  const cuts = [envEnd - envStart, cmdBytes, ...texts.map((text) => Buffer.byteLength(text))];
  const opening = Buffer.concat([
    Buffer.from(`"cut":[${cuts.join(",")}],"env":`, "latin1"),
    line.subarray(envStart, envEnd),
    outcome === "done" ? DONE : REFUSED,
  ]);
  const payload = Buffer.from(`,"payload":{"cmd":${cmd},"texts":[${texts.join(",")}]}}`, "utf8");
  const made = Buffer.alloc(line.length, SPACE);
  const spare = line.length - CRC_PREFIX_BYTES - opening.length - payload.length;
  if (spare < 0) throw new RangeError("what is left of a record is longer than the record");
  opening.copy(made, CRC_PREFIX_BYTES);
  payload.copy(made, line.length - payload.length);
  writePrefix(made, 0, crc32(made.subarray(CRC_PREFIX_BYTES)));
  const leftAt = CRC_PREFIX_BYTES + opening.length - (outcome === "done" ? DONE : REFUSED).length;
  return { line: made, left: leftOf(made, leftAt, made.length) };
}

/** The commitment to what a line holds from behind its envelope to its end. */
export const leftOf = (from: Buffer, envEnd: number, end: number): string =>
  createHash("sha256").update(from.subarray(envEnd, end)).digest("base64url");

/**
 * What stands behind the envelope of an erased line: its outcome, and where its command begins.
 * Throws RangeError for anything else.
 */
export function erasureOf(from: Buffer, envEnd: number): { outcome: ErasedOutcome; payloadAt: number } {
  const outcome = startsAt(from, envEnd, DONE) ? "done" : startsAt(from, envEnd, REFUSED) ? "refused" : undefined;
  if (outcome === undefined) throw new RangeError("a record that holds neither a salt nor an erasure");
  let at = envEnd + (outcome === "done" ? DONE : REFUSED).length;
  while (from[at] === SPACE) at++;
  if (!startsAt(from, at, PAYLOAD_OPEN)) throw new RangeError("an erased record without what is left of it");
  return { outcome, payloadAt: at + PAYLOAD_OPEN.length + CMD_OPEN };
}

/** Whether what stands behind an envelope is an erasure. */
export const isErasedAt = (from: Buffer, envEnd: number): boolean =>
  startsAt(from, envEnd, DONE) || startsAt(from, envEnd, REFUSED);

function startsAt(from: Buffer, at: number, piece: Buffer): boolean {
  return from.subarray(at, at + piece.length).equals(piece);
}
