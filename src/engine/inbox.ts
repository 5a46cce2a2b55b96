// Owns the commands that wait for the log: bounded in count and bytes (law L6), first in, first out.
// At the bound a command is refused with `overloaded`; nothing already taken is dropped.

import {
  type Command,
  commandId,
  type Draft,
  type Limits,
  type Outcome,
  type SingleCommand,
  TEXT_MEMBER,
  withLinks,
} from "../protocol/index.ts";
import type { Submission } from "./contract.ts";

export interface Waiting {
  readonly draft: Draft;
  readonly bytes: number;
  readonly resolve: (outcome: Outcome) => void;
}

/** Rough size of a command in memory: its texts and names, which is what grows. */
export function commandBytes(command: Command): number {
  switch (command.type) {
    case "entry.put":
      return 128 + command.key.length + command.value.length;
    case "entry.merge":
      return 128 + command.key.length + command.patch.length;
    case "batch":
      return command.commands.reduce((sum, each) => sum + commandBytes(each), 128);
    case "source.mark":
      return command.marks.reduce((sum, [name, value]) => sum + name.length + (value?.length ?? 0), 128);
    case "request.open":
    case "audit.note":
    case "task.report":
      return 8192 + (command.details?.length ?? 0);
    default:
      // Names and prose, at their usual longest.
      return 8192;
  }
}

/** What a record holds besides its command: checksum, cuts, envelope, salt; actor and id at their longest. */
const ENVELOPE_BYTES = 8192;

/**
 * Whether a command's record surely fits. Checked before the log sees it, because the log refuses a group as a whole.
 * Small commands are waved through by their rough size; only large ones are measured.
 */
function fitsRecord(command: Command, roughBytes: number, maxRecordBytes: number): boolean {
  const many = command.type === "batch" && command.commands.length > 100;
  if (!many && roughBytes * 6 + ENVELOPE_BYTES <= maxRecordBytes) return true;
  const singles = command.type === "batch" ? command.commands : [command];
  const bytes = singles.reduce((sum, single) => sum + lineBytes(single), ENVELOPE_BYTES);
  return bytes <= maxRecordBytes;
}

/** Bytes that one command takes in its record's line, with its text outside as it is written. */
function lineBytes(command: SingleCommand): number {
  const member = TEXT_MEMBER[command.type];
  const text = member === undefined ? undefined : (command as unknown as Record<string, unknown>)[member];
  if (member === undefined || typeof text !== "string") return Buffer.byteLength(JSON.stringify(command)) + 16;
  return Buffer.byteLength(JSON.stringify({ ...command, [member]: 0 })) + Buffer.byteLength(text) + 32;
}

export function refusalOfSize(command: Command, roughBytes: number, maxRecordBytes: number): Outcome | undefined {
  if (fitsRecord(command, roughBytes, maxRecordBytes)) return undefined;
  return { ok: false, code: "record_too_large", detail: { maxRecordBytes } };
}

/** What the engine itself sends. */
export const system = (command: Command): Submission => ({ actor: "system", source: "system", command });

/** A submission on its way to the log. */
export function draftOf(submission: Submission, { at, clock }: Pick<Draft, "at" | "clock">): Draft {
  const { actor, source, id, command } = submission;
  // No id: nobody can ask again, so the fold remembers nothing.
  return withLinks({ at, clock, actor, source, id: id ?? commandId(""), command }, submission);
}

/** One group for the log: small enough that folding it does not hold the event loop for more than some ms. */
const MAX_GROUP_COMMANDS = 1024;
const MAX_GROUP_BYTES = 4 * 1_048_576;

export class Inbox {
  #waiting: Waiting[] = [];
  #from = 0;
  #bytes = 0;
  readonly #limits: Limits;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  get length(): number {
    return this.#waiting.length - this.#from;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** False when full. One command is always taken by an empty inbox, so that a large one cannot starve. */
  offer(waiting: Waiting): boolean {
    if (this.length >= this.#limits.maxInboxCommands) return false;
    if (this.length > 0 && this.#bytes + waiting.bytes > this.#limits.maxInboxBytes) return false;
    this.#waiting.push(waiting);
    this.#bytes += waiting.bytes;
    return true;
  }

  /** The next group, in order; empty when nothing waits. */
  take(): Waiting[] {
    let to = this.#from;
    let bytes = 0;
    while (to < this.#waiting.length && to - this.#from < MAX_GROUP_COMMANDS) {
      const next = this.#waiting[to] as Waiting;
      if (to > this.#from && bytes + next.bytes > MAX_GROUP_BYTES) break;
      bytes += next.bytes;
      to++;
    }
    const group = this.#waiting.slice(this.#from, to);
    this.#from = to;
    this.#bytes -= bytes;
    if (this.#from === this.#waiting.length) {
      this.#waiting = [];
      this.#from = 0;
    } else if (this.#from > 4096) {
      this.#waiting = this.#waiting.slice(this.#from);
      this.#from = 0;
    }
    return group;
  }
}
