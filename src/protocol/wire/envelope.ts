// Owns the JSON-RPC 2.0 envelopes of a session (docs/protocol.md, W-CONN-3, W-CMD-4): requests, notifications, answers, pushes.
// Does not own what is in them (up.ts, down.ts). The server reads and writes envelopes as text, so these only describe them.

import { z } from "zod";
import { problemSchema } from "../problem.ts";
import { PUSHES, RESULTS } from "./down.ts";
import { ackSchema, commandRequestSchema, UP } from "./up.ts";

const jsonrpc = z.literal("2.0");

export const requestIdSchema = z
  .union([z.number(), z.string().max(64)])
  .describe("The client's name for a request; its answer has the same.");

const request = <M extends string, P extends z.ZodType>(method: M, params: P) =>
  z.object({ jsonrpc, id: requestIdSchema, method: z.literal(method), params });
const notification = <M extends string, P extends z.ZodType>(method: M, params: P) =>
  z.object({ jsonrpc, method: z.literal(method), params });
const answer = <R extends z.ZodType>(result: R) => z.object({ jsonrpc, id: requestIdSchema, result });

/** What a client sends, by method. */
export const CLIENT_MESSAGES = {
  subscribe: request("subscribe", UP.subscribe),
  window: request("window", UP.window),
  unsubscribe: request("unsubscribe", UP.unsubscribe),
  command: request("command", commandRequestSchema),
  authenticate: request("authenticate", UP.authenticate),
  ping: request("ping", UP.ping).partial({ params: true }),
  ack: notification("ack", ackSchema),
} as const;

/** Answers to requests, by the request's method: only the id says which request one answers. */
export const ANSWERS = {
  subscribe: answer(RESULTS.subscribe),
  window: answer(RESULTS.window),
  unsubscribe: answer(RESULTS.unsubscribe),
  command: answer(RESULTS.command),
  authenticate: answer(RESULTS.authenticate),
  ping: answer(RESULTS.ping),
} as const;

/** A refused request: -32601 `unknown_method`, -32602 `bad_request`, -32000 any other code. */
export const errorAnswerSchema = z.object({
  jsonrpc,
  id: requestIdSchema,
  error: z.object({ code: z.number().int(), message: z.string(), data: problemSchema }),
});

/** Pushes in their envelopes, by method. */
export const SERVER_PUSHES = {
  welcome: notification("welcome", PUSHES.welcome),
  sync: notification("sync", PUSHES.sync),
  beat: notification("beat", PUSHES.beat),
  drain: notification("drain", PUSHES.drain),
} as const;

export const clientMessageSchema = z.discriminatedUnion("method", [
  CLIENT_MESSAGES.subscribe,
  CLIENT_MESSAGES.window,
  CLIENT_MESSAGES.unsubscribe,
  CLIENT_MESSAGES.command,
  CLIENT_MESSAGES.authenticate,
  CLIENT_MESSAGES.ping,
  CLIENT_MESSAGES.ack,
]);

export const serverMessageSchema = z.union([
  SERVER_PUSHES.welcome,
  SERVER_PUSHES.sync,
  SERVER_PUSHES.beat,
  SERVER_PUSHES.drain,
  ANSWERS.subscribe,
  ANSWERS.window,
  ANSWERS.unsubscribe,
  ANSWERS.command,
  ANSWERS.authenticate,
  ANSWERS.ping,
  errorAnswerSchema,
]);
