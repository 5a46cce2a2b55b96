// Owns the record: what the log keeps of a command, and the unit that the fold consumes.
// Does not own its bytes on disk (log/record-line). The envelope and the payload are apart (rule 16), so that a
// payload can be erased while the envelope, its hash and every proof over it stay.

import type { Command } from "./commands/command.ts";
import type { CommandId, Seq } from "./names.ts";

/** Who sent a command, from where, and on whose behalf. */
export interface Origin {
  /** The agent, person or part that acts. */
  readonly actor: string;
  /** Where it came in: `http`, `socket`, `cli`, `system`, or `follow:<source>`. */
  readonly source: string;
}

/** A command on its way to the log: everything but the position, which the log gives. */
export interface Draft extends Origin {
  /** Wall time in ms, for display only (rule 4). */
  readonly at: number;
  /** Board clock in ms: never goes back, never dragged along by a jumped wall clock (rule 4). */
  readonly clock: number;
  /** Empty where the caller gave none: then nobody can ask again, and the fold remembers nothing for it. */
  readonly id: CommandId;
  readonly command: Command;
}

/** A draft that is in the log. */
export interface LogRecord extends Draft {
  readonly seq: Seq;
  /** Salted SHA-256 of the payload, base64url. Equal for a retry with the same actor, id and content (law L9). */
  readonly hash: string;
}
