// Owns the record: what the log keeps of a command, and the unit that the fold consumes.
// Does not own its bytes on disk (log/record-line). The envelope and the payload are apart (rule 16), so that a
// payload can be erased while the envelope, its hash and every proof over it stay.

import { z } from "zod";
import { commandSchema } from "./commands/command.ts";
import { type CommandId, nameSchema, type Seq } from "./names.ts";

/**
 * W3C Trace Context: the trace, and the span in it, that a command belongs to, as in a `traceparent` header without its
 * version and flags: 32 hex digits, a hyphen, 16 hex digits, in lower case.
 */
export const traceSchema = z.string().regex(/^[0-9a-f]{32}-[0-9a-f]{16}$/, "is no trace id and span id");

/** Who sent a command, and from where. */
export const originSchema = z.object({
  /** The agent, person or part that acts. */
  actor: z.string(),
  /** Where it came in: `http`, `socket`, `cli`, `system`, or `follow:<source>`. */
  source: z.string(),
  /** What the actor was allowed at that moment, as the edge resolved it (rule 2); left out where no edge was passed. */
  role: z.string().max(64).optional(),
  /** What it is part of, as the caller says. Not part of the command: a retry may come from another span (law L9). */
  trace: traceSchema.optional(),
  /** The task that it is done for, as the caller says. */
  task: nameSchema().optional(),
});

/** A command on its way to the log: everything but the position, which the log gives. */
export const draftSchema = originSchema.extend({
  /** Wall time in ms, for display only (rule 4). */
  at: z.number(),
  /** Board clock in ms: never goes back, never dragged along by a jumped wall clock (rule 4). */
  clock: z.number().int(),
  /** Empty where the caller gave none: then nobody can ask again, and the fold remembers nothing for it. */
  id: z.custom<CommandId>((value) => typeof value === "string"),
  command: commandSchema,
});

/** A draft that is in the log. */
export const logRecordSchema = draftSchema.extend({
  seq: z.custom<Seq>((value) => Number.isSafeInteger(value) && (value as number) > 0),
  /** Salted SHA-256 of the payload, base64url. Equal for a retry with the same actor, id and content (law L9). */
  hash: z.string(),
  /**
   * Its values were erased (rule 17), and `command` holds only what was left: `done` for a record that the fold judges by
   * that, `refused` for one of which the fold must also believe that its content was refused.
   */
  erased: z.enum(["done", "refused"]).optional(),
});

export type Origin = Readonly<z.infer<typeof originSchema>>;
export type Draft = Readonly<z.infer<typeof draftSchema>>;
export type LogRecord = Readonly<z.infer<typeof logRecordSchema>>;

/** Who was allowed, and what it belongs to: members that came after the record was frozen. */
export type Links = Pick<Draft, "role" | "trace" | "task">;

/**
 * The same object with the members that are there (`exactOptionalPropertyTypes`), put in one after the other. Hot: for
 * every command, more than once; spreading them in costs several times as much.
 */
export function withLinks<T extends object>(
  target: T,
  { role, trace, task }: { readonly [M in keyof Links]?: Links[M] | undefined },
): T & Links {
  const linked: T & { -readonly [M in keyof Links]: Links[M] } = target;
  if (role !== undefined) linked.role = role;
  if (trace !== undefined) linked.trace = trace;
  if (task !== undefined) linked.task = task;
  return linked;
}
