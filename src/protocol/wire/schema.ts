// Owns the wire as JSON Schema: every shape of docs/protocol.md under a name, made from the zod schemas.
// Does not own the shapes. The server alone reads this: the public face leaves it out, so that no browser loads the generator.

import { z } from "zod";
import { callerCommandSchema } from "../commands/caller-command.ts";
import { madeSchema } from "../outcome.ts";
import { problemSchema } from "../problem.ts";
import { pollAnswerSchema, PUSHES, RESULTS } from "./down.ts";
import {
  ANSWERS,
  CLIENT_MESSAGES,
  clientMessageSchema,
  errorAnswerSchema,
  requestIdSchema,
  SERVER_PUSHES,
  serverMessageSchema,
} from "./envelope.ts";
import { filterSchema, filterShape, windowSchema } from "./filter.ts";
import { SUBPROTOCOL, WIRE_REVISION } from "./session-limits.ts";
import { commandRequestSchema, subscribeSchema, UP } from "./up.ts";
import {
  entryPatchSchema,
  wireAgentSchema,
  wireBudgetSchema,
  wireClaimSchema,
  wireEntrySchema,
  wireNoteSchema,
  wireRequestSchema,
  wireHoldSchema,
  wireAlertSchema,
  wirePauseSchema,
  wireSourceSchema,
  wireTaskSchema,
} from "./wire-items.ts";

export type JsonSchema = z.core.JSONSchema.JSONSchema;

/** `entry.put` → `EntryPut`. */
const pascal = (words: string): string => words.replace(/(?:^|\.)([a-z])/g, (_, first: string) => first.toUpperCase());

/** A batch and each command that may stand alone or in one. */
const commands = callerCommandSchema.options.map(
  (option) => [`${pascal(option.shape.type.value)}Command`, option] as const,
);

const named = (schemas: Readonly<Record<string, z.ZodType>>, suffix: string): (readonly [string, z.ZodType])[] =>
  Object.entries(schemas).map(([method, schema]) => [`${pascal(method)}${suffix}`, schema] as const);

const { ack, ...requests } = CLIENT_MESSAGES;

/** Every shape that has a name. What stands in another one is referred to there. */
const SHAPES: readonly (readonly [string, z.ZodType])[] = [
  ["ClientMessage", clientMessageSchema],
  ["ServerMessage", serverMessageSchema],
  ...named(requests, "Request"),
  ["AckNotification", ack],
  ...named(SERVER_PUSHES, "Push"),
  ...named(ANSWERS, "Answer"),
  ["ErrorAnswer", errorAnswerSchema],
  ["RequestId", requestIdSchema],
  ...named({ ...UP, command: commandRequestSchema, ...PUSHES }, "Params"),
  ...named(RESULTS, "Result"),
  ["PollAnswer", pollAnswerSchema],
  ["StreamOpen", pollAnswerSchema.shape.open],
  ["Filter", filterSchema],
  ["Window", windowSchema],
  ["Command", callerCommandSchema],
  ...commands,
  ["Made", madeSchema],
  ["Problem", problemSchema],
  ["EntryItem", wireEntrySchema],
  ["EntryPatchItem", entryPatchSchema],
  ["BudgetItem", wireBudgetSchema],
  ["AgentItem", wireAgentSchema],
  ["TaskItem", wireTaskSchema],
  ["RequestItem", wireRequestSchema],
  ["ClaimItem", wireClaimSchema],
  ["SourceItem", wireSourceSchema],
  ["HoldItem", wireHoldSchema],
  ["AlertItem", wireAlertSchema],
  ["PauseItem", wirePauseSchema],
  ["NoteItem", wireNoteSchema],
];

/** What the readers check beyond what zod's generator can see. */
function addUnseen(schema: unknown, made: JsonSchema): void {
  if (schema === filterSchema || schema === subscribeSchema) {
    made.anyOf = Object.keys(filterShape).map((stream) => ({ required: [stream] }));
  }
  // A command's unknown members are refused where its texts are cut out, before its schema sees it.
  if (commands.some(([, command]) => command === schema)) made.additionalProperties = false;
}

/**
 * All shapes by name. References begin with `refsBelow`.
 * `draft-7` is what AsyncAPI 3 takes without saying more.
 */
export function wireShapes(target: "draft-2020-12" | "draft-7", refsBelow: string): Record<string, JsonSchema> {
  const registry = z.registry<{ id?: string | undefined }>();
  for (const [id, schema] of SHAPES) registry.add(schema, { id });
  const { schemas } = z.toJSONSchema(registry, {
    target,
    // Both ways: what a sender may leave out is optional, and what a receiver does not know is allowed (W-VER-1).
    io: "input",
    // JSON text is any JSON on the wire, as in the OpenAPI document.
    unrepresentable: "any",
    uri: (id) => `${refsBelow}${id}`,
    override: ({ zodSchema, jsonSchema }) => addUnseen(zodSchema, jsonSchema),
  });
  const shapes: Record<string, JsonSchema> = {};
  for (const [name, { $schema: _, $id: __, ...shape }] of Object.entries(schemas)) shapes[name] = shape;
  return shapes;
}

/** One document of JSON Schema 2020-12: any message of a session, with every shape under `$defs`. */
export function wireSchema(): JsonSchema {
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    $id: `urn:swarmboard:wire:${SUBPROTOCOL}`,
    title: SUBPROTOCOL,
    description: `Any message of a session of ${SUBPROTOCOL}, revision ${WIRE_REVISION}. docs/protocol.md says what each means.`,
    anyOf: [{ $ref: "#/$defs/ClientMessage" }, { $ref: "#/$defs/ServerMessage" }],
    $defs: wireShapes("draft-2020-12", "#/$defs/"),
  };
}
