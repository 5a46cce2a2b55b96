// Owns the payload text of a record: the command with its JSON texts lifted out, so that they stay byte for byte.
// Does not own the line around it (record-line). Equal commands give equal bytes: the hash depends on it (law L9).

import {
  TEXT_MEMBER,
  type Batch,
  type Command,
  type CommandOf,
  type JsonText,
  type SingleCommand,
} from "../protocol/index.ts";

/** A command as text, and the raw texts that its numbers point at. */
export interface PayloadParts {
  /** The command as JSON; each text member holds its index into `texts`. */
  readonly cmd: string;
  /** Length of `cmd` in UTF-8 bytes. */
  readonly cmdBytes: number;
  readonly texts: readonly string[];
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

// Keys and ids are nearly always plain; the test is far cheaper than JSON.stringify.
const PLAIN = /^[ !#-[\]-~]*$/;

/** Whether a string is ASCII and stands in JSON as it is. */
export const isPlain = (text: string): boolean => PLAIN.test(text);

/** A string as a JSON string token. */
export function quoted(text: string): string {
  return isPlain(text) ? `"${text}"` : JSON.stringify(text);
}

/** Split a command into what is parsed on replay and what is only sliced. */
export function payloadPartsOf(command: Command): PayloadParts {
  const texts: string[] = [];
  const cmd = command.type === "batch" ? batchText(command, texts) : commandText(command, texts);
  // Counting bytes makes V8 join the pieces of the text: a plain key spares that.
  const isAscii = command.type === "entry.put" && command.by === undefined && isPlain(command.key);
  return { cmd, cmdBytes: isAscii ? cmd.length : Buffer.byteLength(cmd), texts };
}

function batchText({ commands }: Batch, texts: string[]): string {
  let list = "";
  for (const single of commands) list += (list === "" ? "" : ",") + commandText(single, texts);
  return `{"type":"batch","commands":[${list}]}`;
}

function commandText(command: SingleCommand, texts: string[]): string {
  if (command.type === "entry.put") return putText(command, texts);
  const member = TEXT_MEMBER[command.type];
  if (member === undefined) return JSON.stringify(command);
  const text = (command as unknown as Record<string, unknown>)[member];
  if (typeof text !== "string") return JSON.stringify(command);
  texts.push(text);
  return JSON.stringify({ ...command, [member]: texts.length - 1 });
}

/** The hot path, spliced by hand; the order of members is fixed. */
function putText(command: CommandOf<"entry.put">, texts: string[]): string {
  texts.push(command.value);
  let text = `{"type":"entry.put","key":${quoted(command.key)},"value":${texts.length - 1}`;
  if (command.ttlMs !== undefined) text += `,"ttlMs":${command.ttlMs}`;
  if (command.if !== undefined) text += `,"if":${JSON.stringify(command.if)}`;
  if (command.by !== undefined) text += `,"by":${quoted(command.by)}`;
  if (command.at !== undefined) text += `,"at":${command.at}`;
  return `${text}}`;
}

/** Put the texts back into a parsed `cmd`. Changes and returns that object, which nobody else has seen yet. */
export function commandOf(cmd: unknown, texts: readonly string[]): Command {
  const command = cmd as Command;
  if (command.type === "batch") for (const single of command.commands) restoreText(single, texts);
  else restoreText(command, texts);
  return command;
}

function restoreText(command: SingleCommand, texts: readonly string[]): void {
  const member = TEXT_MEMBER[command.type];
  if (member === undefined) return;
  const members = command as unknown as Record<string, unknown>;
  const index = members[member];
  if (typeof index === "number") members[member] = texts[index];
}

const PUT_OPEN = Buffer.from('{"type":"entry.put","key":"', "latin1");
const PUT_CLOSE = Buffer.from('","value":0}', "latin1");

/** The commonest command, a put without conditions under a plain key, read without JSON.parse; else undefined. */
export function plainPutOf(from: Buffer, start: number, end: number, value: string | undefined): Command | undefined {
  const keyStart = start + PUT_OPEN.length;
  const keyEnd = end - PUT_CLOSE.length;
  if (value === undefined || keyEnd <= keyStart) return undefined;
  for (let i = 0; i < PUT_OPEN.length; i++) if (from[start + i] !== PUT_OPEN[i]) return undefined;
  for (let i = 0; i < PUT_CLOSE.length; i++) if (from[keyEnd + i] !== PUT_CLOSE[i]) return undefined;
  if (plainEnd(from, keyStart) !== keyEnd) return undefined;
  return { type: "entry.put", key: from.toString("latin1", keyStart, keyEnd), value: value as JsonText };
}

/** Where the string that begins at `start` ends, or -1 where it holds an escape or more than ASCII. */
export function plainEnd(from: Buffer, start: number): number {
  for (let at = start; ; at++) {
    const unit = from[at] ?? BACKSLASH;
    if (unit === QUOTE) return at;
    if (unit === BACKSLASH || unit >= 0x80) return -1;
  }
}
